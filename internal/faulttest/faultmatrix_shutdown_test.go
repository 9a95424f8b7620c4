package faulttest_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The program ends while delivery is in the middle of something.
func TestFaultMatrixShutdown(t *testing.T) {
	named := cloudwatch.Options{LogStream: testkit.Stream}
	inParallel := cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 256 << 10, OnFull: cloudwatch.DropOldest}
	put := func(f cloudwatchtest.Fault) cloudwatchtest.Fault { f.Operation = "PutLogEvents"; return f }
	asked := cloudwatchtest.Throttled()
	asked.RetryAfter = time.Minute
	runFaults(t, []faultRow{
		{41, "shutdown in a retry", named, func(c *faultScene) {
			c.inject(put(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}))
			c.logs(c.loggers[0], 30, time.Second)
			c.shutDown(30)
		}},
		{41, "shutdown while the network is a black hole", named, func(c *faultScene) {
			c.disturb(testkit.BlackHole)
			c.logs(c.loggers[0], 30, time.Second)
			c.shutDown(30)
		}},
		{41, "shutdown in a create that hangs", cloudwatch.Options{StartDelay: time.Second}, func(c *faultScene) {
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Hang: true})
			c.logs(c.loggers[0], 7, time.Second)
			c.shutDown(7)
		}},
		{41, "shutdown in a create that is denied", named, func(c *faultScene) {
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogStream", Error: cloudwatchtest.AccessDenied("CreateLogStream")})
			c.logs(c.loggers[0], 7, time.Second)
			c.shutDown(7)
		}},
		{41, "shutdown in a throttle with Retry-After", named, func(c *faultScene) {
			c.inject(put(cloudwatchtest.Fault{Error: asked}))
			c.logs(c.loggers[0], 7, time.Second)
			c.shutDown(7)
		}},
		{41, "shutdown in a throttle that is over", named, func(c *faultScene) {
			end := c.inject(put(cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()}))
			c.logs(c.loggers[0], 60, time.Second)
			end()
			c.shutDownWithin(10*time.Second, 0)
		}},
		{41, "shutdown in a search", named, func(c *faultScene) {
			c.batch(10)
			bad := c.poison(c.loggers[0].logged() + 333)
			c.inject(cloudwatchtest.Fault{Message: bad, Delay: time.Second, Error: refusal("InvalidParameterException")})
			c.inject(cloudwatchtest.Fault{Delay: time.Second})
			for range 1000 {
				c.loggers[0].log(slog.LevelInfo, time.Now(), "x")
			}
			time.Sleep(4*time.Second + 500*time.Millisecond)
			c.shutDown(-1)
		}},
		{41, "shutdown while events wait for a reason to be refused", named, func(c *faultScene) {
			c.batch(10)
			c.refuseAll = true
			c.inject(cloudwatchtest.Fault{Error: refusal("InvalidParameterException")})
			c.logs(c.loggers[0], 20, 20*time.Second)
			c.shutDown(20)
		}},
		{41, "shutdown in an announcement", inParallel, func(c *faultScene) {
			c.batch(10)
			end := c.inject(put(cloudwatchtest.Fault{Error: cloudwatchtest.InternalFailure()}))
			c.burst(0, 500, 1000, 0, slog.LevelError)
			time.Sleep(5 * time.Second)
			c.inject(cloudwatchtest.Fault{Hang: true, Message: func(m string) bool { return strings.Contains(m, "log events lost") }})
			end()
			time.Sleep(3 * time.Minute)
			if s := c.Stats(); s.Pending != 0 || s.Dropped.BufferFull == 0 || s.Announced != 0 {
				c.Errorf("want losses that are not told: %s", figures(s))
			}
			c.shutDown(0)
		}},
		{41, "shutdown with a backlog and several requests under way", cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 8 << 20}, func(c *faultScene) {
			c.batch(10)
			end := c.inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
			for i := range 1200 {
				c.loggers[0].log(slog.LevelError, time.Now(), payload(c.loggers[0], 0, 5000, i))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Minute)
			c.inject(cloudwatchtest.Fault{Delay: 2 * time.Second})
			end()
			for c.Stats().InFlight < 4 {
				time.Sleep(100 * time.Millisecond)
			}
			c.shutDown(-1)
		}},
		{41, "shutdown while answers are lost", named, func(c *faultScene) {
			c.batch(10)
			c.inject(put(cloudwatchtest.Fault{Cut: cloudwatchtest.CutAfter}))
			c.logs(c.loggers[0], 7, time.Second)
			c.shutDown(7)
		}},
		{41, "shutdown while events get another time", named, func(c *faultScene) {
			c.batch(10)
			c.inject(cloudwatchtest.Fault{Delay: 2 * time.Second})
			for i := range 100 {
				c.untimely.log(slog.LevelInfo, time.Now().Add(-time.Duration(10+i%9)*24*time.Hour), "old")
			}
			time.Sleep(time.Second + 500*time.Millisecond)
			c.shutDown(-1)
		}},
		{41, "shutdown with an HTTP client that ignores its context", named, func(c *faultScene) {
			c.batch(10)
			c.disturb(func(r *http.Request) (*http.Response, error) {
				time.Sleep(time.Hour)
				return nil, errors.New("too late")
			})
			c.logs(c.loggers[0], 7, time.Second)
			c.shutDown(7)
			time.Sleep(time.Hour)
		}},
	})
}

func (c *faultScene) shutDown(left int64) {
	c.Helper()
	c.shutDownWithin(3300*time.Millisecond, left)
}

// shutDownWithin has several callers shut down, of which the context of one ends
// after the time given. All must have the same answer then, which tells how many
// events are left: the number given, or some but not all for -1.
func (c *faultScene) shutDownWithin(patience time.Duration, left int64) {
	c.Helper()
	pending := c.Stats().Pending
	began := time.Now()
	c.cutShort = true
	c.closing.Store(true)
	answers := make(chan error)
	for i := range 5 {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience+time.Duration(i)*time.Second)
			defer cancel()
			answers <- c.Shutdown(ctx)
		}()
	}
	c.answer, c.closed = <-answers, true
	took := time.Since(began)
	for range 4 {
		if other := <-answers; other != c.answer {
			c.Errorf("two answers: %v and %v", c.answer, other)
		}
	}
	if all := time.Since(began); all != took {
		c.Errorf("one caller waited for %v, another one for %v", took, all)
	}
	if took > patience+time.Second {
		c.Errorf("took %v of %v", took, patience)
	}
	s := c.Stats()
	if lost := s.Dropped.Undelivered; left >= 0 && lost != left || left < 0 && (lost == 0 || lost == pending && lost > 10) {
		c.Errorf("%d events are left of %d, want %d", lost, pending, left)
	}
	c.Logf("took %v, %d of %d events are left", took, s.Dropped.Undelivered, pending)
	var undelivered *cloudwatch.UndeliveredError
	if c.answer != nil && (!errors.As(c.answer, &undelivered) || undelivered.Events != s.Dropped.Undelivered) {
		c.Errorf("got %#v", c.answer)
	}
}
