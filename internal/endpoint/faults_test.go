package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// bothReady is both, with the stream g/s and a client.
func bothReady(t *testing.T, test func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client)) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		test(t, srv, sdk(srv))
	})
}

func TestErrorFaults(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		for _, e := range []*cloudwatchtest.APIError{
			cloudwatchtest.Throttled(),
			cloudwatchtest.ServiceUnavailable(),
			cloudwatchtest.InternalFailure(),
			cloudwatchtest.ExpiredToken(),
			cloudwatchtest.UnrecognizedClient(),
			cloudwatchtest.AccessDenied("PutLogEvents"),
			{Status: 400, Code: "OperationAbortedException", Message: "mine"},
		} {
			srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, Error: e})
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			wantAPIError(t, err, e.Code, e.Message)
			var res *smithyhttp.ResponseError
			if !errors.As(err, &res) || res.HTTPStatusCode() != e.Status {
				t.Errorf("got %v, want status %d", err, e.Status)
			}
			r := srv.Requests()[srv.RequestCount("")-1]
			if r.Status != e.Status || r.Code != e.Code || r.Message != e.Message || r.Committed || r.Events != 1 {
				t.Errorf("request log: %+v", r)
			}
		}
		if srv.Events("g", "s") != nil {
			t.Error("a refused request had an effect")
		}
		put(t, c, "x") // each fault applied to one request
	})
}

func TestCutBefore(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutBefore})
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		wantCut(t, err)
		if srv.Events("g", "s") != nil {
			t.Error("the request took effect")
		}
		if r := srv.Requests()[0]; r.Status != 0 || r.Committed || r.Events != 1 {
			t.Errorf("request log: %+v", r)
		}
		put(t, c, "y")
	})
}

func TestCutAfter(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Times: 2, Cut: cloudwatchtest.CutAfter})
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		wantCut(t, err)
		if got := srv.Messages("g", "s"); !slices.Equal(got, []string{"x"}) {
			t.Errorf("got %q, want the event of the cut request", got)
		}
		if r := srv.Requests()[0]; r.Status != 0 || !r.Committed || r.Code != "" {
			t.Errorf("request log: %+v", r)
		}
		// A request that the rules refuse has no effect, cut or not.
		_, err = c.PutLogEvents(t.Context(), batch(time.Now(), ""))
		wantCut(t, err)
		if r := srv.Requests()[1]; r.Status != 0 || r.Committed {
			t.Errorf("request log: %+v", r)
		}
		put(t, c, "y")
	})
}

// wantCut checks that a connection was dropped without a response.
func wantCut(t *testing.T, err error) {
	t.Helper()
	var answered *smithyhttp.ResponseError
	if err == nil || errors.As(err, &answered) && answered.HTTPStatusCode() != 0 {
		t.Fatalf("got %v, want a dropped connection", err)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want io.EOF or io.ErrUnexpectedEOF", err)
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Times: 1, Hang: true})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := c.PutLogEvents(ctx, batch(time.Now(), "x"))
			failed <- err
		}()
		waitForRequests(t, srv, 1)
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if srv.Events("g", "s") != nil {
			t.Error("the request took effect")
		}
		if r := srv.Requests()[0]; r.Status != 0 || r.Committed {
			t.Errorf("request log: %+v", r)
		}
	})
}

func TestHangEndsWithClose(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Hang: true})
		failed := make(chan error, 1)
		go func() {
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			failed <- err
		}()
		waitForRequests(t, srv, 1)
		must(t, srv.Close())
		wantCut(t, <-failed)
	})
}

// waitForRequests waits, without timers, until the server has n requests.
func waitForRequests(t *testing.T, srv *cloudwatchtest.Server, n int) {
	t.Helper()
	for srv.RequestCount("") < n {
		if t.Context().Err() != nil {
			t.Fatal("no request arrived")
		}
		runtime.Gosched()
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Minute})
		start := time.Now()
		put(t, c, "x")
		if d := time.Since(start); d != time.Minute {
			t.Errorf("took %v", d)
		}
		// Events are classified and stamped when they are handled, not when they arrive.
		if e := srv.Events("g", "s")[0]; e.IngestionTime.Sub(start) != time.Minute {
			t.Errorf("ingested at %v", e.IngestionTime)
		}

		srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Minute, Error: cloudwatchtest.Throttled()})
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		wantAPIError(t, err, "ThrottlingException", "Rate exceeded")
		if d := time.Since(start); d != 2*time.Minute {
			t.Errorf("the error arrived after %v", d)
		}

		srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.PutLogEvents(ctx, batch(time.Now(), "late"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Minute+time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		time.Sleep(2 * time.Hour)
		if n := len(srv.Events("g", "s")); n != 1 {
			t.Errorf("%d events: the client was gone, but its request took effect", n)
		}
	})
}

func TestDelayOverASocket(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: 20 * ms})
	start := time.Now()
	put(t, sdk(srv), "x")
	if d := time.Since(start); d < 20*ms {
		t.Errorf("took %v", d)
	}
	srv.Inject(cloudwatchtest.Fault{Delay: time.Hour})
	failed := make(chan error, 1)
	go func() {
		_, err := sdk(srv).PutLogEvents(t.Context(), batch(time.Now(), "x"))
		failed <- err
	}()
	waitForRequests(t, srv, 2)
	must(t, srv.Close())
	wantCut(t, <-failed)
}

