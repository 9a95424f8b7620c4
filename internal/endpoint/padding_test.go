package endpoint_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// begin sends a request and leaves the response body to the caller.
func begin(t *testing.T, srv *cloudwatchtest.Server, operation, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/", strings.NewReader(body))
	must(t, err)
	req.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := srv.Client().Do(req)
	must(t, err)
	return res
}

// first reads n bytes of a body and closes it.
func first(t *testing.T, res *http.Response, n int) string {
	t.Helper()
	defer res.Body.Close()
	b := make([]byte, n)
	if got, err := io.ReadFull(res.Body, b); err != nil {
		t.Fatalf("the body ends after %d bytes: %v", got, err)
	}
	return string(b)
}

func TestEndlessPadding(t *testing.T) {
	page := "<p>blocked</p>"
	for _, r := range []struct {
		name      string
		fault     cloudwatchtest.Fault
		status    int
		begins    string
		filler    string
		service   bool // it has the headers of the service
		committed bool
	}{
		{"a response of the service", cloudwatchtest.Fault{}, 200, `{"logGroups":[{`, " ", true, true},
		{"an error of the service", cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()}, 400, `{"__type":"ThrottlingException","message":"Rate exceeded`, "x", true, false},
		{"a page with status 200", cloudwatchtest.Fault{Body: &page}, 200, page, "x", false, false},
		{"a page with status 403", cloudwatchtest.Fault{Body: &page, Status: 403}, 403, page, "x", false, false},
	} {
		t.Run(r.name, func(t *testing.T) {
			bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, _ *cloudwatchlogs.Client) {
				r.fault.Padding = cloudwatchtest.Endless
				remove := srv.Inject(r.fault)
				res := begin(t, srv, "DescribeLogGroups", "{}")
				body := first(t, res, 8<<20)
				if res.StatusCode != r.status || res.ContentLength != -1 || !strings.HasPrefix(body, r.begins) || !strings.HasSuffix(body, strings.Repeat(r.filler, 1<<20)) {
					t.Errorf("status %d, length %d, body %.80q", res.StatusCode, res.ContentLength, body)
				}
				if got := res.Header.Get("X-Amzn-Requestid") != ""; got != r.service {
					t.Errorf("header: %v", res.Header)
				}
				if got := srv.Requests()[0]; got.Status != r.status || got.Committed != r.committed {
					t.Errorf("request log: %+v", got)
				}
				remove()
				if a := post(t, srv, "DescribeLogGroups", "{}"); a.status != 200 {
					t.Errorf("the next response: %+v", a)
				}
			})
		})
	}
}

// Close also ends the response of a client that has stopped reading.
func TestEndlessPaddingEndsWithClose(t *testing.T) {
	for name, drip := range map[string]time.Duration{"flood": 0, "drip": time.Hour} {
		t.Run(name, func(t *testing.T) {
			bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
				srv.Inject(cloudwatchtest.Fault{Padding: cloudwatchtest.Endless, Drip: drip})
				res := begin(t, srv, "DescribeLogGroups", "{}")
				defer res.Body.Close()
				failed := make(chan error, 1)
				if drip > 0 { // the SDK reads to the end
					go func() {
						_, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
						failed <- err
					}()
					waitForRequests(t, srv, 2)
				} else {
					failed <- io.ErrUnexpectedEOF
				}
				start := time.Now()
				must(t, srv.Close())
				if d := time.Since(start); d > 10*time.Second {
					t.Errorf("Close took %v", d)
				}
				if _, err := io.Copy(io.Discard, res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the body ends with %v", err)
				}
				<-failed
			})
		})
	}
}

func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, _ := ready(t)
		srv.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Padding: 90, Drip: time.Second})
		start := time.Now()
		a := post(t, srv, "CreateLogGroup", `{"logGroupName":"new"}`)
		if a.status != 200 || a.body != strings.Repeat(" ", 90) || time.Since(start) != 90*time.Second {
			t.Errorf("got %+v after %v", a, time.Since(start))
		}
		srv.Inject(cloudwatchtest.Fault{Padding: cloudwatchtest.Endless, Drip: time.Minute})
		res := begin(t, srv, "DescribeLogGroups", "{}")
		if got := first(t, res, len(`{"logGroups":[`)); got != `{"logGroups":[` {
			t.Errorf("got %q", got)
		}
		synctest.Wait() // no goroutine may be left at the end of the bubble
	})
}

