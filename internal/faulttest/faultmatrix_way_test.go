package faulttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// Something stands between the program and the service: it answers in its place, takes
// less, or tells another time.
func TestFaultMatrixWay(t *testing.T) {
	opts := cloudwatch.Options{LogStream: testkit.Stream}
	var rows []faultRow
	add := func(fault string, opts cloudwatch.Options, run func(c *faultScene)) {
		rows = append(rows, faultRow{45, fault, opts, run})
	}
	for _, a := range []wayAnswer{
		{403, "text/html", blockPage},
		{403, "application/json", `{"message":"Forbidden"}`},
		{400, "text/html", blockPage},
		{404, "text/html", blockPage},
		{406, "text/plain", "Not acceptable!"},
		{302, "text/html", blockPage},
		{200, "text/html", "The requested URL was rejected. Your support ID is: 1"},
		{204, "", ""},
	} {
		add(fmt.Sprintf("one event of 122 is answered with %v", a), opts, func(c *faultScene) { c.oneIsBlocked(a) })
		add(fmt.Sprintf("everything is answered with %v for an hour", a), opts, func(c *faultScene) {
			c.anHour(260, func() func() { return c.disturb(func(r *http.Request) (*http.Response, error) { return a.to(r), nil }) })
		})
	}
	for _, a := range []wayAnswer{{}, {500, "text/html", blockPage}, {503, "text/html", blockPage}, {408, "text/html", blockPage}} {
		add(fmt.Sprintf("one event of many is answered with %v", a), opts, func(c *faultScene) { c.oneNeverPasses(a) })
	}
	add("a block that ends after events were tried alone", opts, (*faultScene).blockThatEnds)
	for _, n := range []int{2, 3, 5} {
		add(fmt.Sprintf("every request but each %dth is blocked", n), opts, func(c *faultScene) { c.blockedInTurns(func(i int) bool { return i%n != 0 }) })
		add(fmt.Sprintf("each %dth request is blocked", n), opts, func(c *faultScene) { c.blockedInTurns(func(i int) bool { return i%n == 0 }) })
	}
	tooLarge := wayAnswer{413, "text/html", blockPage}
	for _, most := range []int64{1 << 20, 256 << 10, 100 << 10, 20 << 10} {
		add(fmt.Sprintf("bodies above %d bytes are refused", most), opts, func(c *faultScene) { c.smallBodies(most, tooLarge) })
	}
	add("compressed bodies above 20480 bytes are refused", cloudwatch.Options{LogStream: testkit.Stream, Compress: true}, func(c *faultScene) {
		c.smallBodies(20<<10, tooLarge)
	})
	add("connections with bodies above 262144 bytes are reset", opts, func(c *faultScene) { c.smallBodies(256<<10, wayAnswer{}) })
	add("an event is larger than bodies may be", opts, (*faultScene).tooLargeAlone)
	for _, off := range []time.Duration{-aDay, aDay, -30 * aDay, 30 * aDay, time.Hour} {
		for _, policy := range []cloudwatch.Untimely{cloudwatch.Restamp, cloudwatch.DropUntimely} {
			o := cloudwatch.Options{LogStream: testkit.Stream, Untimely: policy}
			add(fmt.Sprintf("each tenth answer is a 502 with a Date that is off by %v, policy %d", off, policy), o, func(c *faultScene) {
				c.wrongDates(func() func() { return c.disturb(c.eachTenth(off)) })
			})
			add(fmt.Sprintf("each tenth answer of the service has a Date that is off by %v, policy %d", off, policy), o, func(c *faultScene) {
				var n atomic.Int64
				c.wrongDates(func() func() {
					return c.inject(cloudwatchtest.Fault{DateOffset: off, Match: func(cloudwatchtest.Request) bool { return n.Add(1)%10 == 0 }})
				})
			})
		}
	}
	runFaults(t, rows)
}

