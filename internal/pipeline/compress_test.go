package pipeline_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestCompress(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Compress: true})
		testkit.MustCreate(t, f.Server)
		want := f.Logged(1000)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
		r := f.Server.Requests()[0]
		if r.Status != 200 || r.BodyBytes*3 > r.Bytes {
			t.Errorf("%d counted bytes were sent as %d, status %d", r.Bytes, r.BodyBytes, r.Status)
		}
		if s := f.Stats(); s.SentBytes != int64(r.BodyBytes) || s.DeliveredBytes != int64(r.Bytes) {
			t.Errorf("%+v", s)
		}
	})
}

// An endpoint that does not take gzip, or something on the way, gets the same events
// without, and so all later ones.
func TestCompressFallsBack(t *testing.T) {
	page := func(status int) testkit.RoundTripper {
		return func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return &http.Response{
				StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{"Content-Type": {"text/html"}},
				Body: io.NopCloser(strings.NewReader("<html><body><h1>Something is wrong</h1></body></html>")),
			}, nil
		}
	}
	coded := func(status int, code string) testkit.RoundTripper {
		return func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return &http.Response{
				StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
				Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Requestid": {"r"}},
				Body:   io.NopCloser(strings.NewReader(`{"__type":"` + code + `","message":"no"}`)),
			}, nil
		}
	}
	for name, refusal := range map[string]testkit.RoundTripper{
		"cannot decode":                coded(400, "MalformedHttpRequestException"),
		"took it for JSON":             coded(400, "SerializationException"),
		"unsupported media type":       coded(415, ""),
		"a page, bad request":          page(400),
		"a page, forbidden":            page(403),
		"a page, not acceptable":       page(406),
		"a page, unsupported":          page(415),
		"a page, unprocessable":        page(422),
		"a page, internal error":       page(500),
		"a page, not implemented":      page(501),
		"an internal error, no reason": coded(500, ""),
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				send := cfg.HTTPClient
				refusals := 0
				cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Header.Get("Content-Encoding") != "" {
						refusals++
						return refusal(r)
					}
					return send.Do(r)
				})}
				f := testkit.NewOn(t, srv, cloudwatch.Options{Config: &cfg, LogStream: testkit.Stream, Compress: true})
				testkit.MustCreate(t, f.Server)
				var want []string
				for range 3 {
					want = append(want, f.Logged(1000)...)
					f.FlushWithin(2 * time.Second)
				}
				f.WantMessages(want...)
				if s := f.Stats(); s.Rejected.Total() != 0 || f.Server.RequestCount("PutLogEvents") != 3 || refusals != 1 {
					t.Errorf("%d refusals, %+v", refusals, s)
				}
			})
		})
	}
}

// What is refused without compression as well is not refused because of it: the bad event
// is found, and later bodies are compressed.
func TestCompressIsNotToBlame(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Compress: true})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{
			Message: func(text string) bool { return text == "message 500" },
			Error:   &cloudwatchtest.APIError{Status: 400, Code: "SerializationException", Message: "no"},
		})
		want := f.Logged(1000)
		f.FlushWithin(time.Minute)
		want = append(want, f.Logged(1000)...)
		f.FlushWithin(time.Minute)
		f.WantMessages(slices.DeleteFunc(want, func(text string) bool { return text == "message 500" })...)
		if s := f.Stats(); s.Rejected.Total() != 1 {
			t.Errorf("%+v", s)
		}
		requests := f.Server.Requests()
		if r := requests[len(requests)-1]; r.Status != 200 || r.BodyBytes*3 > r.Bytes {
			t.Errorf("at last, %d counted bytes were sent as %d, status %d", r.Bytes, r.BodyBytes, r.Status)
		}
	})
}

// Once the endpoint has taken compressed bodies, a fault of the service does not end that.
func TestCompressGoesOnAfterAFault(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Compress: true})
		testkit.MustCreate(t, f.Server)
		f.Logged(1000)
		f.FlushWithin(time.Minute)
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 2, Error: &cloudwatchtest.APIError{Status: 500, Message: "no"}})
		f.Logged(1000)
		f.FlushWithin(time.Minute)
		for _, r := range f.Server.Requests() {
			if r.Operation == "PutLogEvents" && r.BodyBytes*3 > r.Bytes {
				t.Errorf("%d counted bytes were sent as %d, status %d", r.Bytes, r.BodyBytes, r.Status)
			}
		}
	})
}

// A body that does not get smaller is sent as it is.
func TestCompressLeavesSmallBodies(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Compress: true})
		testkit.MustCreate(t, f.Server)
		f.W.WriteString("x\n")
		f.FlushWithin(time.Second)
		f.WantMessages("x")
	})
}
