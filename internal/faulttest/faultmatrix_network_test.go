package faulttest_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// Connections go wrong in all the ways they can.
func TestFaultMatrixNetwork(t *testing.T) {
	opts := cloudwatch.Options{LogStream: testkit.Stream}
	put := func(f cloudwatchtest.Fault) cloudwatchtest.Fault { f.Operation = "PutLogEvents"; return f }
	fault := func(f cloudwatchtest.Fault, most int64) func(c *faultScene) {
		return func(c *faultScene) { c.tenMinutes(most, func() func() { return c.inject(f) }) }
	}
	trouble := func(most int64, how func(c *faultScene) testkit.RoundTripper) func(c *faultScene) {
		return func(c *faultScene) { c.tenMinutes(most, func() func() { return c.disturb(how(c)) }) }
	}
	runFaults(t, []faultRow{
		{28, "half-open connections", opts, fault(cloudwatchtest.Fault{Hang: true}, 25)},
		{28, "connections closed before the request", opts, fault(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}, 100)},
		{28, "connections reset in the middle of the body", opts, trouble(100, halfTheBody(syscall.ECONNRESET))},
		{28, "TLS cut in the middle of the body", opts, trouble(100, halfTheBody(io.ErrUnexpectedEOF))},
		{28, "a black hole", opts, trouble(25, func(*faultScene) testkit.RoundTripper { return testkit.BlackHole })},
		{28, "answers that never come", opts, trouble(25, (*faultScene).noAnswer)},
		{28, "a reader of one byte a second", opts, trouble(25, func(c *faultScene) testkit.RoundTripper { return c.net.slowly(1) })},
		{28, "answers of one byte a second", opts, trouble(25, (*faultScene).slowAnswers)},
		{28, "answers cut midway", opts, func(c *faultScene) {
			c.tenMinutes(100, func() func() {
				return c.inject(put(cloudwatchtest.Fault{Cut: cloudwatchtest.CutMiddle, Match: c.cutAnswers}))
			})
		}},
		{28, "a reader of 10 KiB a second", opts, (*faultScene).slowLine},
		{29, "answers lost after the events were taken", cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 8 << 20}, (*faultScene).lostAnswers},
	})
}

// tenMinutes of trouble, and everything is there afterwards.
func (c *faultScene) tenMinutes(most int64, begin func() (end func())) {
	c.logs(c.loggers[0], 3, time.Second)
	c.settled(time.Minute)
	before := c.Stats()
	end := begin()
	c.logs(c.loggers[0], 200, 3*time.Second)
	c.wantFew(most, before)
	c.wantKept(200)
	end()
	time.Sleep(2 * time.Minute)
	if s := c.Stats(); s.Pending != 0 {
		c.Errorf("two minutes later: %s", figures(s))
	}
}

// halfTheBody is read, then the connection ends.
func halfTheBody(err error) func(c *faultScene) testkit.RoundTripper {
	return func(*faultScene) testkit.RoundTripper {
		return func(r *http.Request) (*http.Response, error) {
			io.CopyN(io.Discard, r.Body, r.ContentLength/2) // its error is as good as ours
			return nil, err
		}
	}
}

// noAnswer comes to what the endpoint has taken.
func (c *faultScene) noAnswer() testkit.RoundTripper {
	c.inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Match: c.cutAnswers})
	return func(r *http.Request) (*http.Response, error) {
		if answer, err := c.net.endpoint.RoundTrip(r); err == nil {
			answer.Body.Close()
		}
		return testkit.BlackHole(r)
	}
}

func (c *faultScene) slowAnswers() testkit.RoundTripper {
	c.inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Match: c.cutAnswers})
	return func(r *http.Request) (*http.Response, error) {
		answer, err := c.net.endpoint.RoundTrip(r)
		if err == nil {
			answer.Body = slowBody{answer.Body, r}
		}
		return answer, err
	}
}

type slowBody struct {
	io.ReadCloser
	request *http.Request
}

func (b slowBody) Read(p []byte) (int, error) {
	select {
	case <-b.request.Context().Done():
		return 0, b.request.Context().Err()
	case <-time.After(time.Second):
		return b.ReadCloser.Read(p[:1])
	}
}

