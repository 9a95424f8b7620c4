package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

const putOne = `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"GET /?a:b=<script>, 100%"}]}`

// ask sends a request and reads the first bytes of the answer, at most limit. It
// gives up when nothing comes.
func ask(t *testing.T, c *http.Client, url, operation, body string, limit int64) (res *http.Response, got string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	if res, err = c.Do(req); err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, limit))
	return res, string(b), err
}

// Each kind, and each way to say which requests it hits.
func TestFaultKinds(t *testing.T) {
	id := "X-Amzn-Requestid"
	whole := func(status int, body string) func(*testing.T, *http.Response, string, error) {
		return func(t *testing.T, res *http.Response, got string, err error) {
			if err != nil || res.StatusCode != status || !strings.Contains(got, body) || len(got) > 1000 {
				t.Errorf("%v, %d bytes: %.100q, %v", res, len(got), got, err)
			}
		}
	}
	begins := func(status int, body, filler string) func(*testing.T, *http.Response, string, error) {
		return func(t *testing.T, res *http.Response, got string, err error) {
			if err != nil || res.StatusCode != status || !strings.Contains(got, body) || len(got) != 1<<20 || !strings.HasSuffix(got, filler) {
				t.Errorf("%v, %d bytes: %.100q, %v", res, len(got), got, err)
			}
		}
	}
	fails := func(timeout bool) func(*testing.T, *http.Response, string, error) {
		return func(t *testing.T, _ *http.Response, got string, err error) {
			if err == nil || errors.Is(err, context.DeadlineExceeded) != timeout {
				t.Errorf("%.100q, %v", got, err)
			}
		}
	}
	handled := whole(200, "nextSequenceToken")
	tests := []struct {
		fault string
		check func(t *testing.T, res *http.Response, got string, err error)
	}{
		{"*:throttle", whole(400, "ThrottlingException")},
		{"*:500", whole(500, "InternalFailure")},
		{"*:503", whole(503, "ServiceUnavailable")},
		{"*:access-denied", whole(400, "logs:*")},
		{"PutLogEvents:access-denied", whole(400, "logs:PutLogEvents")},
		{"*:expired-token", whole(400, "ExpiredTokenException")},
		{"*:unknown-key", whole(400, "UnrecognizedClientException")},
		{"*:html=403", whole(403, "<h1>403 Forbidden</h1>")},
		{"*:html=204", whole(204, "")},
		{"*:portal", whole(200, "Please log in")},
		{"*:cut-before", fails(false)},
		{"*:cut-after", fails(false)},
		{"*:cut-middle", fails(false)},
		{"*:silent", fails(true)},
		{"*:silent,cut-middle", fails(true)},
		{"*:hang", fails(true)},
		{"*:slow=1h", fails(true)},
		{"*:endless", begins(200, "nextSequenceToken", "    ")},
		{"*:html=502,endless", begins(502, "Bad Gateway", "xxxx")},
		{"*:500,padding=100MB", begins(500, "InternalFailure", "xxxx")},
		{"*:padding=5", whole(200, "}     ")},
		{"*:gzip-bomb", begins(200, "nextSequenceToken", "    ")},
		{"*:gzip-bomb,padding=7", whole(200, "}       ")},
		{"*:drip=1h", fails(true)},
		{"*:drip=1ns,padding=7", whole(200, "}       ")},
		{"*:html=413,unread", whole(413, "Too Large")},
		{"PutLogEvents:too-old=1", whole(200, `"tooOldLogEventEndIndex":1`)},
		{"PutLogEvents:expired=1", whole(200, `"expiredLogEventEndIndex":1`)},
		{"PutLogEvents:too-new=1,too-old=1", whole(200, `"tooNewLogEventStartIndex":1`)},
		{"*:skew=-24h,html=502", func(t *testing.T, res *http.Response, _ string, _ error) {
			if at, err := http.ParseTime(res.Header.Get("Date")); err != nil || time.Since(at) < 23*time.Hour {
				t.Errorf("header: %v", res.Header)
			}
		}},
		{"*:header=X-Amzn-Requestid=,header=Content-Type=application/json", func(t *testing.T, res *http.Response, _ string, _ error) {
			if res.StatusCode != 200 || res.Header.Get(id) != "" || res.Header.Get("Content-Type") != "application/json" {
				t.Errorf("header: %v", res.Header)
			}
		}},
		{"*:html=206,header=X-Amzn-Requestid=1", func(t *testing.T, res *http.Response, _ string, _ error) {
			if res.StatusCode != 206 || res.Header.Get(id) != "1" {
				t.Errorf("%d, header: %v", res.StatusCode, res.Header)
			}
		}},
		{"CreateLogGroup:500", handled},
		{"*:500:100%", whole(500, "")},
		{"*:500:1x", whole(500, "")},
		{"*:html=413:over=50", whole(413, "")},
		{"*:html=413,unread:over=50:1x", whole(413, "")},
		{"*:html=413:over=1KiB", handled},
		{"PutLogEvents:html=403:with=<script>, 100%", whole(403, "")},
		{"PutLogEvents:html=403:3x:with=?a:b=", whole(403, "")},
		{"PutLogEvents:html=403:with=harmless", handled},
	}
	seen := ""
	for _, test := range tests {
		seen += test.fault + " "
		t.Run(test.fault, func(t *testing.T) {
			faults, err := parseFaults([]string{test.fault})
			if err != nil {
				t.Fatal(err)
			}
			srv := endpoint.New()
			defer srv.Close()
			if err := srv.CreateLogGroup("g"); err != nil {
				t.Fatal(err)
			}
			if err := srv.CreateLogStream("g", "s"); err != nil {
				t.Fatal(err)
			}
			srv.Inject(faults[0])
			res, got, err := ask(t, srv.Client(), srv.URL, "PutLogEvents", putOne, 1<<20)
			test.check(t, res, got, err)
		})
	}
	for _, k := range faultKinds() {
		if !strings.Contains(seen, k.name) {
			t.Errorf("the kind %s has no test", k.name)
		}
		if help := serveHelp(); !strings.Contains(help, k.text()) {
			t.Errorf("the help lacks %s", k.text())
		}
	}
	for line := range strings.Lines(serveHelp()) {
		if len(line) > 90 {
			t.Errorf("a line of the help has %d characters: %s", len(line), line)
		}
	}
}