// The text is valid, and never in memory as a whole.
func TestHugeErrorText(t *testing.T) {
	const size = 100_000_000
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Operation: "DescribeLogGroups", Error: cloudwatchtest.AccessDenied("DescribeLogGroups"), Padding: size})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res := begin(t, srv, "DescribeLogGroups", "{}")
		defer res.Body.Close()
		var head, tail bytes.Buffer
		_, err := io.CopyN(&head, res.Body, 1000)
		must(t, err)
		n, err := io.CopyN(io.Discard, res.Body, size-1000)
		must(t, err)
		_, err = io.Copy(&tail, res.Body)
		must(t, err)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%d bytes were allocated", grown)
		}
		got := rawResponse{res.StatusCode, res.Header, head.String() + tail.String()}
		code, message := got.error(t)
		if code != "AccessDeniedException" || !strings.HasSuffix(message, strings.Repeat("x", 100)) || !strings.HasSuffix(got.body, `x"}`) {
			t.Errorf("got %s: %.200s", code, message)
		}
		if whole := 1000 + int(n) + tail.Len(); whole < size+100 || whole > size+1000 {
			t.Errorf("%d bytes", whole)
		}

		srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Error: cloudwatchtest.Throttled(), Padding: 100_000})
		_, err = c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
		wantAPIError(t, err, "ThrottlingException", "Rate exceeded"+strings.Repeat("x", 100_000))
		if r := srv.Requests()[1]; r.Message != "Rate exceeded" {
			t.Errorf("request log: %.80s", r.Message)
		}
	})
}

func TestGzipBomb(t *testing.T) {
	const size = 50_000_000
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, _ *cloudwatchlogs.Client) {
		plain := post(t, srv, "DescribeLogGroups", "{}").body
		srv.Inject(cloudwatchtest.Fault{Padding: size, Gzip: true})

		// A client that requests gzip itself gets the compressed body.
		res := begin(t, srv, "DescribeLogGroups", "{}", "Accept-Encoding", "gzip")
		small, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		must(t, err)
		must(t, res.Body.Close())
		if res.Header.Get("Content-Encoding") != "gzip" || len(small) > size/500 {
			t.Errorf("%d bytes, header: %v", len(small), res.Header)
		}
		z, err := gzip.NewReader(bytes.NewReader(small))
		must(t, err)
		n, err := io.Copy(io.Discard, z)
		if err != nil || n != int64(len(plain)+size) {
			t.Errorf("%d bytes: %v", n, err)
		}

		// Other clients of net/http decompress it.
		res = begin(t, srv, "DescribeLogGroups", "{}")
		if res.Header.Get("Content-Encoding") != "" || !res.Uncompressed || res.ContentLength != -1 {
			t.Errorf("header: %v, length %d", res.Header, res.ContentLength)
		}
		if got := first(t, res, 10<<20); !strings.HasPrefix(got, plain+"    ") {
			t.Errorf("got %.80q", got)
		}
	})
}

// Compression alone changes nothing for a client.
func TestGzipResponse(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Gzip: true})
		put(t, c, "x")
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), ""))
		wantAPIError(t, err, invalid, "")
		if a := post(t, srv, "CreateLogGroup", `{"logGroupName":"new"}`); a.status != 200 || a.body != "" {
			t.Errorf("got %+v", a)
		}
	})
}

// No goroutine is left, even if clients still wait for the rest of their responses.
func TestCloseEndsFaults(t *testing.T) {
	const request = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Logs_20140328.DescribeLogGroups\r\nContent-Length: 2\r\n\r\n{}"
	for name, f := range map[string]cloudwatchtest.Fault{
		"flood":     {Padding: cloudwatchtest.Endless},
		"drip":      {Padding: cloudwatchtest.Endless, Drip: time.Hour},
		"bomb":      {Padding: 1 << 60, Gzip: true},
		"page":      {Status: 403, Padding: cloudwatchtest.Endless},
		"silent":    {Silent: true},
		"half":      {Silent: true, Cut: cloudwatchtest.CutMiddle},
		"lost":      {Silent: true, Cut: cloudwatchtest.CutAfter},
		"unread":    {Status: 413, Unread: true},
		"cut early": {Cut: cloudwatchtest.CutBefore, Unread: true},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			srv, err := cloudwatchtest.NewServer()
			must(t, err)
			srv.Inject(f)
			for range 3 {
				c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
				must(t, err)
				defer c.Close()
				cut := len(request)
				if f.Unread {
					cut--
				}
				_, err = io.WriteString(c, request[:cut])
				must(t, err)
			}
			waitForRequests(t, srv, 3)
			start := time.Now()
			must(t, srv.Close())
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("Close took %v", d)
			}
			eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}
