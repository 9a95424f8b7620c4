package cloudwatch_test

import (
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestHealthy(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		if err := f.Healthy(time.Second); err != nil {
			t.Errorf("nothing logged: %v", err)
		}
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})
		f.Logged(1)
		time.Sleep(30 * time.Second)
		f.Logged(1)
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
	rows := map[string]func(f *testkit.Fixture){
		"handler": func(f *testkit.Fixture) {
			defer f.Handler.FlushOnPanic()
			f.Log.Info("before")
			testkit.Culprit()
		},
		"writer": func(f *testkit.Fixture) {
			defer f.W.FlushOnPanic()
			f.Log.Info("before")
			testkit.Culprit()
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON, CloseTimeout: 3 * time.Second})
				if cause := testkit.PanicOf(func() { row(f) }); cause != testkit.ErrCulprit {
					t.Errorf("the panic went on with %v", cause)
				}
				got := f.Messages()
				if len(got) != 2 || !strings.Contains(got[1], "panic: it was me") || !strings.Contains(got[1], "Culprit") {
					t.Errorf("the stream holds %q", got)
				}
				f.Server.Inject(cloudwatchtest.Fault{Hang: true})
				began := time.Now()
				if cause := testkit.PanicOf(func() { row(f) }); cause != testkit.ErrCulprit {
					t.Errorf("the panic went on with %v", cause)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("a panic without an endpoint took %v", took)
				}
			})
		})
	}
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		func() {
			defer f.Handler.FlushOnPanic()
			f.Logged(1)
		}()
		if s := f.Stats(); s.Accepted != 1 || s.Delivered != 0 {
			t.Errorf("without a panic: %+v", s)
		}
	})
}

func TestStatsAsExpvar(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.Throttled()})
		slog.New(f).Info("one")
		f.FlushWithin(time.Minute)
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

// What is no failure goes on at once: it is not logged, and nothing is flushed for it.
func TestFlushOnPanicLetsPass(t *testing.T) {
	rows := map[string]struct {
		panics func()
		logged string // "" if it is no failure
	}{
		"http.ErrAbortHandler":          {func() { panic(http.ErrAbortHandler) }, ""},
		"no panic":                      {func() {}, ""},
		"runtime.Goexit":                {runtime.Goexit, ""},
		"an error that wraps the abort": {func() { panic(fmt.Errorf("proxy: %w", http.ErrAbortHandler)) }, "proxy: net/http: abort Handler"}, // net/http prints its stack too
		"a text like that":              {func() { panic("net/http: abort Handler") }, "net/http: abort Handler"},
		"a nil panic":                   {func() { panic(nil) }, "panic called with nil argument"},
		"a slice":                       {func() { panic([]error{http.ErrAbortHandler}) }, "abort Handler"},
	}
	for name, row := range rows {
		for _, writer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, writer %v", name, writer), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: time.Hour})
					f.Log.Info("before")
					var cause any
					done := make(chan struct{})
					go func() { // for Goexit
						defer close(done)
						defer func() { cause = recover() }()
						if writer {
							defer f.W.FlushOnPanic()
						} else {
							defer f.Handler.FlushOnPanic()
						}
						row.panics()
					}()
					<-done
					if name == "http.ErrAbortHandler" && cause != http.ErrAbortHandler {
						t.Errorf("the panic went on with %v", cause)
					}
					if (cause != nil) != (row.logged != "" || name == "http.ErrAbortHandler") {
						t.Errorf("recovered %v", cause)
					}
					got := f.Messages()
					if row.logged == "" {
						if s := f.Stats(); s.Accepted != 1 || s.Delivered != 0 {
							t.Errorf("%d accepted, %d delivered: %q", s.Accepted, s.Delivered, got)
						}
						return
					}
					if len(got) != 2 || !strings.Contains(got[1], "panic: ") || !strings.Contains(got[1], row.logged) {
						t.Errorf("the stream holds %q", got)
					}
				})
			})
		}
	}
}

// TestStartWhileTheDirectoryIsRemoved: what the spool has to report while a constructor
// runs is reported; nothing panics.
func TestStartWhileTheDirectoryIsRemoved(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	dir := filepath.Join(t.TempDir(), "spool")
	stop := make(chan struct{})
	var remover sync.WaitGroup
	remover.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.RemoveAll(dir) // or files are being made in it
			}
		}
	})
	for range 200 {
		var told testkit.ErrorLog
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
			Config: &cfg, LogStream: testkit.Stream, Spool: dir, OnError: told.Add,
			SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1},
		})
		if err == nil {
			_ = h.Close()
		}
	}
	close(stop)
	remover.Wait()
}
