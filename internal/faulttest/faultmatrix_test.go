package faulttest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The fault matrix has a row for each way in which the world lets a handler
// down. Each row checks what is special about its fault. How it ends is the same
// for all: the fault is over, everything recovers, and the oracle goes through
// the books; see scene.end.

// faultRow is a fault, and what happens under it.
type faultRow struct {
	recipe int // of the list of faults in docs/reliability.md
	fault  string
	opts   cloudwatch.Options
	run    func(c *faultScene)
}

// faultScene is a row being run.
type faultScene struct {
	*scene
	*testing.T
	net *network
}

// runFaults runs the rows one after the other: what they measure of memory and
// goroutines is the whole process's.
func runFaults(t *testing.T, rows []faultRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(fmt.Sprintf("%d %s", row.recipe, row.fault), func(t *testing.T) {
			testkit.Bubble(t, row.runIn)
		})
	}
}

func (row *faultRow) runIn(t *testing.T) {
	before := runtime.NumGoroutine()
	srv := cloudwatchtest.New()
	n := &network{endpoint: srv.Transport()}
	cfg := srv.Config()
	if row.opts.Config != nil {
		cfg.Credentials = row.opts.Config.Credentials
		cfg.Logger, cfg.ClientLogMode = row.opts.Config.Logger, row.opts.Config.ClientLogMode
	}
	cfg.HTTPClient = &http.Client{Transport: n}
	opts := row.opts
	opts.Config = &cfg
	o, err := newOracle(srv, opts, false)
	if err != nil {
		t.Fatal(err)
	}
	c := &faultScene{newScene(o, srv), t, n}
	row.run(c)
	c.end()
	srv.Close()
	c.report(t)
	synctest.Wait()
	wantGoroutines(t, before)
}

// wantGoroutines fails if there are more than before. The runtime counts one for
// a moment after it has ended.
func wantGoroutines(t *testing.T, before int) {
	t.Helper()
	var after int
	for range 100_000 {
		if after = runtime.NumGoroutine(); after <= before {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines after Close, %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
}

// network carries requests to the endpoint, unless there is trouble.
type network struct {
	endpoint http.RoundTripper
	trouble  atomic.Pointer[testkit.RoundTripper]
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if trouble := n.trouble.Load(); trouble != nil {
		if r.Body != nil {
			defer r.Body.Close()
		}
		return (*trouble)(r)
	}
	return n.endpoint.RoundTrip(r)
}

// disturb has the trouble carry requests until the function returned is called,
// or the row ends.
func (c *faultScene) disturb(trouble testkit.RoundTripper) (end func()) {
	c.net.trouble.Store(&trouble)
	end = func() { c.net.trouble.Store(nil) }
	c.faults = append(c.faults, end)
	return end
}

// inject is that of the endpoint. The fault ends with the row at the latest.
func (c *faultScene) inject(f cloudwatchtest.Fault) (end func()) {
	end = c.srv.Inject(f)
	c.faults = append(c.faults, end)
	return end
}

// logs logs n events at INFO, one each pause.
func (c *faultScene) logs(p *producer, n int, pause time.Duration) {
	for i := range n {
		began := time.Now()
		if err := p.log(slog.LevelInfo, began, payload(p, 0, 50, i)); err != nil {
			c.Errorf("log call: %v", err)
		}
		if took := time.Since(began); took != 0 {
			c.Errorf("a log call took %v", took)
		}
		time.Sleep(pause)
	}
}

// settled waits until nothing is pending.
func (c *faultScene) settled(within time.Duration) {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := c.Handler.Flush(ctx); err != nil {
		c.Fatalf("Flush: %v", err)
	}
}

// puts are the PutLogEvents requests since the time given, as far as the oracle
// has not collected them.
func (c *faultScene) puts(since time.Time) (puts []cloudwatchtest.Request) {
	for _, r := range c.srv.Requests() {
		if r.Operation == "PutLogEvents" && !r.Time.Before(since) {
			puts = append(puts, r)
		}
	}
	return puts
}

// wantFew fails if there were more attempts since the time of the statistics.
func (c *faultScene) wantFew(most int64, since cloudwatch.Stats) {
	c.Helper()
	n := c.Stats().Requests - since.Requests
	c.Logf("%d requests", n)
	if n > most {
		c.Errorf("%d requests, want at most %d", n, most)
	}
}

// wantKept fails if anything is lost so far, or nobody was told of the failures.
func (c *faultScene) wantKept(pending int64) {
	c.Helper()
	s := c.Stats()
	if s.Pending != pending || s.Rejected.Total()+s.Dropped.Total() != 0 || s.LastError == nil {
		c.Errorf("want %d pending and a last error: %s", pending, figures(s))
	}
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails == 0 {
		c.Error("OnError was told nothing")
	}
}

// refusal is what an answer of the service says in an error.
func refusal(code string) *cloudwatchtest.APIError {
	return &cloudwatchtest.APIError{Status: http.StatusBadRequest, Code: code, Message: scripted}
}

// errorAnswer is an error of the service, made on the way to it.
func errorAnswer(r *http.Request, status int, code string) *http.Response {
	body := `{"__type":"` + code + `","message":"` + scripted + `"}`
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}