const blockPage = "<html><head><title>Blocked</title></head><body>Your request looks like an attack.</body></html>"

// wayAnswer is what something on the way answers. Without a status it resets the
// connection.
type wayAnswer struct {
	status      int
	media, body string
}

func (a wayAnswer) String() string { return fmt.Sprintf("%d %s", a.status, a.media) }

func (a wayAnswer) to(r *http.Request) *http.Response {
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if a.media != "" {
		h.Set("Content-Type", a.media)
	}
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: h, ContentLength: int64(len(a.body)), Body: io.NopCloser(strings.NewReader(a.body)),
	}
}

// unless passes on what is not answered on the way.
func (c *faultScene) unless(answered func(r *http.Request, body []byte) (*http.Response, error)) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if response, err := answered(r, body); response != nil || err != nil {
			return response, err
		}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		return c.net.endpoint.RoundTrip(again)
	}
}

// messagesIn returns the messages of a PutLogEvents body.
func messagesIn(body []byte) (messages []string) {
	var put struct{ LogEvents []struct{ Message string } }
	_ = json.Unmarshal(body, &put) // other operations have none
	for _, e := range put.LogEvents {
		messages = append(messages, e.Message)
	}
	return messages
}

// A firewall takes what is in one event for an attack.
func (c *faultScene) oneIsBlocked(a wayAnswer) {
	c.batch(10)
	bad := c.poison(c.loggers[0].logged() + 50)
	c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		for _, m := range messagesIn(body) {
			if bad(m) {
				return a.to(r), nil
			}
		}
		return nil, nil
	}))
	before := c.Stats()
	c.batch(122)
	s := c.Stats()
	if s.Rejected.Refused != 1 || s.Delivered != 10+121 {
		c.Errorf("%s", figures(s))
	}
	if n := s.Requests - before.Requests; n > 1+2*7+8+4 {
		c.Errorf("%d requests", n)
	}
	if s.LastError == nil || !strings.Contains(s.LastError.Error(), fmt.Sprint(a.status)) {
		c.Errorf("last error %v", s.LastError)
	}
}

// oneNeverPasses: failures that are no refusal hold up the event they are about, and no other
// one.
func (c *faultScene) oneNeverPasses(a wayAnswer) {
	c.batch(10)
	c.overtaken = true
	bad := c.poison(c.loggers[0].logged() + 50)
	end := c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		for _, m := range messagesIn(body) {
			if bad(m) {
				if a.status == 0 {
					return nil, syscall.ECONNRESET
				}
				return a.to(r), nil
			}
		}
		return nil, nil
	}))
	before := c.Stats()
	for range 122 {
		c.loggers[0].log(slog.LevelInfo, time.Now(), "x")
	}
	c.logs(c.loggers[0], 600, time.Second)
	s, waited := c.Stats(), c.longestWait(c.loggers[0])
	c.Logf("%d requests, others waited for %v", s.Requests-before.Requests, waited)
	if s.Delivered != 10+121+600 || s.Pending != 1 || s.Rejected.Total() != 0 {
		c.Errorf("%s", figures(s))
	}
	if n := s.Requests - before.Requests; n > 800 {
		c.Errorf("%d requests", n)
	}
	if waited > 30*time.Second {
		c.Errorf("others waited for %v", waited)
	}
	end()
	time.Sleep(2 * time.Minute)
	if s := c.Stats(); s.Delivered != 10+122+600 {
		c.Errorf("%s", figures(s))
	}
}

// blockThatEnds: events that were tried alone are not sent one by one for ever.
func (c *faultScene) blockThatEnds() {
	c.batch(10)
	before := c.Stats()
	page, n := wayAnswer{403, "text/html", blockPage}, atomic.Int64{}
	end := c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		if n.Add(1) == 3 { // what passes once speaks for a reason in the others
			return nil, nil
		}
		return page.to(r), nil
	}))
	c.logs(c.loggers[0], 100, 6*time.Second)
	end()
	c.delivered(110)
	s := c.Stats()
	c.Logf("%d requests", s.Requests-before.Requests)
	if s.Rejected.Total() != 0 {
		c.Errorf("%s", figures(s))
	}
}

