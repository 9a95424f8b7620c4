package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	"github.com/aws/smithy-go"
)

// clientOf returns a client whose endpoint is url.
func clientOf(url string) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: "us-east-1", BaseEndpoint: &url, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	})
}

const (
	service = "application/x-amz-json-1.1"
	page    = "<html><head><title>403 Forbidden</title></head><body>blocked</body></html>"
)

// TestClassifyResponses: each row is a raw HTTP response to PutLogEvents.
func TestClassifyResponses(t *testing.T) {
	rows := []struct {
		name            string
		status          int
		media, id, body string
		class           class
		code            string
		dated           bool // its Date is trusted
	}{
		{"the service", 200, service, "1", "{}", delivered, "", true},
		{"the service, with another member", 200, service, "1", `{"nextSequenceToken":"1"}`, delivered, "", true},
		{"request ID removed by a proxy", 200, service, "", "{}", delivered, "", true},
		{"other media type, with a request ID", 200, "text/plain", "1", " {}\n", delivered, "", true},
		{"neither request ID nor media type", 200, "text/plain", "", "{}", foreign, "HTTP200", false},
		{"JSON of another server", 200, "application/json", "", `{"status":"ok"}`, foreign, "HTTP200", false},
		{"HTML", 200, "text/html", "", page, foreign, "HTTP200", false},
		{"HTML with a request ID", 200, "text/html", "1", page, transient, "Network", false},
		{"no body", 200, service, "1", "", transient, "Network", false},
		{"an array", 200, service, "1", "[]", transient, "Network", false},
		{"truncated object", 200, service, "1", `{"nextSeq`, transient, "Network", false},
		{"201", 201, service, "1", "{}", transient, "Network", false},
		{"204 with a request ID", 204, service, "1", "", transient, "Network", false},
		{"204 from a proxy", 204, "", "", "", foreign, "HTTP204", false},
		{"206 with a request ID", 206, service, "1", "{}", transient, "Network", false},
		{"206 from a proxy", 206, "text/html", "", page, foreign, "HTTP206", false},
		{"a redirect", 302, "text/html", "", page, foreign, "HTTP302", false},
		{"not modified", 304, "", "", "", foreign, "HTTP304", false},
		{"400 from a proxy", 400, "text/html", "", page, foreign, "HTTP400", false},
		{"401 from a proxy", 401, "text/html", "", page, foreign, "HTTP401", false},
		{"a firewall", 403, "text/html", "", page, foreign, "HTTP403", false},
		{"a firewall with JSON", 403, "application/json", "", `{"message":"Forbidden"}`, foreign, "HTTP403", false},
		{"a firewall with an error code", 403, "application/json", "", `{"code":"BlockedByPolicy"}`, foreign, "BlockedByPolicy", false},
		{"a firewall with a request ID", 403, "text/html", "1", page, foreign, "HTTP403", false},
		{"404 from a proxy", 404, "text/html", "", page, foreign, "HTTP404", false},
		{"405", 405, "text/plain", "", "no", foreign, "HTTP405", false},
		{"proxy authentication required", 407, "text/html", "", page, foreign, "HTTP407", false},
		{"408 from a proxy", 408, "text/html", "", page, transient, "HTTP408", false},
		{"too large for a proxy", 413, "text/html", "", page, tooLarge, "HTTP413", false},
		{"too early", 425, "", "", "", transient, "HTTP425", false},
		{"429 from a proxy", 429, "text/html", "", page, throttled, "HTTP429", false},
		{"451", 451, "text/html", "", page, foreign, "HTTP451", false},
		{"500 from a proxy", 500, "text/html", "", page, transient, "HTTP500", false},
		{"502 from a proxy", 502, "text/html", "", page, transient, "HTTP502", false},
		{"503 from a proxy", 503, "text/html", "", page, transient, "HTTP503", false},
		{"empty 504 from a proxy", 504, "", "", "", transient, "HTTP504", false},
		{"undefined status", 999, "text/html", "", page, foreign, "HTTP999", false},
		{"network authentication required", 511, "text/html", "", page, environment, "HTTP511", false},
		{"denied by the service", 400, service, "1", `{"__type":"AccessDeniedException","message":"no"}`, environment, "AccessDeniedException", true},
		{"denied, request ID removed", 400, service, "", `{"__type":"AccessDeniedException","message":"no"}`, environment, "AccessDeniedException", true},
		{"invalid", 400, service, "1", `{"__type":"InvalidParameterException"}`, refused, "InvalidParameterException", true},
		{"invalid, from a simple emulator", 400, "text/plain", "", `{"__type":"InvalidParameterException"}`, refused, "InvalidParameterException", false},
		{"missing, from a simple emulator", 400, "application/json", "", `{"__type":"com.amazonaws#ResourceNotFoundException"}`, missing, "ResourceNotFoundException", false},
		{"throttled, from a simple emulator", 400, "", "", `{"code":"ThrottlingException"}`, throttled, "ThrottlingException", false},
		{"too large for the service", 413, service, "1", `{"__type":"RequestEntityTooLargeException"}`, tooLarge, "RequestEntityTooLargeException", true},
		{"413 with an unknown code", 413, service, "1", `{"__type":"New"}`, tooLarge, "New", true},
		{"an unknown code", 418, service, "1", `{"__type":"New"}`, environment, "New", true},
		{"an error without a code", 400, service, "1", `{"message":"no"}`, foreign, "HTTP400", false},
		{"a server error without a code", 500, service, "1", `{}`, transient, "HTTP500", false},
		{"internal failure", 500, service, "1", `{"__type":"InternalFailure"}`, transient, "InternalFailure", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // an earlier response closes the connection
				if row.media != "" {
					w.Header().Set("Content-Type", row.media)
				}
				if row.id != "" {
					w.Header().Set("X-Amzn-RequestId", row.id)
				}
				w.Header()["Content-Type"] = w.Header()["Content-Type"] // do not let net/http guess
				w.WriteHeader(row.status)
				io.WriteString(w, row.body)
			}))
			defer web.Close()
			_, date, err := put(t.Context(), clientOf(web.URL), new(Endpoint), newRequest(oneEvent().Seal(), ""))
			if got := classify(err); got != row.class {
				t.Errorf("class of %v: got %d, want %d", err, got, row.class)
			}
			if err != nil && Code(err) != row.code {
				t.Errorf("code %q, want %q", Code(err), row.code)
			}
			if date.IsZero() == row.dated {
				t.Errorf("date %v, want trusted %v", date, row.dated)
			}
		})
	}
}

