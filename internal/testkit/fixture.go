package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// TestMain keeps the tests away from AWS and from the settings of whoever runs
// them: whatever forgets to name an endpoint ends at a closed port.
func Main(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           "test",
		"AWS_SECRET_ACCESS_KEY":       "test",
		"AWS_SESSION_TOKEN":           "",
		"AWS_REGION":                  "us-east-1",
		"AWS_DEFAULT_REGION":          "",
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_ENDPOINT_URL":            "http://127.0.0.1:1",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

const (
	Group  = "my_log_group"
	Stream = "my_log_stream"
)

// fixture is a handler and the endpoint it delivers to. Its cleanup closes both
// and checks the books.
type Fixture struct {
	*cloudwatch.Handler
	T       testing.TB
	Log     *slog.Logger
	Server  *cloudwatchtest.Server
	Errors  *ErrorLog
	W       *cloudwatch.Writer
	message int // of the last call of logged
}

// inBubble runs the test with fake time.
func Bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// newFixture is for a test inside a bubble: there is no socket.
func New(t *testing.T, opts cloudwatch.Options) *Fixture {
	t.Helper()
	return NewOn(t, cloudwatchtest.New(), opts)
}

func NewOn(t *testing.T, srv *cloudwatchtest.Server, opts cloudwatch.Options) *Fixture {
	t.Helper()
	f := &Fixture{T: t, Server: srv, Errors: &ErrorLog{}}
	if opts.Config == nil {
		cfg := srv.Config()
		opts.Config = &cfg
	}
	if opts.OnError == nil {
		opts.OnError = f.Errors.Add
	}
	if opts.Format == nil {
		opts.Format = cloudwatch.Pattern("{message}")
	}
	h, err := cloudwatch.NewHandler(Group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	f.Handler, f.Log, f.W = h, slog.New(h), h.Writer()
	t.Cleanup(func() {
		h.Close()
		srv.Close()
		f.CheckAccounting()
		if pending := h.Stats().Pending; pending != 0 {
			t.Errorf("%d events pending after Close", pending)
		}
	})
	return f
}

// checkBooks checks that every event is accounted for.
func (f *Fixture) CheckAccounting() {
	f.T.Helper()
	s := f.Stats()
	if sum := s.Delivered + s.Pending + s.Rejected.Total() + s.Dropped.Total(); sum != s.Accepted {
		f.T.Errorf("accepted %d events, but delivered + pending + rejected + dropped = %d: %+v", s.Accepted, sum, s)
	}
}

// logged logs n numbered messages and returns them.
func (f *Fixture) Logged(n int) []string {
	messages := make([]string, n)
	for i := range messages {
		f.message++
		messages[i] = fmt.Sprintf("message %d", f.message)
		f.Log.Info(messages[i])
	}
	return messages
}

// flush fails the test if not everything is delivered within the time.
func (f *Fixture) FlushWithin(within time.Duration) {
	f.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := f.Flush(ctx); err != nil {
		f.T.Fatalf("Flush: %v", err)
	}
}

// wantMessages checks what the stream holds, but for records of losses, in the
// order in which a reader sees it.
func (f *Fixture) WantMessages(want ...string) {
	f.T.Helper()
	WantEqual(f.T, "messages", f.Messages(), want)
}

func (f *Fixture) Messages() (messages []string) {
	events := f.Server.Events(Group, f.LogStream())
	slices.SortStableFunc(events, func(a, b cloudwatchtest.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	for _, e := range events {
		if !strings.Contains(e.Message, `"msg":"log events lost"`) {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

func WantEqual(t testing.TB, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%s: got %d, want %d; the first one missing is %q", what, len(got), len(want), want[i])
		case i >= len(want):
			t.Fatalf("%s: got %d, want %d; the first one too many is %q", what, len(got), len(want), got[i])
		case got[i] != want[i]:
			t.Fatalf("%s: number %d is %q, want %q", what, i, got[i], want[i])
		}
	}
}

// operations returns the operations of the request log, in order.
func (f *Fixture) Operations() (names []string) {
	for _, r := range f.Server.Requests() {
		names = append(names, r.Operation)
	}
	return names
}

// errorLog collects what OnError is told.
type ErrorLog struct {
	mu  sync.Mutex
	all []error
}

func (l *ErrorLog) Add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, err)
}

func (l *ErrorLog) Errors() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]error(nil), l.all...)
}
