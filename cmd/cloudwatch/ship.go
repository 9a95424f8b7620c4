package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// shipper is the part of a cloudwatch.Writer that a shipment uses.
type shipper interface {
	Stats() cloudwatch.Stats
	Flush(context.Context) error
	Shutdown(context.Context) error
}

// shipment sends the input of a feed through a writer until the end of the input, a signal, or
// failures that last.
type shipment struct {
	writer  shipper
	feed    *feed
	screen  *screen
	signals <-chan os.Signal
	judge   *judge

	timeout      time.Duration // for delivery after the end of the input; 0: no limit
	drainTimeout time.Duration // for delivery after a signal
}

// lastGrace is the time for a last delivery after the run was given up.
const lastGrace = 500 * time.Millisecond

// outcome is how a shipment ended.
type outcome struct {
	complete bool       // all inputs were read to their end or to an error
	signal   os.Signal  // the first signal; nil if none arrived
	failure  *diagnosis // why the run was given up; nil if it was not
	took     time.Duration
	stats    cloudwatch.Stats
}

// run returns when everything is delivered or the run is given up.
func (s *shipment) run() outcome {
	var o outcome
	began := time.Now()
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()

	ended := make(chan struct{})
	ending := false
	end := func() {
		if !ending {
			ending = true
			go func() {
				defer close(ended)
				s.end(ctx)
			}()
		}
	}
	endWithin := func(limit time.Duration) time.Time {
		time.AfterFunc(limit, giveUp)
		end()
		return time.Now().Add(limit)
	}

	status := newStatus(s.writer, s.feed)
	redraw := time.NewTicker(statusInterval)
	defer redraw.Stop()
	var hurried sync.WaitGroup
	defer hurried.Wait()
	var hurrying chan struct{} // closed when the Flush that makes retries more frequent has returned
	fed := s.feed.done
	for {
		select {
		case <-fed:
			fed = nil
			if s.timeout > 0 {
				endWithin(s.timeout)
			} else {
				end()
			}
		case <-hurrying:
			hurrying = nil
		case sig := <-s.signals:
			if o.signal != nil {
				giveUp()
				continue
			}
			o.signal = sig
			status.draining = endWithin(s.drainTimeout)
			if left := s.writer.Stats().Pending; left > 0 {
				s.screen.say(fmt.Sprintf("cloudwatch: sending the remaining %s, for at most %v; press Ctrl-C again to quit", events(left), s.drainTimeout))
			}
		case <-redraw.C:
			s.screen.show(status.line(time.Now()))
			stats := s.writer.Stats()
			d, over := s.judge.look(&stats, stats.Delivered, s.feed.complete.Load())
			if over && o.failure == nil {
				o.failure = &d
				endWithin(lastGrace)
			}
			// A waiting Flush makes the library retry more often.
			if !ending && hurrying == nil && stats.Delivered == 0 && s.judge.failing() {
				c := make(chan struct{})
				hurrying = c
				hurried.Go(func() {
					defer close(c)
					_ = s.writer.Flush(ctx)
				})
			}
		case <-ended:
			giveUp()
			s.screen.show("")
			o.took = time.Since(began)
			o.stats = s.writer.Stats()
			o.complete = s.feed.complete.Load()
			return o
		}
	}
}

// end stops reading and delivers what was read, until ctx is done.
func (s *shipment) end(ctx context.Context) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.feed.stop()
	}()
	// A Write under way has lines that were read. It may go on for as long as
	// there is time.
	select {
	case <-stopped:
	case <-ctx.Done():
	}
	_ = s.writer.Shutdown(ctx) // Stats has the same information
	<-stopped                  // so that the lines of an interrupted Write are counted
}

// undelivered returns the number of events that were read but not delivered in time.
func (o outcome) undelivered() int64 {
	return o.stats.Dropped.Undelivered + o.stats.Dropped.Closed + o.stats.Pending
}

// lost returns the number of events that were rejected or dropped. Blank lines do not count.
func (o outcome) lost() int64 {
	d := o.stats.Dropped
	return o.stats.Rejected.Total() + d.Total() - d.Empty - d.Undelivered - d.Closed
}

// code returns the exit code; the most specific cause wins. retention is the code for a retention that
// could not be set. 0 means that everything was read and delivered.
func (o outcome) code(unread bool, retention int) int {
	unfinished := !o.complete || o.undelivered() > 0
	switch {
	case o.signal != nil:
		return exitSignal(o.signal)
	case unfinished && o.failure != nil:
		return o.failure.code()
	case unfinished, unread:
		return exitFailed
	case o.lost() > 0:
		return exitLoss
	}
	return retention
}