// Of several proxies some are broken: what they refuse says nothing about events.
func (c *faultScene) blockedInTurns(blocked func(i int) bool) {
	c.batch(10)
	var n atomic.Int64
	end := c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		if blocked(int(n.Add(1))) {
			return wayAnswer{403, "text/html", blockPage}.to(r), nil
		}
		return nil, nil
	}))
	c.logs(c.loggers[1], 1000, time.Second)
	end()
	time.Sleep(10 * time.Minute) // many that wait share the allowance
	c.delivered(1010)
	if s := c.Stats(); s.Rejected.Total() != 0 {
		c.Errorf("%s", figures(s))
	}
}

// smallBodies: a proxy takes bodies up to a size.
func (c *faultScene) smallBodies(most int64, a wayAnswer) {
	var refused atomic.Int64
	end := c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		switch {
		case r.ContentLength <= most:
			return nil, nil
		case a.status == 0:
			return nil, syscall.ECONNRESET
		}
		refused.Add(1)
		return a.to(r), nil
	}))
	for i := range 12_001 {
		c.loggers[0].log(slog.LevelInfo, time.Now(), payload(c.loggers[0], 0, 250, i))
	}
	c.settled(2 * time.Minute)
	s := c.Stats()
	c.Logf("%d requests, %d of them refused", s.Requests, refused.Load())
	if s.Delivered != 12_001 {
		c.Errorf("%s", figures(s))
	}
	if n := refused.Load(); most >= 64<<10 && n > 12 {
		c.Errorf("%d requests were refused: the limit is not kept to", n)
	}
	// A larger one is tried again later, once.
	end()
	time.Sleep(11 * time.Minute)
	before := c.Stats().Requests
	for i := range 12_001 {
		c.loggers[0].log(slog.LevelInfo, time.Now(), payload(c.loggers[0], 0, 250, i))
	}
	c.settled(2 * time.Minute)
	if n := c.Stats().Requests - before; n > 10 {
		c.Errorf("%d requests once any size is taken", n)
	}
}

// tooLargeAlone: one event does not get through, all others do.
func (c *faultScene) tooLargeAlone() {
	c.batch(10)
	c.disturb(c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		if r.ContentLength > 30<<10 {
			return wayAnswer{413, "text/html", blockPage}.to(r), nil
		}
		return nil, nil
	}))
	c.poison(c.loggers[0].logged() + 500)
	for i := range 1000 {
		size := 250
		if i == 500 {
			size = 40_000
		}
		c.loggers[0].log(slog.LevelInfo, time.Now(), payload(c.loggers[0], 0, size, i))
	}
	c.settled(2 * time.Minute)
	if s := c.Stats(); s.Rejected.Refused != 1 || s.Delivered != 10+999 {
		c.Errorf("%s", figures(s))
	}
}

// eachTenth is a proxy that fails now and then, and does not know the time.
func (c *faultScene) eachTenth(off time.Duration) testkit.RoundTripper {
	var n atomic.Int64
	return c.unless(func(r *http.Request, body []byte) (*http.Response, error) {
		if n.Add(1)%10 != 0 {
			return nil, nil
		}
		response := wayAnswer{502, "text/html", blockPage}.to(r)
		response.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		return response, nil
	})
}

// wrongDates that are not the service's, or that it does not confirm, change nothing.
func (c *faultScene) wrongDates(begin func() (end func())) {
	c.logs(c.loggers[0], 10, time.Second)
	end := begin()
	c.logs(c.loggers[0], 400, time.Second)
	end()
	c.delivered(410)
	if s := c.Stats(); s.Restamped != 0 || s.Rejected.Total() != 0 {
		c.Errorf("%d restamped, %+v rejected", s.Restamped, s.Rejected)
	}
}