// TestEmptyResponses: operations that create something return no object.
func TestEmptyResponses(t *testing.T) {
	for _, row := range []struct {
		name, media, body string
		class             class
	}{
		{"the service", service, "", delivered},
		{"with an object", service, "{}", delivered},
		{"HTML", "text/html", page, foreign},
		{"only a status", "", "", foreign},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // an earlier response closes the connection
			w.Header().Set("Content-Type", row.media)
			io.WriteString(w, row.body)
		}))
		_, err := clientOf(web.URL).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")}, new(Endpoint).watch)
		if got := classify(err); got != row.class {
			t.Errorf("%s: class of %v: got %d, want %d", row.name, err, got, row.class)
		}
		web.Close()
	}
}

// TestResponsesAreBounded: both what is read and what is kept of a response are limited.
func TestResponsesAreBounded(t *testing.T) {
	forever := func(part string) func(w io.Writer) {
		return func(w io.Writer) {
			for {
				if _, err := io.WriteString(w, part); err != nil {
					return
				}
			}
		}
	}
	text := func(status int, typed bool, n int) (string, func(w io.Writer)) {
		body := `{"__type":"InvalidParameterException","message":"` + strings.Repeat("x", n) + `"}`
		return fmt.Sprint(status, typed, n), func(w io.Writer) { io.WriteString(w, body) }
	}
	type row struct {
		name   string
		status int
		write  func(w io.Writer)
		class  class
	}
	rows := []row{
		{"an endless 200", 200, forever(strings.Repeat(" ", 1000)), transient},
		{"an endless object", 200, forever(`{"a":`), transient},
		{"an endless 400", 400, forever("no "), foreign},
		{"an endless 502", 502, forever("no "), transient},
		{"an endless 413", 413, forever("no "), tooLarge},
	}
	for _, n := range []int{5_000, 60_000} {
		name, write := text(400, true, n)
		rows = append(rows, row{name, 400, write, refused})
	}
	name, write := text(400, true, 100_000)
	rows = append(rows, row{name, 400, write, foreign})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			sent := &counter{}
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // an earlier response closes the connection
				w.Header().Set("Content-Type", service)
				w.Header().Set("X-Amzn-RequestId", "1")
				w.WriteHeader(row.status)
				row.write(io.MultiWriter(w, sent))
			}))
			defer web.Close()
			_, _, err := put(t.Context(), clientOf(web.URL), new(Endpoint), newRequest(oneEvent().Seal(), ""))
			// The SDK closes the request body when the response begins. If the transport has not
			// sent all of it by then, it closes the connection.
			if got := classify(err); got != row.class && !errors.Is(err, net.ErrClosed) {
				t.Errorf("class of %v: got %d, want %d", err, got, row.class)
			}
			var api smithy.APIError
			if errors.As(err, &api) && len(api.ErrorMessage()) > maxTextBytes {
				t.Errorf("%d bytes of text are kept", len(api.ErrorMessage()))
			}
			var foreignErr *ForeignError
			if errors.As(err, &foreignErr) && len(foreignErr.Title+foreignErr.Text) > 200 {
				t.Errorf("%d bytes of text are kept", len(foreignErr.Title+foreignErr.Text))
			}
			if n := len(err.Error()); n > maxTextBytes+1000 {
				t.Errorf("the error text has %d bytes", n)
			}
			if n := sent.n.Load(); n > 32<<20 {
				t.Errorf("%d bytes were read", n)
			}
		})
	}
}

