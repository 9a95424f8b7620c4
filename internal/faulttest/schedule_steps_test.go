package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Steps that log.

var (
	burstSizes  = [...]int{1, 0, 10, 60, 200, 1000, 5000, 30_000}
	burstCounts = [...]int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 1000, 4}
	levels      = [...]slog.Level{slog.LevelInfo, slog.LevelDebug, slog.LevelWarn, slog.LevelError}
)

// burstStep logs many events at once: one of the loggers, or all of them at the
// same time.
func burstStep(a, b byte) step {
	size, kind := burstSizes[a&7], int(a>>3&3)
	level := levels[a>>5&3]
	// Enough to fill the small buffers, and little enough for many schedules.
	n := min(burstCounts[b&15], 120_000/(size+30))
	who := int(b >> 4 & 7)
	if who < 4 {
		return step{fmt.Sprintf("logger %d logs %d events of %d bytes (%s) at %v", who, n, size, payloads[kind].name, level), func(c *scene) {
			c.burst(who, n, size, kind, level)
		}}
	}
	n = n/4 + 1
	return step{fmt.Sprintf("each logger logs %d events of %d bytes (%s) at %v", n, size, payloads[kind].name, level), func(c *scene) {
		var all sync.WaitGroup
		for who := range c.loggers {
			all.Go(func() { c.burst(who, n, size, kind, level) })
		}
		all.Wait()
	}}
}

func (c *scene) burst(who, n, size, kind int, level slog.Level) {
	p := c.loggers[who]
	for i := range n {
		p.log(level, time.Now(), payload(p, kind, size, i))
	}
}

// trickle is a goroutine that logs now and then, beside the steps.
type trickle struct {
	*producer
	done chan struct{}
}

func trickleStep(a, b byte) step {
	pause := [...]time.Duration{97 * time.Millisecond, 3 * time.Millisecond, time.Second, 31 * time.Second}[a&3]
	n, size := burstCounts[b&7], burstSizes[b>>4&7]
	return step{fmt.Sprintf("from now on, %d events of %d bytes, one each %v", n, size, pause), func(c *scene) {
		if len(c.trickles) == 4 {
			return
		}
		tr := &trickle{c.producer(false), make(chan struct{})}
		c.trickles = append(c.trickles, tr)
		go func() {
			defer close(tr.done)
			for i := range n {
				tr.log(levels[i%4], time.Now(), payload(tr.producer, 0, size, i))
				time.Sleep(pause)
			}
		}()
	}}
}

// untimelyStep logs events whose times are not those of the log calls.
func untimelyStep(a, b byte) step {
	const day = 24 * time.Hour
	age := [...]time.Duration{
		time.Millisecond, time.Minute, -time.Hour, -3 * time.Hour, 23 * time.Hour, 30 * time.Hour, 2 * day, 13 * day,
		14*day - time.Second, 14 * day, 15 * day, 400 * day, -2*time.Hour - time.Second, -30 * time.Hour, -400 * day, time.Second,
	}[a&15]
	n, size := burstCounts[b&7], burstSizes[b>>4&7]
	return step{fmt.Sprintf("%d events of %d bytes that are %v old", n, size, age), func(c *scene) {
		for i := range n {
			c.untimely.log(slog.LevelInfo, time.Now().Add(-age), payload(c.untimely, 0, size, i))
		}
	}}
}

// payloads are long texts, of which each event gets another piece.
var payloads = []struct{ name, text string }{
	{"plain", strings.Repeat("The quick brown fox jumps over the lazy dog. ", 1000)},
	{"escapes", strings.Repeat("\"quoted\" C:\\path\ttab \x00\x01\x1b[31m <a href='x'>&amp;</a> \u2028\u2029 ", 1000)},
	{"not ASCII", strings.Repeat("Größe žluťoučký 漢字かな 👩‍👩‍👧 \U0010ffff ", 1000)},
	{"invalid UTF-8", strings.Repeat("ok \xff\xfe\xc3 \xed\xa0\x80 \xf0\x9f\x98 \xc0\xaf ", 2000)},
}

