package endpoint_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Any status, without the headers of the service, and with a wrong date if the fault says so.
func TestResponseOfAnIntermediary(t *testing.T) {
	page, none, object := "<p>no</p>", "", "{}"
	for _, r := range []struct {
		name        string
		fault       cloudwatchtest.Fault
		status      int
		body        string // part of the body
		contentType string
		requestID   string
	}{
		{"a firewall", cloudwatchtest.Fault{Status: 403}, 403, "<h1>403 Forbidden</h1>", "text/html", ""},
		{"a size limit", cloudwatchtest.Fault{Status: 413}, 413, "<h1>413 Request Entity Too Large</h1>", "text/html", ""},
		{"a proxy", cloudwatchtest.Fault{Status: 502, Body: &page}, 502, page, "text/html", ""},
		{"a redirect", cloudwatchtest.Fault{Status: 302, Header: http.Header{"location": {"/login"}}}, 302, "<h1>302 Found</h1>", "text/html", ""},
		{"an unknown status", cloudwatchtest.Fault{Status: 599, Body: &none}, 599, "", "text/html", ""},
		{"no content", cloudwatchtest.Fault{Status: 204, Body: &page}, 204, "", "text/html", ""},
		{"no content, padded and compressed", cloudwatchtest.Fault{Status: 204, Padding: 1000, Gzip: true}, 204, "", "text/html", ""},
		{"not modified", cloudwatchtest.Fault{Status: 304}, 304, "", "", ""},
		{"no content with a request id", cloudwatchtest.Fault{Status: 204, Header: http.Header{"X-Amzn-Requestid": {"1"}}}, 204, "", "text/html", "1"},
		{"partial content with a request id", cloudwatchtest.Fault{Status: 206, Body: &object, Header: http.Header{"X-Amzn-Requestid": {"1"}}}, 206, "{}", "text/html", "1"},
		{"a JSON page", cloudwatchtest.Fault{Body: &object, Header: http.Header{"Content-Type": {"application/json"}}}, 200, "{}", "application/json", ""},
		{"a captive portal", cloudwatchtest.Fault{Status: 200}, 200, "<h1>200 OK</h1>", "text/html", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
				r.fault.DateOffset = -24 * time.Hour
				srv.Inject(r.fault)
				srv.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				a := post(t, srv, "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"x"}]}`)
				if a.status != r.status || !strings.Contains(a.body, r.body) || r.body == "" && a.body != "" {
					t.Errorf("got %d %q", a.status, a.body)
				}
				if a.header.Get("Content-Type") != r.contentType || a.header.Get("X-Amzn-Requestid") != r.requestID || a.header.Get("X-Amzn-ErrorType") != "" {
					t.Errorf("header: %v", a.header)
				}
				if r.status == 302 && a.header.Get("Location") != "/login" {
					t.Errorf("header: %v", a.header)
				}
				if at, err := http.ParseTime(a.header.Get("Date")); err != nil || (time.Since(at)-24*time.Hour).Abs() > time.Hour {
					t.Errorf("Date is %q", a.header.Get("Date"))
				}
				if got := srv.Requests()[0]; got.Status != r.status || got.Code != "" || got.Committed || got.Events != 1 {
					t.Errorf("request log: %+v", got)
				}
				_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
				var res *smithyhttp.ResponseError
				if r.status >= 300 && (!errors.As(err, &res) || res.HTTPStatusCode() != r.status) {
					t.Errorf("the SDK returns %v", err)
				}
				if srv.Events("g", "s") != nil {
					t.Error("a request had an effect")
				}
			})
		})
	}
}

// Headers of the service can be removed or changed.
func TestFaultHeaderChangesResponseHeaders(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, _ *cloudwatchlogs.Client) {
		header := http.Header{"x-amzn-requestid": nil, "Date": {}, "Content-Type": {"application/json"}, "X-Cache": {"miss"}}
		srv.Inject(cloudwatchtest.Fault{Times: 2, Header: header})
		header.Set("X-Cache", "changed") // the fault has a copy
		for operation, status := range map[string]int{"DescribeLogGroups": 200, "CreateLogGroup": 400} {
			a := post(t, srv, operation, "{}")
			if a.status != status || a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Cache") != "miss" {
				t.Errorf("got %+v", a)
			}
			for _, name := range []string{"X-Amzn-Requestid", "Date"} {
				if _, there := a.header[name]; there {
					t.Errorf("%s is %q", name, a.header[name])
				}
			}
		}
		if got := srv.Requests(); !got[0].Committed && !got[1].Committed {
			t.Errorf("request log: %+v", got)
		}
	})
}