func TestFaultsThatAreNone(t *testing.T) {
	for flag, want := range map[string]string{
		"PutLogEvents":                       "must be OPERATION:KIND",
		"PutLogEvents:":                      `no kind ""; there are: throttle`,
		"*:nothing":                          "html=STATUS, portal",
		"Nope:500":                           `no operation "Nope"`,
		"*:throttle,500":                     "exclude each other",
		"*:cut-after,html=403":               "exclude each other",
		"*:500,500":                          "500 is repeated",
		"*:500=3":                            "takes no value",
		"*:slow":                             "a duration, such as 2s",
		"*:slow=-1s":                         "above 0",
		"*:drip=0s":                          "above 0",
		"*:html=99":                          "from 200 to 599",
		"*:html=600":                         "from 200 to 599",
		"*:padding=0":                        "a size, such as 500kB",
		"*:header=a b=c":                     "a name and a value",
		"*:header=":                          "a name and a value",
		"*:too-old=1":                        "only PutLogEvents",
		"PutLogEvents:too-old=0":             "a number of events",
		"PutLogEvents:too-old=1,500":         "not handled",
		"*:html=403:with=x":                  "only PutLogEvents has messages",
		"*:silent,500":                       "carries no response",
		"*:hang,endless":                     "no complete response",
		"*:unread":                           "combine unread only with",
		"*:html=413,unread,slow=1s":          "combine unread only with",
		"PutLogEvents:html=403,unread:with=": "must be a share",
		"*:500:0%":                           "above 0% and at most 100%",
		"*:500:0x":                           "a number of requests such as 3x",
		"*:500:over=0":                       "a size",
		"*:500:":                             "must be a share",
	} {
		if _, err := parseFaults([]string{"*:500", flag}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--fault "+flag) {
			t.Errorf("%s: got %v, want %q in it", flag, err, want)
		}
	}
}

// Faults of an endpoint as a process, which ends in spite of them.
func TestServeHostile(t *testing.T) {
	e := launch(t, "--memory", "--fault", "DescribeLogGroups:endless", "--fault", "ListLogGroups:silent", "--fault", "*:html=413,unread:over=1MiB")
	for operation, silent := range map[string]bool{"DescribeLogGroups": false, "ListLogGroups": true} {
		_, got, err := ask(t, http.DefaultClient, e.url, operation, "{}", 1<<20)
		if silent && !errors.Is(err, context.DeadlineExceeded) || !silent && (err != nil || len(got) != 1<<20) {
			t.Errorf("%s: %d bytes, %v", operation, len(got), err)
		}
	}
	large := "{" + string(bytes.Repeat([]byte(" "), 2<<20)) + "}"
	if res, _, err := ask(t, http.DefaultClient, e.url, "DescribeLogStreams", large, 1000); err != nil || res.StatusCode != 413 {
		t.Errorf("%+v, %v", res, err)
	}
	e.interrupt(t)
	if code := e.cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d after Ctrl-C, want 130", code)
	}
}
