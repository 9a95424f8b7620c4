package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// watched returns an HTTP client that counts its connections and the bytes read from them.
func watched(t *testing.T) (client *http.Client, dialed, read *atomic.Int64) {
	dialed, read = new(atomic.Int64), new(atomic.Int64)
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		dialed.Add(1)
		return countedConn{c, read}, err
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}, dialed, read
}

type countedConn struct {
	net.Conn
	read *atomic.Int64
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// abandoned sends a request that gets no response: it is canceled some time after the server has
// received it.
func abandoned(t *testing.T, srv *cloudwatchtest.Server, after time.Duration, request func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := srv.RequestCount("")
	failed := make(chan error, 1)
	go func() { failed <- request(ctx) }()
	waitForRequests(t, srv, before+1)
	select {
	case err := <-failed:
		t.Errorf("got %v, want no response", err)
	case <-time.After(after):
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(ms) {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

func TestSilentConnection(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	client, dialed, read := watched(t)
	c := cloudwatchlogs.NewFromConfig(srv.Config(), func(o *cloudwatchlogs.Options) {
		o.Retryer, o.HTTPClient = aws.NopRetryer{}, client
	})
	put(t, c, "a")
	for i, r := range []struct {
		cut    cloudwatchtest.Cut
		stored bool
	}{
		{cloudwatchtest.CutNone, false},
		{cloudwatchtest.CutBefore, false},
		{cloudwatchtest.CutAfter, true},
		{cloudwatchtest.CutMiddle, true},
	} {
		srv.Inject(cloudwatchtest.Fault{Times: 1, Silent: true, Cut: r.cut})
		before := read.Load()
		stored := len(srv.Events("g", "s"))
		abandoned(t, srv, 100*ms, func(ctx context.Context) error {
			_, err := c.PutLogEvents(ctx, batch(time.Now(), "x"))
			return err
		})
		if r.stored {
			eventually(t, "the request took effect", func() bool { return len(srv.Events("g", "s")) == stored+1 })
		} else if len(srv.Events("g", "s")) != stored {
			t.Errorf("cut %d: the request took effect", r.cut)
		}
		if got := read.Load() > before; got != (r.cut == cloudwatchtest.CutMiddle) {
			t.Errorf("cut %d: %d bytes came", r.cut, read.Load()-before)
		}
		if dialed.Load() != int64(i+1) {
			t.Errorf("cut %d: %d connections", r.cut, dialed.Load())
		}
		put(t, c, "y") // over a new connection
	}
}

// In memory, every request is a connection.
func TestSilentConnectionInMemory(t *testing.T) {
	srv, c := ready(t)
	srv.Inject(cloudwatchtest.Fault{Times: 1, Silent: true, Cut: cloudwatchtest.CutAfter})
	srv.Inject(cloudwatchtest.Fault{Times: 1, Silent: true, Cut: cloudwatchtest.CutMiddle})
	abandoned(t, srv, 100*ms, func(ctx context.Context) error {
		_, err := c.PutLogEvents(ctx, batch(time.Now(), "x"))
		return err
	})
	eventually(t, "the request took effect", func() bool { return len(srv.Events("g", "s")) == 1 })
	res := begin(t, srv, "DescribeLogGroups", "{}")
	first(t, res, int(res.ContentLength/2))
	put(t, c, "y")
}

// All requests of the connection hang, including those that no fault applies to, and pings are not
// answered.
func TestSilentConnectionUnderHTTP2(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	must(t, srv.CreateLogGroup("g"))
	ts := httptest.NewUnstartedServer(srv)
	ts.Listener = srv.Listener(ts.Listener)
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()

	dialed := new(atomic.Int64)
	tr := ts.Client().Transport.(*http.Transport).Clone()
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed.Add(1)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	defer tr.CloseIdleConnections()
	ask := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, ts.URL, strings.NewReader("{}"))
		must(t, err)
		req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
		res, err := tr.RoundTrip(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != 200 {
			t.Errorf("%s %s", res.Proto, res.Status)
		}
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	must(t, ask(t.Context()))
	// A request in flight when the connection is silenced, the one that silences it, and a later
	// one.
	srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Second})
	srv.Inject(cloudwatchtest.Fault{Times: 1, Silent: true})
	abandoned(t, srv, 1500*ms, func(ctx context.Context) error {
		inFlight := make(chan error, 1)
		go func() { inFlight <- ask(ctx) }()
		waitForRequests(t, srv, 2)
		err := ask(ctx)
		if got := <-inFlight; got != err {
			t.Errorf("the request in flight got %v", got)
		}
		return err
	})
	later, cancel := context.WithTimeout(t.Context(), 100*ms)
	defer cancel()
	if err := ask(later); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a later request got %v", err)
	}
	if n := dialed.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}

	// A client that pings detects the dead connection, and a new one works.
	tr2 := tr.Clone()
	tr2.HTTP2 = &http.HTTP2Config{SendPingTimeout: 50 * ms, PingTimeout: 50 * ms}
	tr = tr2
	defer tr2.CloseIdleConnections()
	must(t, ask(t.Context()))
	srv.Inject(cloudwatchtest.Fault{Times: 1, Silent: true})
	patient, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := ask(patient); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want an error for a dead connection", err)
	}
	must(t, ask(t.Context()))
	if n := dialed.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestSilentConnectionEndsWithClose(t *testing.T) {
	for _, cut := range []cloudwatchtest.Cut{cloudwatchtest.CutBefore, cloudwatchtest.CutMiddle} {
		both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
			srv.Inject(cloudwatchtest.Fault{Silent: true, Cut: cut})
			failed := make(chan error, 1)
			go func() {
				_, err := sdk(srv).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
				failed <- err
			}()
			waitForRequests(t, srv, 1)
			start := time.Now()
			must(t, srv.Close())
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("Close took %v", d)
			}
			if err := <-failed; err == nil {
				t.Error("the client got a response")
			}
		})
	}
}

// A silenced connection counts for [cloudwatchtest.Options.MaxConnections] until its client closes
// it.
func TestSilentConnectionCountsUntilClosed(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{MaxConnections: 2})
	srv.Inject(cloudwatchtest.Fault{Times: 5, Silent: true})
	client, _, _ := watched(t)
	for range 5 {
		abandoned(t, srv, 100*ms, func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader("{}"))
			must(t, err)
			_, err = client.Do(req)
			return err
		})
	}
	if a := post(t, srv, "DescribeLogGroups", "{}"); a.status != 200 {
		t.Errorf("got %+v", a)
	}
}