type counter struct{ n atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

// TestForeignErrorText: the text identifies the sender and is safe to print.
func TestForeignErrorText(t *testing.T) {
	const from = " response is not from the service"
	rows := []struct {
		status  int
		media   string
		body    string
		tooLong bool
		want    string
	}{
		{403, "", "", false, "HTTP 403" + from},
		{403, "text/html", page, false, "HTTP 403" + from + ` (text/html): "403 Forbidden"`},
		{403, "text/html", "<HTML><TITLE>\n Web \tFilter &amp; Co</TITLE>\u0130", false, "HTTP 403" + from + ` (text/html): "Web Filter & Co"`},
		{403, "text/html", "\u0130<title>a</title>", false, "HTTP 403" + from + ` (text/html): "a"`},
		{403, "text/html", "\xff<title>a</title>", false, "HTTP 403" + from + ` (text/html): "a"`},
		{403, "text/html", "<html><title>never ends", false, "HTTP 403" + from + " (text/html)"},
		{502, "text/plain", "bad\x1b[31m gateway\u202e", false, "HTTP 502" + from + ` (text/plain): "bad\x1b[31m gateway\u202e"`},
		{502, "", strings.Repeat("x", 300), false, "HTTP 502" + from + `: "` + strings.Repeat("x", 197) + `..."`},
		{200, service, "", true, "HTTP 200" + from + " (" + service + "), longer than 64 KiB"},
	}
	for _, row := range rows {
		e := ForeignError{Status: row.status, ContentType: row.media, TooLong: row.tooLong}
		e.Title, e.Text = excerpt([]byte(row.body))
		if got := e.Error(); got != row.want {
			t.Errorf("got  %s\nwant %s", got, row.want)
		}
	}
}

// TestErrorDropsRequest: the SDK's errors keep the response, which must not refer to the request:
// its body and its session token.
func TestErrorDropsRequest(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, _, err := put(t.Context(), clientOf(web.URL), new(Endpoint), newRequest(oneEvent().Seal(), ""))
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) || response.HTTPStatusCode() != 404 {
		t.Errorf("%v has no status", err)
	}
	if text := fmt.Sprintf("%+v", err); strings.Contains(text, "secret") {
		t.Error(text)
	}
	if bytes.Contains([]byte(err.Error()), []byte("\n")) {
		t.Errorf("%q", err)
	}
}