// payload returns about so many bytes. A line of a Writer has no newline in it.
func payload(p *producer, kind, size, i int) string {
	text := payloads[kind].text
	from := i * 7 % (len(text) - size)
	text = text[from : from+size]
	if p.writer != nil {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	return text
}

// Steps that let time pass.

func sleepStep(a byte) step {
	d := [...]time.Duration{
		time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond,
		time.Second, 2500 * time.Millisecond, 7 * time.Second, 20 * time.Second,
		45 * time.Second, 2 * time.Minute, 5 * time.Minute, 20 * time.Minute,
		3 * time.Hour, 13 * time.Hour, 25 * time.Hour, 15 * 24 * time.Hour,
	}[a&15]
	return step{fmt.Sprintf("%v pass", d), func(c *scene) {
		if len(c.faults) > 0 {
			// Days of trouble would be thousands of requests. The fault matrix has them.
			d := min(d, c.trouble)
			c.trouble -= d
			time.Sleep(d)
			return
		}
		time.Sleep(d)
	}}
}

func flushStep(a byte) step {
	d := [...]time.Duration{10 * time.Millisecond, time.Second, 8 * time.Second, 40 * time.Second}[a&3]
	return step{fmt.Sprintf("Flush within %v", d), func(c *scene) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		err := c.Flush(ctx)
		var left *cloudwatch.UndeliveredError
		switch {
		case c.closed && err != c.answer:
			c.failf("flush", "after Close, which returned %v, Flush returned %v", c.answer, err)
		case c.closed:
		case err == nil && len(c.trickles) == 0 && c.Stats().Pending != 0:
			c.failf("flush", "it returned nil, but %d events are pending", c.Stats().Pending)
		case err != nil && (!errors.As(err, &left) || left.Events <= 0 || !errors.Is(err, context.DeadlineExceeded)):
			c.failf("flush", "it returned %v", err)
		}
	}}
}

// Steps that make trouble.

