package faulttest_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var outage = flag.Duration("outage", 6*time.Hour, "how long the network is gone where there is a spool")

// The network is gone for days: fewer events than the buffer holds, and more. With a
// spool the disk is looked at each 5 s, so a week takes minutes.
func TestFaultMatrixOutage(t *testing.T) {
	const fewer, more, muchMore = 1700, 5400, 8_000
	opts := func(policy cloudwatch.OnFull) cloudwatch.Options {
		return cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: outageBuffer, OnFull: policy}
	}
	refused := func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }
	spooled := func(direct bool) cloudwatch.Options {
		o := opts(cloudwatch.DropNewest)
		o.Spool = t.TempDir()
		o.SpoolOptions = cloudwatch.SpoolOptions{Direct: direct, RAM: testkit.RAMFileSystem(t), SyncEvery: time.Hour}
		return o
	}
	days := func(c *faultScene) {
		c.networkGone(testkit.BlackHole, *outage, muchMore, false)
		if s := c.Stats(); s.Dropped.Total() != 0 || s.AtRisk != 0 {
			c.Errorf("%d events were dropped, %d are at risk", s.Dropped.Total(), s.AtRisk)
		}
	}
	runFaults(t, []faultRow{
		{27, fmt.Sprintf("no network for %v, spool, hot", *outage), spooled(false), days},
		{27, fmt.Sprintf("no network for %v, spool, direct", *outage), spooled(true), days},
		{27, "no network for 36 hours, all fits into the buffer", opts(cloudwatch.DropNewest), func(c *faultScene) { c.networkGone(refused, outageLasts, fewer, false) }},
		{27, "no network for 36 hours, DropNewest", opts(cloudwatch.DropNewest), func(c *faultScene) { c.networkGone(testkit.BlackHole, outageLasts, more, true) }},
		{27, "no network for 36 hours, DropOldest", opts(cloudwatch.DropOldest), func(c *faultScene) { c.networkGone(testkit.BlackHole, outageLasts, more, true) }},
		{27, "no network for 36 hours, Block", opts(cloudwatch.Block), func(c *faultScene) { c.networkGone(testkit.BlackHole, outageLasts, more, true) }},
	})
}

const (
	outageBuffer  = 16 << 20
	outageLasts   = 36 * time.Hour
	outagePayload = 5000
	requestTakes  = 500 * time.Millisecond // at the endpoint, after the outage
)

func (c *faultScene) networkGone(network testkit.RoundTripper, lasts time.Duration, events int, tooMany bool) {
	backlog, live := c.loggers[0], c.loggers[1]
	backlog.notes = make([]note, 0, events) // so that only the library can grow
	c.logs(live, 1, 0)
	c.settled(time.Minute)
	idle := testkit.Heap()

	end := c.disturb(network)
	start, before := time.Now(), c.Stats()
	done := make(chan struct{})
	var logged atomic.Int64
	go func() {
		defer close(done)
		for i := range events {
			backlog.log(levels[i%4], time.Now(), payload(backlog, 0, outagePayload, i))
			logged.Add(1)
			time.Sleep(lasts * 9 / 10 / time.Duration(events))
		}
	}()
	var full int
	for time.Since(start) < lasts {
		time.Sleep(lasts / 6)
		c.checkNow()
		used := testkit.Heap() - idle - events*int(unsafe.Sizeof(note{}))
		if used > outageBuffer*(1+testkit.MemorySlack)+testkit.MemoryConstant && !testkit.RaceEnabled {
			c.Errorf("after %v %d bytes are in use", time.Since(start), used)
		}
		if full == 0 && time.Since(start) >= lasts*5/6 {
			full = used
		}
		if growth := used - full; full != 0 && growth > outageBuffer/20 && !testkit.RaceEnabled {
			c.Errorf("after %v %d bytes more are in use than before", time.Since(start), growth)
		}
	}
	c.wantFew(int64(lasts/(10*time.Second)), before)
	if s := c.Stats(); (s.PendingBytes > outageBuffer*3/4) != tooMany {
		c.Errorf("%d of %d bytes are pending", s.PendingBytes, outageBuffer)
	}

	atEnd := int(logged.Load())
	c.inject(cloudwatchtest.Fault{Delay: requestTakes})
	end()
	first := c.Stats().Delivered
	for wait := time.Now(); c.Stats().Delivered == first; time.Sleep(10 * time.Millisecond) {
		if time.Since(wait) > 4*time.Minute { // the request under way has its deadline still to come
			c.Fatalf("nothing is delivered four minutes after the outage: %s", figures(c.Stats()))
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
	for _, e := range c.srv.Events(testkit.Group, testkit.Stream) {
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
	for _, e := range c.srv.Events(testkit.Group, testkit.Stream) {
		if producer, number, _, err := c.parse(e.Message); err == nil && producer == p.id && !called[number].IsZero() {
			longest = max(longest, e.IngestionTime.Sub(called[number]))
		}
	}
	c.Logf("a new event waited %v at most", longest)
	if most := 2*time.Second + requestTakes; longest > most {
		c.Errorf("a new event waited %v, want at most %v", longest, most)
	}
}