func TestDateHeadersAreTrustedWhenConfirmed(t *testing.T) {
	rows := []struct {
		name  string
		ahead []time.Duration // in successive responses
		want  string          // b: trusted, j: trusted after a jump, -: not trusted
		end   time.Duration
	}{
		{"correct", []time.Duration{0, time.Second, -time.Second}, "bbb", -time.Second},
		{"slightly off", []time.Duration{100 * time.Second, 2 * time.Minute}, "bb", 2 * time.Minute},
		{"one response a day behind", []time.Duration{0, -24 * time.Hour, 0}, "b-b", 0},
		{"some responses a day behind", []time.Duration{0, -24 * time.Hour, 0, -24 * time.Hour, 0}, "b-b-b", 0},
		{"the local clock is wrong", []time.Duration{3 * time.Hour, 3*time.Hour + time.Second, 3 * time.Hour}, "-jb", 3 * time.Hour},
		{"the local clock is corrected", []time.Duration{3 * time.Hour, 3 * time.Hour, 0, 0, 0}, "-j-jb", 0},
		{"jumps that do not agree", []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 0}, "---b", 0},
		{"the second jump is confirmed", []time.Duration{time.Hour, 2 * time.Hour, 2 * time.Hour}, "--j", 2 * time.Hour},
		{"confirmed within a minute", []time.Duration{time.Hour, time.Hour + time.Minute}, "-j", time.Hour + time.Minute},
		{"off by more than a minute", []time.Duration{time.Hour, time.Hour + time.Minute + 1}, "--", 0},
		{"drift", []time.Duration{time.Minute, 3 * time.Minute, 5 * time.Minute, 7*time.Minute + 1}, "bbb-", 5 * time.Minute},
	}
	for _, row := range rows {
		var d dates
		got := ""
		for _, ahead := range row.ahead {
			believed, jumped := d.observe(ahead)
			switch {
			case believed && jumped:
				got += "j"
			case believed:
				got += "b"
			default:
				got += "-"
			}
		}
		if got != row.want || d.ahead != row.end {
			t.Errorf("%s: %s, then %v ahead; want %s, %v", row.name, got, d.ahead, row.want, row.end)
		}
	}
}

// TestTrustedDateNeedsServiceResponse: only responses of the service set the clock.
func TestTrustedDateNeedsServiceResponse(t *testing.T) {
	now := time.Now().UTC().Format(http.TimeFormat)
	rows := []struct {
		name     string
		genuine  bool
		header   map[string]string
		believed bool
	}{
		{"the service", true, map[string]string{"Date": now, "X-Amzn-RequestId": "1"}, true},
		{"only its media type", true, map[string]string{"Date": now, "Content-Type": service}, true},
		{"neither", true, map[string]string{"Date": now}, false},
		{"not a valid response", false, map[string]string{"Date": now, "X-Amzn-RequestId": "1"}, false},
		{"a cached response", true, map[string]string{"Date": now, "X-Amzn-RequestId": "1", "Age": "7"}, false},
		{"no Date", true, map[string]string{"X-Amzn-RequestId": "1"}, false},
		{"a truncated Date", true, map[string]string{"Date": now[:9], "X-Amzn-RequestId": "1"}, false},
		{"1970", true, map[string]string{"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "X-Amzn-RequestId": "1"}, false},
	}
	for _, row := range rows {
		h := make(http.Header)
		for name, value := range row.header {
			h.Set(name, value)
		}
		var e Endpoint
		if e.trust(t.Context(), h, row.genuine) != row.believed {
			t.Errorf("%s: want trusted %v", row.name, row.believed)
		}
	}
	var e Endpoint // not trusted the second time either
	for range 3 {
		if h := (http.Header{"Date": {"Thu, 01 Jan 1970 00:00:00 GMT"}, "X-Amzn-Requestid": {"1"}}); e.trust(t.Context(), h, true) {
			t.Error("1970")
		}
	}
}

func TestSizeLimit(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var e Endpoint
	want := func(after time.Duration, bytes int) {
		t.Helper()
		if got := e.maxBody(at.Add(after)); got != bytes {
			t.Errorf("after %v: %d bytes, want %d", after, got, bytes)
		}
	}
	want(0, 0)
	e.lowerLimit(1_000_000, at)
	want(0, 500_000)
	e.lowerLimit(1_200_000, at.Add(time.Minute)) // in flight before
	want(time.Minute, 500_000)
	e.lowerLimit(400_000, at.Add(time.Minute))
	want(time.Minute, 200_000)
	want(time.Minute+limitFor-1, 200_000)
	want(time.Minute+limitFor, 0)
	e.lowerLimit(100_000, at.Add(20*time.Minute))
	want(20*time.Minute, 50_000)
	want(21*time.Minute-1, 50_000) // small limits expire sooner
	want(21*time.Minute, 0)
	e.lowerLimit(1500, at.Add(30*time.Minute))
	want(30*time.Minute, minLimit)
	e.lowerLimit(1_000_000, at.Add(time.Hour)) // learned again
	want(time.Hour, 500_000)
}