// faultKinds are what can go wrong. inject returns what ends it; it gets the
// fault with its target and how often it strikes filled in.
var faultKinds = []struct {
	name   string
	inject func(c *scene, f cloudwatchtest.Fault, b byte) (end func())
}{
	{"throttling", answering(cloudwatchtest.Throttled())},
	{"throttling with Retry-After", answering(&cloudwatchtest.APIError{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded", RetryAfter: 17 * time.Second})},
	{"503", answering(cloudwatchtest.ServiceUnavailable())},
	{"500", answering(cloudwatchtest.InternalFailure())},
	{"access denied", answering(cloudwatchtest.AccessDenied("PutLogEvents"))},
	{"expired token", answering(cloudwatchtest.ExpiredToken())},
	{"not found", answering(&cloudwatchtest.APIError{Status: 400, Code: "ResourceNotFoundException", Message: "The specified log stream does not exist."})},
	{"operation aborted", answering(&cloudwatchtest.APIError{Status: 400, Code: "OperationAbortedException", Message: "A conflicting operation is currently in progress."})},
	{"connections cut before", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		f.Cut = cloudwatchtest.CutBefore
		return c.srv.Inject(f)
	}},
	{"connections cut after", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		f.Cut = cloudwatchtest.CutAfter
		return c.srv.Inject(f)
	}},
	{"answers cut in the middle", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		f.Cut = cloudwatchtest.CutMiddle
		f.Match = c.cutAnswers
		return c.srv.Inject(f)
	}},
	{"hanging connections", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		f.Hang = true
		return c.srv.Inject(f)
	}},
	{"slow answers", func(c *scene, f cloudwatchtest.Fault, b byte) func() {
		f.Delay = [...]time.Duration{331 * time.Millisecond, 7_331 * time.Millisecond, 29_331 * time.Millisecond, 41_331 * time.Millisecond}[b>>6]
		return c.srv.Inject(f)
	}},
	{"HTML instead of answers", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		c.overtaken = true
		page := "<html><body>Please log in.</body></html>"
		f.Body = &page
		return c.srv.Inject(f)
	}},
	{"poison", func(c *scene, f cloudwatchtest.Fault, b byte) func() {
		// It lasts or does not, but does not go away in between: a bad event is bad.
		f.Times, f.Operation = 0, ""
		f.Error = &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: scripted}
		f.Message = c.poison(max(c.loggers[0].logged()+int(b>>2)-32, 0)) // one that waits, or will come
		return c.srv.Inject(f)
	}},
	{"everything is refused", func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		c.refuseAll = true
		f.Error = &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: scripted}
		return c.srv.Inject(f)
	}},
	{"some events are rejected", func(c *scene, f cloudwatchtest.Fault, b byte) func() {
		index := func(i int) *int { return &i }
		rejected := [...]cloudwatchtest.RejectedInfo{
			{TooOldEnd: index(1)}, {ExpiredEnd: index(3)}, {TooNewStart: index(2)}, {TooOldEnd: index(1), ExpiredEnd: index(2), TooNewStart: index(5)},
		}[b>>6]
		f.Operation, f.Rejected = "PutLogEvents", &rejected
		return c.srv.Inject(f)
	}},
	{"the clock of the service is wrong", func(c *scene, _ cloudwatchtest.Fault, b byte) func() {
		const day = 24 * time.Hour
		c.srv.SetClockOffset([...]time.Duration{time.Hour, -day, 3 * day, -20 * 365 * day}[b>>6])
		return func() { c.srv.SetClockOffset(0) }
	}},
	{"the Date of answers is wrong", func(c *scene, f cloudwatchtest.Fault, b byte) func() {
		f.DateOffset = [...]time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -20 * 365 * 24 * time.Hour}[b>>6]
		return c.srv.Inject(f)
	}},
	{"a quota of one request a second", func(c *scene, _ cloudwatchtest.Fault, _ byte) func() {
		c.srv.SetQuota("PutLogEvents", 1)
		return func() { c.srv.SetQuota("PutLogEvents", 0) }
	}},
}

func answering(e *cloudwatchtest.APIError) func(*scene, cloudwatchtest.Fault, byte) func() {
	return func(c *scene, f cloudwatchtest.Fault, _ byte) func() {
		f.Error = e
		return c.srv.Inject(f)
	}
}

// faultStep makes one kind of trouble: for some requests or for some time, or
// until the end.
func faultStep(a, b byte) step {
	kind := faultKinds[int(a)%len(faultKinds)]
	f := cloudwatchtest.Fault{Operation: [...]string{"", "PutLogEvents", "PutLogEvents", "CreateLogStream", "CreateLogGroup", "PutLogEvents", "", "PutLogEvents"}[b&7]}
	var lasts time.Duration
	name := "until it is ended"
	switch b >> 3 & 7 {
	case 0, 1, 2:
		f.Times = [...]int{1, 2, 5}[b>>3&7]
		name = fmt.Sprintf("for %d requests", f.Times)
	case 3, 4, 5, 6:
		lasts = [...]time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute}[b>>3&7-3]
		name = fmt.Sprintf("for %v", lasts)
	}
	if f.Operation != "" {
		name = f.Operation + " " + name
	}
	return step{fmt.Sprintf("%s, %s (%d)", kind.name, name, b), func(c *scene) {
		end := kind.inject(c, f, b)
		if lasts > 0 {
			timer := time.AfterFunc(lasts, end)
			c.faults = append(c.faults, func() { timer.Stop(); end() })
			return
		}
		c.faults = append(c.faults, end)
	}}
}

func (c *scene) endFaults() {
	for _, end := range c.faults {
		end()
	}
	c.faults = nil
}

// cutAnswers is the Match of a fault that cuts answers.
func (o *oracle) cutAnswers(r cloudwatchtest.Request) bool {
	o.cut.Add(int64(r.Events))
	return true
}
