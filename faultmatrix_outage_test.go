package cloudwatch_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The network is gone for days: fewer events than the buffer holds, and more.
func TestFaultMatrixOutage(t *testing.T) {
	const fewer, more = 2500, 8000
	var rows []faultRow
	for _, policy := range []struct {
		name string
		cloudwatch.OnFull
	}{{"DropNewest", cloudwatch.DropNewest}, {"DropOldest", cloudwatch.DropOldest}, {"Block", cloudwatch.Block}} {
		for _, events := range []int{fewer, more} {
			rows = append(rows, faultRow{
				recipe: 27,
				fault:  fmt.Sprintf("no network for two days, %d events, %s", events, policy.name),
				opts:   cloudwatch.Options{LogStream: stream, BufferBytes: outageBuffer, OnFull: policy.OnFull},
				run:    func(c *faultScene) { c.networkGone(events, events == more) },
			})
		}
	}
	runFaults(t, rows)
}

const (
	outageBuffer  = 24 << 20
	outageLasts   = 48 * time.Hour
	outagePayload = 5000
	requestTakes  = 500 * time.Millisecond // at the endpoint, after the outage
)

func (c *faultScene) networkGone(events int, tooMany bool) {
	backlog, live := c.loggers[0], c.loggers[1]
	backlog.notes = make([]note, 0, events) // so that only the library can grow
	c.logs(live, 1, 0)
	c.settled(time.Minute)
	idle := heap()

	end := c.disturb(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	start, before := time.Now(), c.Stats()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range events {
			backlog.log(levels[i%4], time.Now(), payload(backlog, 0, outagePayload, i))
			time.Sleep(outageLasts * 9 / 10 / time.Duration(events))
		}
	}()
	var full int
	for time.Since(start) < outageLasts {
		time.Sleep(outageLasts / 12)
		c.checkNow()
		used := heap() - idle - cap(backlog.notes)*int(unsafe.Sizeof(note{}))
		if used > outageBuffer*(1+memorySlack)+memoryConstant && !raceEnabled {
			c.Errorf("after %v %d bytes are in use", time.Since(start), used)
		}
		if full == 0 && time.Since(start) >= outageLasts*10/12 {
			full = used
		}
		if growth := used - full; full != 0 && growth > outageBuffer/20 && !raceEnabled {
			c.Errorf("after %v %d bytes more are in use than before", time.Since(start), growth)
		}
	}
	c.wantFew(int64(outageLasts/(10*time.Second)), before)
	if s := c.Stats(); (s.PendingBytes > outageBuffer*3/4) != tooMany {
		c.Errorf("%d of %d bytes are pending", s.PendingBytes, outageBuffer)
	}

	atEnd := backlog.logged()
	c.inject(cloudwatchtest.Fault{Delay: requestTakes})
	end()
	first := c.Stats().Delivered
	for wait := time.Now(); c.Stats().Delivered == first; time.Sleep(10 * time.Millisecond) {
		if time.Since(wait) > time.Minute {
			c.Fatalf("nothing is delivered a minute after the outage: %s", figures(c.Stats()))
		}
	}
	drains := time.Now()
	called := c.logsOn(live, 300, 100*time.Millisecond)
	if c.opts.OnFull == cloudwatch.Block {
		<-done
	}
	c.wantDrained(backlog, atEnd, drains)
	c.wantPrompt(live, called)
	<-done
}

// logsOn logs n events at ERROR and returns when each was logged, by its number.
func (c *faultScene) logsOn(p *producer, n int, pause time.Duration) map[int]time.Time {
	called := make(map[int]time.Time)
	for range n {
		called[p.logged()] = time.Now()
		p.log(slog.LevelError, time.Now(), "live")
		time.Sleep(pause)
	}
	return called
}

// wantDrained checks that the events of a producer, up to the number given, were
// delivered at half the speed of the endpoint at least.
func (c *faultScene) wantDrained(p *producer, upTo int, since time.Time) {
	var bytes int
	last := since
	for _, e := range c.srv.Events(group, stream) {
		if producer, number, _, err := c.parse(e.Message); err == nil && producer == p.id && number < upTo && !e.IngestionTime.Before(since) {
			bytes += len(e.Message) + 26
			last = e.IngestionTime
		}
	}
	const request = 1 << 20
	ideal := time.Duration(float64(bytes) / request / 4 * float64(requestTakes)) // four at once
	took := last.Sub(since)
	c.Logf("%.1f MiB drained in %v, ideally in %v: %.0f %%", float64(bytes)/(1<<20), took, ideal.Round(time.Millisecond), 100*ideal.Seconds()/took.Seconds())
	if took > 2*ideal {
		c.Errorf("the backlog took %v to drain, ideally %v", took, ideal)
	}
}

// wantPrompt checks that none of the events waited for those before.
func (c *faultScene) wantPrompt(p *producer, called map[int]time.Time) {
	var longest time.Duration
	for _, e := range c.srv.Events(group, stream) {
		if producer, number, _, err := c.parse(e.Message); err == nil && producer == p.id && !called[number].IsZero() {
			longest = max(longest, e.IngestionTime.Sub(called[number]))
		}
	}
	c.Logf("a new event waited %v at most", longest)
	if most := 2*time.Second + requestTakes; longest > most {
		c.Errorf("a new event waited %v, want at most %v", longest, most)
	}
}