// Only requests with a certain message are refused.
func TestFaultMessageActsAsFirewall(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		srv.Inject(cloudwatchtest.Fault{Status: 403, Message: func(m string) bool { return strings.Contains(m, "<script>") }})
		put(t, c, "a", "b")
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "c", "GET /?q=<script>"))
		var res *smithyhttp.ResponseError
		if !errors.As(err, &res) || res.HTTPStatusCode() != 403 || res.Response.Header.Get("Content-Type") != "text/html" {
			t.Errorf("got %v", err)
		}
		put(t, c, "c")
		if got := srv.Messages("g", "s"); strings.Join(got, "") != "abc" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestFaultBodyLimitActsAsProxy(t *testing.T) {
	const limit = 1 << 20
	for name, unread := range map[string]bool{"read": false, "unread": true} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
				srv.Inject(cloudwatchtest.Fault{Status: 413, BodyLimit: limit, Unread: unread})
				for _, r := range []struct {
					size   int
					gzip   bool
					status int
				}{
					{limit, false, 200}, {limit + 1, false, 413}, {3 * limit, false, 413}, {3 * limit, true, 200},
				} {
					body, header := "{"+strings.Repeat(" ", r.size-2)+"}", []string{}
					if r.gzip {
						body, header = compress(t, body), []string{"Content-Encoding", "gzip"}
					}
					a := post(t, srv, "DescribeLogGroups", body, header...)
					if a.status != r.status {
						t.Errorf("%d bytes, gzip %v: got %d", r.size, r.gzip, a.status)
					}
					if got := srv.Requests()[srv.RequestCount("")-1]; got.BodyBytes != len(body) || got.Status != r.status || got.Operation != "DescribeLogGroups" {
						t.Errorf("request log: %+v", got)
					}
				}
				// A body of unknown length is read to find its length.
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, io.MultiReader(strings.NewReader("{"+strings.Repeat(" ", limit)+"}")))
				must(t, err)
				req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
				if a := do(t, srv, req); a.status != 413 {
					t.Errorf("unknown length: got %d", a.status)
				}
			})
		})
	}
}

// The response comes before the body has arrived.
func TestUnreadRespondsBeforeTheBody(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	first := srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.InternalFailure(), Operation: "PutLogEvents"})
	remove := srv.Inject(cloudwatchtest.Fault{Status: 413, Unread: true, BodyLimit: 1000, Match: func(r cloudwatchtest.Request) bool {
		return r.Operation == "PutLogEvents" && r.Events == 0 && r.BodyBytes == 5000
	}})
	// A client that sends the beginning of a body, and no more.
	request := func() string {
		c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
		must(t, err)
		defer c.Close()
		_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Logs_20140328.PutLogEvents\r\nContent-Length: 5000\r\n\r\n{")
		must(t, err)
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil { // io.EOF or a reset
			return "cut"
		}
		return strings.TrimSpace(line)
	}
	if got := request(); got != "HTTP/1.1 413 Request Entity Too Large" {
		t.Errorf("got %s: a fault with Unread precedes those that need the body", got)
	}
	remove()
	first()
	srv.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore, Unread: true})
	if got := request(); got != "cut" {
		t.Errorf("got %s, want a connection that is cut in the middle of the body", got)
	}
	for _, r := range srv.Requests() {
		if r.BodyBytes != 5000 || r.Committed {
			t.Errorf("request log: %+v", r)
		}
	}
}

// With fields that need the body, Unread has no effect.
func TestUnreadNeedsAFaultWithoutBody(t *testing.T) {
	zero := 0
	for name, f := range map[string]cloudwatchtest.Fault{
		"a message":          {Status: 403, Message: func(m string) bool { return m == "x" }},
		"a delay":            {Status: 403, Delay: 1},
		"a request answered": {DateOffset: time.Hour},
		"rejected events":    {Status: 403, Rejected: &cloudwatchtest.RejectedInfo{TooNewStart: &zero}},
		"cut after":          {Status: 403, Cut: cloudwatchtest.CutAfter},
	} {
		t.Run(name, func(t *testing.T) {
			srv, c := ready(t)
			f.Unread = true
			srv.Inject(f)
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			if (err == nil) != (name == "a request answered") {
				t.Errorf("got %v", err)
			}
			if r := srv.Requests()[0]; r.Events != 1 {
				t.Errorf("request log: %+v", r)
			}
		})
	}
}
