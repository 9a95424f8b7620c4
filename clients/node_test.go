package clients_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// node skips the test if there is no Node, or its packages are not installed:
// "make clients" does that.
func node(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		absentInCI(t, "clients of Node", err.Error())
	}
	if _, err := os.Stat("node/node_modules"); err != nil {
		absentInCI(t, "clients of Node", "their packages are not installed")
	}
}

func TestJavaScriptSDK(t *testing.T) {
	t.Parallel()
	node(t)
	e := start(t)
	e.succeed(t, "node", "node/sdk.js")
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("event %d é 漢 🙂 \u2028 <&> \"quoted\"", i))
	}
	e.wantMessages(t, "/node/app", "web-1", want...)
	if g, _ := e.LogGroup("/node/app"); g.RetentionDays != 14 || g.Tags["team"] != "shop" {
		t.Errorf("got %+v", g)
	}
	if got := e.refusals(); len(got) != 3 {
		t.Errorf("refused requests: %q", got)
	}
}

func TestJavaScriptLiveTail(t *testing.T) {
	t.Parallel()
	node(t)
	e := start(t)
	e.succeed(t, "node", "node/live_tail.js")
}

func TestWinston(t *testing.T) {
	t.Parallel()
	node(t)
	e := start(t)
	requests := e.record(t)
	e.succeed(t, "node", "node/winston.js")

	g, ok := e.LogGroup("/winston/app")
	if !ok || !slices.Equal(g.Streams, []string{"web-1"}) {
		t.Fatalf("got %+v", g)
	}
	// It sets the retention without waiting for that.
	for end := time.Now().Add(5 * time.Second); g.RetentionDays != 7 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		g, _ = e.LogGroup("/winston/app")
	}
	if g.RetentionDays != 7 {
		t.Errorf("the retention is %d days", g.RetentionDays)
	}
	// Its messages are JSON of several lines. Of one millisecond, their order is
	// not kept.
	var got []string
	for _, m := range e.Messages("/winston/app", "web-1") {
		var record struct{ Message string }
		if err := json.Unmarshal([]byte(m), &record); err != nil || !strings.Contains(m, "\n  \"") {
			t.Errorf("message %q: %v", m, err)
		}
		got = append(got, record.Message)
	}
	slices.Sort(got)
	if want := []string{"order 0 é 🙂", "order 1 é 🙂", "order 2 é 🙂", "order 3 é 🙂", "order 4 é 🙂", "the last one"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	// It looks for the stream by a prefix, and still sends a sequence token.
	var prefix, token bool
	for _, r := range requests() {
		prefix = prefix || r.operation == "DescribeLogStreams" && r.body["logStreamNamePrefix"] == "web-1"
		token = token || r.operation == "PutLogEvents" && r.body["sequenceToken"] != nil
	}
	if !prefix || !token {
		t.Errorf("it sent a prefix: %v, a sequence token: %v", prefix, token)
	}
}

// recorded is a request as it came.
type recorded struct {
	operation string
	body      map[string]any
}

// record puts a recorder before the endpoint, for what its request log does not
// tell.
func (e *endpoint) record(t *testing.T) (requests func() []recorded) {
	t.Helper()
	var mu sync.Mutex
	var list []recorded
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		one := recorded{operation: operation}
		if err := json.Unmarshal(body, &one.body); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		mu.Lock()
		list = append(list, one)
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	e.env = append(e.env, "AWS_ENDPOINT_URL="+front.URL)
	return func() []recorded {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
