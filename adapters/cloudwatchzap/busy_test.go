package cloudwatchzap_test

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The level of an entry decides what a full buffer keeps.
func TestErrorsAreKeptWhenTheBufferIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 1 << 20})
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, zap.DebugLevel))
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		for n := range 12_000 {
			logger.Debug("cache miss", zap.Int("n", n), zap.String("key", strings.Repeat("k", 60)))
		}
		if f.Stats().Dropped.BufferFull == 0 {
			t.Fatal("the buffer was never full")
		}
		for n := range 500 {
			logger.Error("payment failed", zap.Int("n", n))
		}
		end()
		kept := map[float64]bool{}
		for _, e := range f.Events() {
			if m := adaptertest.Decoded(t, e.Message); m["level"] == "ERROR" {
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
	logger := zap.New(cloudwatchzap.NewCore(f.Handler, consoleEncoder(), nil))
	stack := strings.TrimSpace(string(debug.Stack()))
	want := map[string]bool{}
	var wg sync.WaitGroup
	for g := range goroutines {
		for n := range entries {
			want[fmt.Sprintf("%d/%d\n%s", g, n, stack)] = true
		}
		wg.Go(func() {
			for n := range entries {
				logger.Error(fmt.Sprintf("%d/%d\n%s", g, n, stack))
			}
		})
	}
	wg.Wait()
	for _, e := range f.Events() {
		if !want[e.Message] {
			t.Fatalf("torn or interleaved: %q", e.Message)
		}
		delete(want, e.Message)
	}
	if len(want) > 0 {
		t.Errorf("%d of %d are missing", len(want), goroutines*entries)
	}
}

// DPanic in production does not wait either.
func TestLogCallsDoNotWaitDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, zap.DebugLevel))
		f.Away()
		for _, log := range []func(string, ...zap.Field){logger.Debug, logger.Info, logger.Warn, logger.Error, logger.DPanic} {
			if d := adaptertest.Took(func() { log("m") }); d > 0 {
				t.Errorf("a log call took %v", d)
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
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil))
		panics := func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			logger.Panic("broken")
		}
		panics()
		if got := f.Server.Messages(adaptertest.Group, adaptertest.Stream); len(got) != 1 || !strings.Contains(got[0], `"level":"PANIC"`) {
			t.Errorf("got %q", got)
		}
		f.Away()
		if d := adaptertest.Took(panics); d != 3*time.Second {
			t.Errorf("waited %v during an outage, want CloseTimeout", d)
		}
	})
}

// Fatal delays the exit by at most CloseTimeout, and zap prints the number of undelivered events.
func TestFatalGivesUpAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{CloseTimeout: 3 * time.Second})
		p := &printed{}
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil), zap.WithFatalHook(zapcore.WriteThenPanic), zap.ErrorOutput(p))
		f.Away()
		d := adaptertest.Took(func() {
			defer func() { _ = recover() }()
			logger.Fatal("cannot go on")
		})
		if d != 3*time.Second {
			t.Errorf("waited %v, want CloseTimeout", d)
		}
		if got := p.String(); !strings.Contains(got, "write error: cloudwatch: 1 event") {
			t.Errorf("zap printed %q", got)
		}
	})
}

// The spool keeps the event, so a panic that may be recovered need not wait for the network.
func TestPanicDoesNotWaitWithASpool(t *testing.T) {
	f := adaptertest.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{Spool: t.TempDir(), CloseTimeout: 5 * time.Second})
	logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil))
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