// TestFailuresDuringABlock: they are counted, and the last one is the reason of what waits.
func TestFailuresDuringABlock(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, CloseTimeout: time.Second})
		f.Logged(1)
		f.FlushWithin(time.Minute)
		end := f.Server.Inject(cloudwatchtest.Fault{Status: 403})
		began := time.Now()
		for range 60 {
			f.Logged(1)
			time.Sleep(20 * time.Second)
		}
		var last *cloudwatch.DeliveryError
		for _, err := range f.Errors.Errors() {
			errors.As(err, &last)
		}
		if last == nil || last.Failures < 20 || last.Since.Sub(began) > time.Minute {
			t.Errorf("the last report is %+v", last)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var undelivered *cloudwatch.UndeliveredError
		if err := f.Flush(ctx); !errors.As(err, &undelivered) || undelivered.Last == nil || !strings.Contains(undelivered.Last.Error(), "HTTP 403") {
			t.Errorf("Flush: %v", err)
		}
		end()
		time.Sleep(2 * time.Minute)
		if s := f.Stats(); s.Delivered != 61 {
			t.Errorf("%+v", s)
		}
		// What failed before the last delivery is no reason for what waits now.
		f.Logged(1)
		gone, leave := context.WithCancel(t.Context())
		leave()
		if err := f.Flush(gone); !errors.As(err, &undelivered) || undelivered.Last != nil {
			t.Errorf("Flush: %v", err)
		}
	})
}

// TestCloseAfterABlock: what waited because of broken proxies is delivered by Close, which
// has ten seconds.
func TestCloseAfterABlock(t *testing.T) {
	for _, n := range []int64{2, 3, 5} {
		for _, status := range []int{403, 413} {
			for _, healthy := range []time.Duration{0, 5 * time.Second} {
				testkit.Bubble(t, func(t *testing.T) {
					var requests atomic.Int64
					f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
					end := f.Server.Inject(cloudwatchtest.Fault{Status: status, Match: func(cloudwatchtest.Request) bool { return requests.Add(1)%n == 0 }})
					for range 120 {
						f.Logged(1)
						time.Sleep(100 * time.Millisecond)
					}
					end()
					time.Sleep(healthy)
					if err := f.Close(); err != nil || f.Stats().Delivered != 120 {
						t.Errorf("each %dth request answered with %d, healthy for %v: %v, %d delivered", n, status, healthy, err, f.Stats().Delivered)
					}
				})
			}
		}
	}
}

// TestSpoolBehindAFirewall: a short program leaves nothing that each later one would send
// again, whether the event that does not pass is its own or one that was left.
func TestSpoolBehindAFirewall(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		defer s.srv.Inject(cloudwatchtest.Fault{Status: 403, Message: func(m string) bool { return m == "attack" }})()
		h := s.start(func(o *cloudwatch.Options) { o.CloseTimeout = 10 * time.Second })
		log := slog.New(h)
		for i := range 21 {
			log.Info(fmt.Sprint("left ", i))
			if i == 7 {
				log.Info("attack")
			}
		}
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if got := h.Stats(); got.Delivered != 21 || got.Rejected.Refused != 1 {
			t.Errorf("%+v", got)
		}
		h = s.start(func(o *cloudwatch.Options) { o.LogStream = "next" })
		if err := h.Close(); err != nil || h.Stats().Recovered.Delivered != 0 {
			t.Errorf("the next program: %v, recovered %+v", err, h.Stats().Recovered)
		}
		var got []string
		for _, m := range s.messages(testkit.Stream) {
			if strings.HasPrefix(m, "left ") {
				got = append(got, m)
			}
		}
		if len(got) != 21 {
			t.Errorf("%d events in the stream: %q", len(got), got)
		}
	})
}
