package endpoint_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// half reads a response that is cut in the middle.
func half(t *testing.T, srv *cloudwatchtest.Server, operation, body string) (res *http.Response, got string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/", strings.NewReader(body))
	must(t, err)
	req.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	res, err = srv.Client().Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != io.ErrUnexpectedEOF {
		t.Errorf("the body ends with %v, want io.ErrUnexpectedEOF", err)
	}
	return res, string(b)
}

func TestCutMiddle(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		whole := post(t, srv, "DescribeLogGroups", "{}").body
		remove := srv.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutMiddle, DateOffset: time.Hour})
		res, got := half(t, srv, "DescribeLogGroups", "{}")
		if res.StatusCode != 200 || res.ContentLength != int64(len(whole)) || got != whole[:len(whole)/2] {
			t.Errorf("status %d, length %d, body %q; want half of %q", res.StatusCode, res.ContentLength, got, whole)
		}
		if at, err := http.ParseTime(res.Header.Get("Date")); err != nil || time.Until(at) < 59*time.Minute || res.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("header: %v", res.Header)
		}
		if r := srv.Requests()[1]; r.Status != 200 || !r.Committed {
			t.Errorf("request log: %+v", r)
		}

		// An error is cut as well, and has no effect.
		res, got = half(t, srv, "CreateLogGroup", "{}")
		if res.StatusCode != 400 || !strings.HasPrefix(got, `{"__type":"`) {
			t.Errorf("status %d, body %q", res.StatusCode, got)
		}
		if r := srv.Requests()[2]; r.Status != 400 || r.Code != invalid || r.Committed {
			t.Errorf("request log: %+v", r)
		}

		// Without a body there is nothing to cut.
		_, err := c.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("new")})
		wantCut(t, err)
		if _, ok := srv.LogGroup("new"); !ok {
			t.Error("the request had no effect")
		}
		if r := srv.Requests()[3]; r.Status != 0 || !r.Committed {
			t.Errorf("request log: %+v", r)
		}

		// The real client takes half a response for a failure.
		_, err = c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		if err == nil || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the SDK returns %v", err)
		}
		if got := srv.Messages("g", "s"); !slices.Equal(got, []string{"x"}) {
			t.Errorf("got %q, want the event of the cut request", got)
		}
		remove()
		put(t, c, "y")
	})
}

func TestRetryAfter(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		for after, want := range map[time.Duration]string{
			0:                        "",
			-time.Second:             "",
			1:                        "1",
			time.Second:              "1",
			time.Second + 1:          "2",
			90 * time.Second:         "90",
			time.Duration(1<<63 - 1): "9223372037",
			5*time.Minute - ms:       "300",
		} {
			e := cloudwatchtest.Throttled()
			e.RetryAfter = after
			srv.Inject(cloudwatchtest.Fault{Times: 1, Error: e})
			e.RetryAfter = 17 * time.Hour // the fault has a copy
			a := post(t, srv, "DescribeLogGroups", "{}")
			got, sent := a.header["Retry-After"]
			if code, _ := a.error(t); code != "ThrottlingException" || sent != (want != "") || sent && got[0] != want {
				t.Errorf("%v: %d %q, Retry-After is %q, want %q", after, a.status, code, got, want)
			}
		}
		e := cloudwatchtest.ServiceUnavailable()
		e.RetryAfter = time.Minute
		srv.Inject(cloudwatchtest.Fault{Times: 1, Error: e})
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		var res *smithyhttp.ResponseError
		if !errors.As(err, &res) || res.HTTPStatusCode() != 503 || res.Response.Header.Get("Retry-After") != "60" {
			t.Errorf("the SDK returns %v", err)
		}
		if a := post(t, srv, "DescribeLogGroups", "{}"); a.status != 200 || a.header.Get("Retry-After") != "" {
			t.Errorf("the next response: %+v", a)
		}
	})
}

func TestStatusAndBodyOfAFault(t *testing.T) {
	const portal = "<html><title>Please log in</title></html>"
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		for i, body := range []string{portal, ""} {
			text := body
			remove := srv.Inject(cloudwatchtest.Fault{Body: &text, DateOffset: -time.Hour})
			text = "changed" // the fault has a copy
			a := post(t, srv, "PutLogEvents", encode(t, map[string]any{"logGroupName": "g", "logStreamName": "s",
				"logEvents": []any{map[string]any{"timestamp": time.Now().UnixMilli(), "message": "x"}}}))
			if a.status != 200 || a.body != body || a.header.Get("Content-Type") != "text/html" {
				t.Errorf("got %+v", a)
			}
			for name := range a.header {
				if strings.HasPrefix(name, "X-Amz") {
					t.Errorf("the response has the header %s", name)
				}
			}
			if at, err := http.ParseTime(a.header.Get("Date")); err != nil || time.Until(at) > -59*time.Minute {
				t.Errorf("Date is %q", a.header.Get("Date"))
			}
			if r := srv.Requests()[i*3]; r.Status != 200 || r.Code != "" || r.Committed || r.Events != 1 {
				t.Errorf("request log: %+v", r)
			}
			// It comes before the rules, like every fault.
			if a := post(t, srv, "NoSuchOperation", "{"); a.status != 200 || a.body != body {
				t.Errorf("got %+v", a)
			}
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			if body != "" && err == nil {
				t.Error("the SDK accepts a web page")
			}
			remove()
		}
		if srv.Events("g", "s") != nil {
			t.Error("a request had an effect")
		}
		put(t, c, "x")
	})
}

// TestOrderOfFaultParts checks which field of a fault takes precedence.
func TestOrderOfFaultParts(t *testing.T) {
	body := "portal"
	none := 0
	parts := cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.ServiceUnavailable(), Body: &body, Rejected: &cloudwatchtest.RejectedInfo{TooNewStart: &none}}
	for _, r := range []struct {
		name      string
		change    func(*cloudwatchtest.Fault)
		status    int // in the request log
		committed bool
		rejected  int
	}{
		{"Error before Body", func(f *cloudwatchtest.Fault) {}, 503, false, 0},
		{"Body before Rejected", func(f *cloudwatchtest.Fault) { f.Error = nil }, 200, false, 0},
		{"CutBefore before Error", func(f *cloudwatchtest.Fault) { f.Cut = cloudwatchtest.CutBefore }, 0, false, 0},
		{"CutAfter after Rejected", func(f *cloudwatchtest.Fault) { f.Cut = cloudwatchtest.CutAfter }, 0, true, 2},
		{"CutMiddle after Rejected", func(f *cloudwatchtest.Fault) { f.Cut = cloudwatchtest.CutMiddle }, 200, true, 2},
	} {
		t.Run(r.name, func(t *testing.T) {
			srv, c := ready(t)
			f := parts
			r.change(&f)
			srv.Inject(f)
			if _, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x", "y")); err == nil {
				t.Error("the client got a response")
			}
			got := srv.Requests()[0]
			if got.Status != r.status || got.Committed != r.committed || got.Rejected != r.rejected || srv.Events("g", "s") != nil {
				t.Errorf("request log %+v, want status %d, committed %v, rejected %d", got, r.status, r.committed, r.rejected)
			}
		})
	}
}
