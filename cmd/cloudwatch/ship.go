package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// shipment is a writer, what feeds it, and everything that may end the two: the
// end of the input, a signal, trouble that will not go away.
type shipment struct {
	writer   *cloudwatch.Writer
	feed     *feed
	screen   *screen
	signals  <-chan os.Signal
	hopeless <-chan int // the exit code for trouble that will not go away

	timeout      time.Duration // for delivery after the end of the input; 0 = no limit
	drainTimeout time.Duration // for delivery after a signal
}

// hopelessGrace is for what can be delivered in spite of trouble that will not
// go away. The library tries once more within it.
const hopelessGrace = 1500 * time.Millisecond

// outcome is how a shipment ended.
type outcome struct {
	complete bool      // the end of the input was reached
	signal   os.Signal // the first one; nil if none came
	hopeless int       // see shipment; 0 if there was none
	took     time.Duration
	stats    cloudwatch.Stats
}

// run returns when everything is delivered or given up.
func (s *shipment) run() outcome {
	var o outcome
	began := time.Now()
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()

	ended := make(chan struct{})
	end := sync.OnceFunc(func() {
		go func() {
			defer close(ended)
			s.end(ctx)
		}()
	})
	endWithin := func(limit time.Duration) time.Time {
		time.AfterFunc(limit, giveUp)
		end()
		return time.Now().Add(limit)
	}

	status := newStatus(s.writer, s.feed)
	redraw := time.NewTicker(statusInterval)
	defer redraw.Stop()
	fed := s.feed.done
	for {
		select {
		case <-fed:
			fed, o.complete = nil, true
			if s.timeout > 0 {
				endWithin(s.timeout)
			} else {
				end()
			}
		case code := <-s.hopeless:
			// What has worked may work again; what never did in this run will
			// not start to.
			if s.writer.Stats().Delivered > 0 {
				s.screen.say("cloudwatch: it has worked before in this run, trying again")
			} else if o.hopeless == 0 {
				o.hopeless = code
				endWithin(hopelessGrace)
			}
		case sig := <-s.signals:
			if o.signal != nil {
				giveUp()
				continue
			}
			o.signal = sig
			status.draining = endWithin(s.drainTimeout)
			if left := s.writer.Stats().Pending; left > 0 {
				s.screen.say(fmt.Sprintf("cloudwatch: %s left to send, at most %v; Ctrl-C again to quit", events(left), s.drainTimeout))
			}
		case <-redraw.C:
			s.screen.show(status.line(time.Now()))
		case <-ended:
			s.screen.show("")
			o.took = time.Since(began)
			o.stats = s.writer.Stats()
			return o
		}
	}
}

// end stops reading and delivers what was read, until the context ends.
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
	_ = s.writer.Shutdown(ctx) // Stats has what it would tell
	<-stopped                  // the lines of a Write that was cut short are counted
}

// undelivered is the number of events that were read but not delivered in time.
func (o outcome) undelivered() int64 {
	return o.stats.Dropped.Undelivered + o.stats.Dropped.Closed
}

// lost is the number of events that were rejected or dropped. Blank lines are
// no loss.
func (o outcome) lost() int64 {
	d := o.stats.Dropped
	return o.stats.Rejected.Total() + d.BufferFull + d.Oversize + d.Unformatted
}

// code returns the exit code. What says most about why comes first.
func (o outcome) code(unread, retentionDenied bool) int {
	switch {
	case o.signal != nil:
		return exitSignal(o.signal)
	case o.hopeless != 0 && (!o.complete || o.undelivered() > 0):
		return o.hopeless
	case unread, o.undelivered() > 0:
		return exitFailed
	case o.lost() > 0:
		return exitLoss
	case retentionDenied:
		return exitDenied
	default:
		return exitDone
	}
}
