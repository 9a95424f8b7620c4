package sink

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const twoEvents = `{"logGroupName":"g","logEvents":[{"timestamp":1,"message":"{\"timestamp\":5}"},{"message":"x","timestamp":2}]}`

func TestCountingDoesNotDependOnWhereABodyIsCut(t *testing.T) {
	for i := range len(twoEvents) + 1 {
		for j := i; j <= len(twoEvents); j++ {
			var c counter
			for _, piece := range []string{twoEvents[:i], twoEvents[i:j], twoEvents[j:]} {
				c.write([]byte(piece))
			}
			if c.events != 2 {
				t.Fatalf("cut at %d and %d: %d events", i, j, c.events)
			}
		}
	}
	var c counter
	for i := range len(twoEvents) {
		c.write([]byte(twoEvents[i : i+1]))
	}
	if c.events != 2 {
		t.Fatalf("byte by byte: %d events", c.events)
	}
}

// For a compressed body, the sink counts its events and the bytes sent.
func TestSinkCountsCompressedBodies(t *testing.T) {
	var body bytes.Buffer
	gz := gzip.NewWriter(&body)
	io.WriteString(gz, twoEvents)
	gz.Close()
	size := body.Len()
	s, r := &Sink{}, httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("X-Amz-Target", "Logs_20140328.PutLogEvents")
	r.Header.Set("Content-Encoding", "gzip")
	s.ServeHTTP(httptest.NewRecorder(), r)
	if got, want := s.Counts(), (Counts{1, 2, int64(size), 0}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSinkCountsByOperation(t *testing.T) {
	server := httptest.NewServer(&Sink{})
	defer server.Close()
	post := func(path, target, body string) string {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", target)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", resp.Status, err)
		}
		return string(answer)
	}
	counts := func() (c Counts) {
		t.Helper()
		if err := json.Unmarshal([]byte(post(CountsPath, "", "")), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 3 {
		if got := post("/", "Logs_20140328.PutLogEvents", twoEvents); got != "{}" {
			t.Errorf("answer %q", got)
		}
	}
	post("/", "Logs_20140328.CreateLogStream", "{}")
	if got, want := counts(), (Counts{3, 6, 3 * int64(len(twoEvents)), 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	post(ResetPath, "", "")
	if got := counts(); got != (Counts{}) {
		t.Errorf("after the reset: %+v", got)
	}
}