// slowly is a line on which requests take their time.
func (n *network) slowly(perSecond int64) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		var body bytes.Buffer
		for {
			if _, err := io.CopyN(&body, r.Body, perSecond); err == io.EOF {
				break
			}
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(time.Second):
			}
		}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(&body)
		return n.endpoint.RoundTrip(again)
	}
}

// A slow line is no fault: a large body gets through at the first attempt.
func (c *faultScene) slowLine() {
	c.logs(c.loggers[0], 3, time.Second)
	c.settled(time.Minute)
	c.disturb(c.net.slowly(10 << 10))
	for i := range 300 {
		c.loggers[0].log(slog.LevelError, time.Now(), payload(c.loggers[0], 0, 5000, i))
	}
	time.Sleep(4 * time.Minute)
	if s := c.Stats(); s.Pending != 0 || s.Retries > 1 { // the first request found the stream missing
		c.Errorf("%d retries: %s", s.Retries, figures(s))
	}
}

// lostAnswers loses those of several requests that are under way together. What
// was in them comes again, as it was, and nothing else.
func (c *faultScene) lostAnswers() {
	c.batch(10)
	end := c.disturb(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	for i := range 1200 {
		c.loggers[0].log(slog.LevelError, time.Now(), payload(c.loggers[0], 0, 5000, i))
		time.Sleep(time.Millisecond)
	}
	end()
	var number atomic.Int64
	c.inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Delay: time.Second, Cut: cloudwatchtest.CutAfter, Match: func(cloudwatchtest.Request) bool {
		n := number.Add(1)
		return n >= 2 && n <= 4
	}})
	c.inject(cloudwatchtest.Fault{Delay: time.Second})
	var mu sync.Mutex
	sent, lost := map[[32]byte]int{}, map[[32]byte]int{}
	c.disturb(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		answer, err := c.net.endpoint.RoundTrip(again)
		mu.Lock()
		defer mu.Unlock()
		sum := sha256.Sum256(body)
		sent[sum]++
		if err != nil {
			lost[sum]++
		}
		return answer, err
	})
	time.Sleep(2 * time.Minute)
	c.checkQuiet()
	if len(lost) != 3 {
		c.Errorf("the answers to %d requests were lost, want 3", len(lost))
	}
	for sum, times := range sent {
		if times != 1+lost[sum] {
			c.Errorf("a body was sent %d times, its answer was lost %d times", times, lost[sum])
		}
	}
	c.Logf("%d of %d events came again", c.repeated, c.stored)
	if c.repeated == 0 || c.repeated != c.doubtful {
		c.Errorf("%d events came again, answers were lost for %d", c.repeated, c.doubtful)
	}
}

// A real socket with TLS, and connections that end in the middle of a body.
func TestFaultMatrixRealConnections(t *testing.T) {
	const cuts = 3
	before := runtime.NumGoroutine()
	srv := cloudwatchtest.New()
	web := httptest.NewUnstartedServer(srv)
	cutter := &cutter{Listener: web.Listener}
	cutter.left.Store(cuts)
	web.Listener = cutter
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	web.StartTLS()
	cfg := srv.Config()
	cfg.BaseEndpoint, cfg.HTTPClient = aws.String(web.URL), web.Client()
	o, err := newOracle(srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg, FlushInterval: 50 * time.Millisecond, CloseTimeout: time.Minute}, false)
	if err != nil {
		t.Fatal(err)
	}
	p := o.producer(false)
	for i := range 500 {
		p.log(slog.LevelInfo, time.Now(), payload(p, i%4, 5000, i))
	}
	closed := o.Close()
	o.checkClosed(closed)
	if closed != nil {
		t.Errorf("Close: %v", closed)
	}
	if n := cutter.left.Load(); n > 0 {
		t.Errorf("%d connections were not cut", n)
	}
	o.report(t)
	t.Log(figures(o.Stats()))
	web.Close()
	srv.Close()
	wantGoroutines(t, before)
}

// cutter is a listener that cuts the first connections in the middle of a body.
type cutter struct {
	net.Listener
	left atomic.Int64
}

func (l *cutter) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn, cutter: l}, nil
}

// cutConn is read by one goroutine at a time.
type cutConn struct {
	net.Conn
	cutter *cutter
	read   int
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read += n
	const middle = 100 << 10 // of a body of a megabyte
	if c.read > middle && c.cutter.left.Add(-1) >= 0 {
		c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}
