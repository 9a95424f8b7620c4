package cloudwatchlogrus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchlogrus"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The level of an entry decides what a full buffer keeps.
func TestErrorsAreKeptWhenTheBufferIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 1 << 20})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil, logrus.AllLevels...))
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		for n := range 12_000 {
			logger.WithFields(logrus.Fields{"n": n, "key": strings.Repeat("k", 60)}).Debug("cache miss")
		}
		if f.Stats().Dropped.BufferFull == 0 {
			t.Fatal("the buffer was never full")
		}
		for n := range 500 {
			logger.WithField("n", n).Error("payment failed")
		}
		end()
		kept := map[float64]bool{}
		for _, e := range f.Events() {
			if m := adaptertest.Decoded(t, e.Message); m["level"] == "error" {
				kept[m["n"].(float64)] = true
			}
		}
		if len(kept) != 500 {
			t.Errorf("%d of 500 errors are kept", len(kept))
		}
	})
}

func TestGoroutinesDoNotMixStackTraces(t *testing.T) {
	const goroutines, entries = 16, 100
	f := adaptertest.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{})
	logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, &logrus.JSONFormatter{PrettyPrint: true}))
	stack := strings.TrimSpace(string(debug.Stack()))
	want := map[string]bool{}
	var wg sync.WaitGroup
	for g := range goroutines {
		for n := range entries {
			want[fmt.Sprintf("%d/%d\n%s", g, n, stack)] = true
		}
		wg.Go(func() {
			for n := range entries {
				logger.WithField("g", g).Errorf("%d/%d\n%s", g, n, stack)
				if n%10 == 0 { // change the logger concurrently
					logger.SetFormatter(&logrus.TextFormatter{})
				}
			}
		})
	}
	wg.Wait()
	for _, e := range f.Events() {
		message, _ := adaptertest.Decoded(t, e.Message)["msg"].(string)
		if !want[message] {
			t.Fatalf("torn or interleaved: %q", e.Message)
		}
		delete(want, message)
	}
	if len(want) > 0 {
		t.Errorf("%d of %d are missing", len(want), goroutines*entries)
	}
}

func TestLogCallsDoNotWaitDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil, logrus.AllLevels...))
		f.Away()
		for l := logrus.ErrorLevel; l <= logrus.TraceLevel; l++ {
			if d := adaptertest.Took(func() { logger.Log(l, "m") }); d > 0 {
				t.Errorf("a log call of level %s took %v", l, d)
			}
		}
		if n := f.Stats().Pending; n != 5 {
			t.Errorf("%d events are pending, want 5", n)
		}
	})
}

// Panic delivers the entry before it panics, within CloseTimeout.
func TestPanicFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{CloseTimeout: 3 * time.Second})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
		panics := func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			logger.Panic("broken")
		}
		panics()
		if got := f.Server.Messages(adaptertest.Group, adaptertest.Stream); len(got) != 1 || !strings.Contains(got[0], `"level":"panic"`) {
			t.Errorf("got %q", got)
		}
		f.Away()
		if d := adaptertest.Took(panics); d != 3*time.Second {
			t.Errorf("waited %v during an outage, want CloseTimeout", d)
		}
	})
}

// Fatal runs no deferred calls, yet delivers everything logged before.
func TestFatalDeliversBeforeExit(t *testing.T) {
	if os.Getenv(adaptertest.ChildVariable) != "" {
		h, err := cloudwatch.NewHandler(adaptertest.Group, &cloudwatch.Options{LogStream: adaptertest.Stream})
		if err != nil {
			t.Fatal(err)
		}
		logrus.AddHook(cloudwatchlogrus.NewHook(h, nil))
		logrus.Info("started")
		logrus.Fatal("cannot go on")
	}
	srv := cloudwatchtest.Start(t)
	exit, output := adaptertest.RunChild(t, srv)
	got := srv.Messages(adaptertest.Group, adaptertest.Stream)
	if exit != 1 || len(got) != 2 || !strings.Contains(got[1], `"level":"fatal"`) {
		t.Errorf("exit code %d, delivered %q, printed %s", exit, got, output)
	}
}

// Fatal delays the exit by at most CloseTimeout, and reports the undelivered events.
func TestFatalGivesUpAfterCloseTimeout(t *testing.T) {
	printed, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	stderr := os.Stderr
	os.Stderr = printed
	defer func() { os.Stderr = stderr }()
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{CloseTimeout: 3 * time.Second})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
		exited := false
		logger.ExitFunc = func(int) { exited = true }
		f.Away()
		if d := adaptertest.Took(func() { logger.Fatal("cannot go on") }); d != 3*time.Second || !exited {
			t.Errorf("waited %v, want CloseTimeout; exited %v", d, exited)
		}
	})
	if text, err := os.ReadFile(printed.Name()); err != nil || !strings.HasPrefix(string(text), "cloudwatch: 1 event (") {
		t.Errorf("printed %q, %v", text, err)
	}
}

// The spool keeps the event, so a panic that may be recovered need not wait for the network.
func TestPanicDoesNotWaitWithASpool(t *testing.T) {
	f := adaptertest.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{Spool: t.TempDir(), CloseTimeout: 5 * time.Second})
	logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
	end := f.Away()
	defer end()
	d := adaptertest.Took(func() {
		defer func() { _ = recover() }()
		logger.Panic("broken")
	})
	if d > 4*time.Second {
		t.Errorf("waited %v", d)
	}
}