func TestDateOffset(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Times: 2, DateOffset: -20 * time.Minute})
		out, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		must(t, err)
		at, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
		if off := time.Until(at); !ok || off > -19*time.Minute || off < -21*time.Minute {
			t.Errorf("the server's clock is off by %v", off)
		}
		if len(srv.Events("g", "s")) != 1 {
			t.Error("the request was not handled")
		}
		_, err = c.PutLogEvents(t.Context(), batch(time.Now(), ""))
		wantAPIError(t, err, invalid, "") // errors carry the wrong date too
		if srv.RequestCount("PutLogEvents") != 2 {
			t.Error("the second fault was not used")
		}
		out, err = c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		must(t, err)
		if at, _ := awsmiddleware.GetServerTime(out.ResultMetadata); time.Since(at).Abs() > time.Minute {
			t.Errorf("the server's clock is still off by %v", time.Until(at))
		}
	})
}

func TestFaultOrderMatchAndRemoval(t *testing.T) {
	srv, c := ready(t)
	send := func(message string) string {
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), message))
		var e interface{ ErrorCode() string }
		if errors.As(err, &e) {
			return e.ErrorCode()
		}
		must(t, err)
		return ""
	}
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	first := &cloudwatchtest.APIError{Status: 400, Code: "First", Message: "1"}
	srv.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Error: cloudwatchtest.Throttled()}) // applies to no request here
	removeBig := srv.Inject(cloudwatchtest.Fault{Error: first, Match: func(r cloudwatchtest.Request) bool {
		if r.Status != 0 || r.LogStream != "s" {
			t.Errorf("Match sees %+v", r)
		}
		return r.Bytes > 100+26 && srv.RequestCount("") > 0 // may call the server
	}})
	first.Code = "Changed" // the fault has a copy
	srv.Inject(cloudwatchtest.Fault{Times: 1, Error: &cloudwatchtest.APIError{Status: 400, Code: "Second"}})
	removeThird := srv.Inject(cloudwatchtest.Fault{Error: &cloudwatchtest.APIError{Status: 400, Code: "Third"}})

	big := string(make([]byte, 101))
	want(send(big), "First")
	want(send("x"), "Second")
	want(send("x"), "Third")
	want(send(big), "First")
	removeBig()
	removeBig()
	want(send(big), "Third")
	removeThird()
	want(send(big), "")
}

func TestFaultTimesUnderConcurrency(t *testing.T) {
	srv, c := ready(t)
	srv.Inject(cloudwatchtest.Fault{Times: 10, Error: cloudwatchtest.Throttled(), Match: func(cloudwatchtest.Request) bool { return true }})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			srv.Inject(cloudwatchtest.Fault{Operation: "none"})()
		})
	}
	wg.Wait()
	if n := len(srv.Events("g", "s")); n != 30 {
		t.Errorf("%d events, want 30", n)
	}
	throttled := 0
	for _, r := range srv.Requests() {
		if r.Code == "ThrottlingException" {
			throttled++
		}
	}
	if throttled != 10 {
		t.Errorf("%d throttled, want 10", throttled)
	}
}

// A fault can apply to every batch that contains a certain event.
func TestMessageFaultFollowsAnEvent(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		var mu sync.Mutex
		var seen []string
		remove := srv.Inject(cloudwatchtest.Fault{
			Error: &cloudwatchtest.APIError{Status: 400, Code: invalid, Message: "no"},
			Match: func(r cloudwatchtest.Request) bool { return r.Events < 4 },
			Message: func(m string) bool {
				srv.RequestCount("") // may call the server
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, m)
				return m == "poison"
			},
		})
		for _, r := range []struct {
			batch   []string
			refused bool
			seen    []string // not more than necessary
		}{
			{[]string{"a", "b"}, false, []string{"a", "b"}},
			{[]string{"poison"}, true, []string{"poison"}},
			{[]string{"c", "poison", "d"}, true, []string{"c", "poison"}},
			{[]string{"poison2"}, false, []string{"poison2"}},
			{[]string{"e", "f", "g", "poison"}, false, nil}, // Match returns false
		} {
			seen = nil
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), r.batch...))
			if r.refused {
				wantAPIError(t, err, invalid, "no")
			} else {
				must(t, err)
			}
			if !slices.Equal(seen, r.seen) {
				t.Errorf("%q: Message was called with %q, want %q", r.batch, seen, r.seen)
			}
		}
		// Other operations, and requests that cannot be decoded, contain no message.
		_, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
		must(t, err)
		if code, _ := post(t, srv, "PutLogEvents", "{").error(t); code != "SerializationException" {
			t.Errorf("got %s", code)
		}
		remove()
		put(t, c, "poison")
		want := []string{"a", "b", "poison2", "e", "f", "g", "poison", "poison"}
		if got := srv.Messages("g", "s"); !slices.Equal(got, want) {
			t.Errorf("stored %q, want %q", got, want)
		}
	})
}

// Faults apply before the rules.
func TestFaultsApplyToUndecodableRequests(t *testing.T) {
	srv, _ := ready(t)
	srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Error: cloudwatchtest.ServiceUnavailable()})
	if a := post(t, srv, "PutLogEvents", "{"); a.status != 503 {
		t.Errorf("got %d", a.status)
	}
}

// The retryer of the real client recovers from faults.
func TestSDKRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, _ := ready(t)
		c := cloudwatchlogs.NewFromConfig(srv.Config())
		srv.Inject(cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.Throttled()})
		srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutAfter})
		put(t, c, "x")
		if got := srv.Messages("g", "s"); !slices.Equal(got, []string{"x", "x"}) {
			t.Errorf("got %q, want the event twice: the response to the first was cut", got)
		}
		if aws.ToString(&srv.URL) != "http://cloudwatch.localhost" || srv.RequestCount("PutLogEvents") != 3 {
			t.Errorf("%d requests to %s", srv.RequestCount("PutLogEvents"), srv.URL)
		}
	})
}

var _ http.Handler = (*cloudwatchtest.Server)(nil)
