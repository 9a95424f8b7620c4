package faulttest_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The service refuses a request as a whole because of one event.
func TestFaultMatrixPoison(t *testing.T) {
	opts := cloudwatch.Options{LogStream: testkit.Stream}
	runFaults(t, []faultRow{
		{34, "one bad event among 10,000", opts, (*faultScene).oneBadEvent},
		{34, "three bad events among 10,000", opts, (*faultScene).threeBadEvents},
		{34, "many bad events", opts, (*faultScene).manyBadEvents},
		{34, "a bad event in a quiet program", opts, (*faultScene).lonelyBadEvent},
		{34, "everything is refused for an hour", opts, (*faultScene).everythingRefused},
		{34, "the record of a loss is refused", cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 256}, (*faultScene).recordRefused},
	})
}

const wholeBatch = 10_000

// batch logs a batch of small events at once and has it delivered. It returns the
// number of PutLogEvents requests that took.
func (c *faultScene) batch(events int) int {
	c.Helper()
	time.Sleep(2 * time.Minute) // as many may be given up as ever
	began := time.Now()
	for range events {
		c.loggers[0].log(slog.LevelInfo, began, "x")
	}
	c.settled(time.Minute)
	requests := len(c.puts(began))
	for _, e := range c.srv.Events(testkit.Group, testkit.Stream) { // announcements are requests of their own
		if strings.HasPrefix(e.Message, `{"time":`) && !e.IngestionTime.Before(began) {
			requests--
		}
	}
	return requests
}

// spoil makes events bad, by their numbers.
func (c *faultScene) spoil(numbers ...int) (end func()) {
	var bad []func(string) bool
	for _, n := range numbers {
		bad = append(bad, c.poison(n))
	}
	return c.inject(cloudwatchtest.Fault{
		Error: refusal("InvalidParameterException"),
		Message: func(message string) bool {
			for _, is := range bad {
				if is(message) {
					return true
				}
			}
			return false
		},
	})
}

func (c *faultScene) oneBadEvent() {
	c.batch(10)
	positions := []int{0, 1, 2, 4999, 5000, 5001, 9998, 9999}
	for len(positions) < 25 {
		positions = append(positions, rand.IntN(wholeBatch))
	}
	most := 0
	for i, at := range positions {
		end := c.spoil(c.loggers[0].logged() + at)
		requests := c.batch(wholeBatch)
		// The batch, 14 to find it, one to make sure, one for the rest.
		if requests > 1+14+1+1 {
			c.Errorf("%d requests for a batch with a bad event at %d", requests, at)
		}
		if n := c.Stats().Rejected.Refused; n != int64(i+1) {
			c.Errorf("%d events refused after %d bad ones", n, i+1)
		}
		end()
		most = max(most, requests)
		c.checkQuiet()
	}
	c.Logf("%d requests at most for a batch with a bad event", most)
}

func (c *faultScene) threeBadEvents() {
	c.batch(10)
	first := c.loggers[0].logged()
	c.spoil(first+17, first+rand.IntN(wholeBatch), first+9000)
	requests := c.batch(wholeBatch)
	c.Logf("%d requests for a batch with three bad events", requests)
	if requests > 1+3*(14+1)+1 {
		c.Errorf("%d requests", requests)
	}
}

// Beyond ten bad events the others are kept, until it is clear that it is them.
func (c *faultScene) manyBadEvents() {
	const bad = 30
	c.batch(10)
	first := c.loggers[0].logged()
	var numbers []int
	for i := range bad {
		numbers = append(numbers, first+i*97)
	}
	c.spoil(numbers...)
	time.Sleep(2 * time.Minute)
	for range 3000 {
		c.loggers[0].log(slog.LevelInfo, time.Now(), "x")
	}
	before := c.Stats()
	start := time.Now()
	for time.Since(start) < 10*time.Minute {
		time.Sleep(time.Second)
		c.loggers[1].log(slog.LevelInfo, time.Now(), "others")
		if n, most := c.Stats().Rejected.Refused, 10+int64(time.Since(start)/(6*time.Second)); n > most {
			c.Fatalf("%d events given up after %v", n, time.Since(start))
		}
		if s := c.Stats(); s.Rejected.Refused >= bad { // those of the other producer may have come, too
			c.Logf("all given up after %v with %d requests; others waited %v at most", time.Since(start), s.Requests-before.Requests, c.longestWait(c.loggers[1]))
			return
		}
	}
	c.Errorf("ten minutes later only some are given up: %s", figures(c.Stats()))
}

// longestWait is that of the events of a producer, from the log call to the
// endpoint.
func (c *faultScene) longestWait(p *producer) (longest time.Duration) {
	for _, e := range c.srv.Events(testkit.Group, testkit.Stream) {
		if producer, _, _, err := c.parse(e.Message); err == nil && producer == p.id {
			longest = max(longest, e.IngestionTime.Sub(e.Timestamp))
		}
	}
	return longest
}

// Nothing else is delivered for ten minutes, so nothing tells that the event is
// to blame.
func (c *faultScene) lonelyBadEvent() {
	c.batch(10)
	c.spoil(c.loggers[0].logged())
	c.loggers[0].log(slog.LevelInfo, time.Now(), "bad")
	before := c.Stats()
	time.Sleep(10 * time.Minute)
	c.wantFew(40, before)
	if s := c.Stats(); s.Pending != 1 || s.Rejected.Refused != 0 {
		c.Errorf("with nothing else to go by: %s", figures(s))
	}
	began := time.Now()
	c.loggers[1].log(slog.LevelInfo, time.Now(), "good")
	for c.Stats().Pending != 0 && time.Since(began) < 5*time.Minute {
		time.Sleep(10 * time.Millisecond)
	}
	c.Logf("given up %v after another one was logged", time.Since(began))
	if s := c.Stats(); s.Delivered != before.Delivered+1 || s.Rejected.Refused != 1 || s.Pending != 0 {
		c.Errorf("%v after another one came: %s", time.Since(began), figures(s))
	}
}

func (c *faultScene) everythingRefused() {
	c.batch(10)
	c.refuseAll = true
	end := c.inject(cloudwatchtest.Fault{Error: refusal("ValidationException")})
	before := c.Stats()
	const events = 600
	c.logs(c.loggers[1], events, time.Hour/events)
	c.wantFew(200, before)
	c.wantKept(events)
	end()
	time.Sleep(10 * time.Minute)
	if s := c.Stats(); s.Delivered != before.Delivered+events {
		c.Error(fmt.Sprint("not all is delivered: ", figures(s)))
	}
}

// Events need not wait for what tells of others.
func (c *faultScene) recordRefused() {
	c.batch(10)
	c.cutShort = true // nobody can be told
	c.inject(cloudwatchtest.Fault{
		Error:   refusal("InvalidParameterException"),
		Message: func(message string) bool { return strings.Contains(message, `"msg":"log events lost"`) },
	})
	c.loggers[1].log(slog.LevelInfo, time.Now(), payload(c.loggers[1], 0, 300, 0))
	c.logs(c.loggers[0], 60, time.Minute)
	if s := c.Stats(); s.Delivered != 10+60 {
		c.Errorf("an hour later: %s", figures(s))
	}
}
