package cloudwatch_test

import (
	"encoding/json"
	"errors"
	"expvar"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestHealthy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		mustCreate(t, f.srv)
		if err := f.Healthy(time.Second); err != nil {
			t.Errorf("nothing logged: %v", err)
		}
		end := f.srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})
		f.logged(1)
		time.Sleep(30 * time.Second)
		f.logged(1)
		if err := f.Healthy(31 * time.Second); err != nil {
			t.Errorf("after 30 seconds, 31 allowed: %v", err)
		}
		var api smithy.APIError
		if err := f.Healthy(29 * time.Second); !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" || !strings.Contains(err.Error(), "waited for 30s") {
			t.Errorf("after 30 seconds, 29 allowed: %v", err)
		}
		if got := f.Stats().OldestPending; !got.Equal(time.Now().Add(-30 * time.Second)) {
			t.Errorf("the oldest event came at %v", got)
		}
		end()
		time.Sleep(time.Minute)
		if err := f.Healthy(time.Second); err != nil {
			t.Errorf("after recovery: %v", err)
		}
	})
}

// A panic is logged with its stack, everything is delivered, and it goes on.
func TestFlushOnPanic(t *testing.T) {
	rows := map[string]func(f *fixture){
		"handler": func(f *fixture) {
			defer f.Handler.FlushOnPanic()
			f.log.Info("before")
			culprit()
		},
		"writer": func(f *fixture) {
			defer f.writer.FlushOnPanic()
			f.log.Info("before")
			culprit()
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: cloudwatch.JSON, CloseTimeout: 3 * time.Second})
				if cause := panicOf(func() { row(f) }); cause != errCulprit {
					t.Errorf("the panic went on with %v", cause)
				}
				got := f.messages()
				if len(got) != 2 || !strings.Contains(got[1], "panic: it was me") || !strings.Contains(got[1], "culprit") {
					t.Errorf("the stream holds %q", got)
				}
				f.srv.Inject(cloudwatchtest.Fault{Hang: true})
				began := time.Now()
				if cause := panicOf(func() { row(f) }); cause != errCulprit {
					t.Errorf("the panic went on with %v", cause)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("a panic without an endpoint took %v", took)
				}
			})
		})
	}
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		func() {
			defer f.Handler.FlushOnPanic()
			f.logged(1)
		}()
		if s := f.Stats(); s.Accepted != 1 || s.Delivered != 0 {
			t.Errorf("without a panic: %+v", s)
		}
	})
}

var errCulprit = errors.New("it was me")

func culprit() { panic(errCulprit) }

func panicOf(f func()) (cause any) {
	defer func() { cause = recover() }()
	f()
	return nil
}

func TestStatsAsExpvar(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		mustCreate(t, f.srv)
		f.srv.Inject(cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.Throttled()})
		slog.New(f).Info("one")
		f.flush(time.Minute)
		var got map[string]any
		if err := json.Unmarshal([]byte(expvar.Func(func() any { return f.Stats() }).String()), &got); err != nil {
			t.Fatal(err)
		}
		last, _ := got["LastError"].(string)
		if got["Delivered"] != 1.0 || got["Retries"] != 1.0 || !strings.Contains(last, "ThrottlingException") {
			t.Errorf("got %v", got)
		}
	})
}
