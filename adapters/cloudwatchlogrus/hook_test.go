package cloudwatchlogrus_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchlogrus"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
)

// newLogger returns a logger that logs all levels through the hook only.
func newLogger(hook logrus.Hook) *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	logger.SetLevel(logrus.TraceLevel)
	logger.AddHook(hook)
	return logger
}

func TestEntryKeepsTimeLevelCallerAndFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
		logger.SetReportCaller(true)
		past := time.Now().Add(-time.Hour).Add(123456789)
		logger.WithTime(past).WithError(errors.New("card <refused>")).WithField("order", 17).Error("payment failed")

		e := f.Event()
		if e.Timestamp.UnixMilli() != past.UnixMilli() {
			t.Errorf("event time %v, want %v", e.Timestamp, past)
		}
		got := adaptertest.Decoded(t, e.Message)
		for key, want := range map[string]any{
			"time": past.Format(time.RFC3339Nano), "level": "error", "msg": "payment failed", "order": 17.0, "error": "card <refused>",
		} {
			if got[key] != want {
				t.Errorf("%s is %v, want %v", key, got[key], want)
			}
		}
		if file, _ := got["file"].(string); !strings.Contains(file, "hook_test.go:") || !strings.Contains(e.Message, "<refused>") {
			t.Errorf("got %s", e.Message)
		}
	})
}

func TestEntryIsOneEventWithAnyFormatter(t *testing.T) {
	for name, formatter := range map[string]logrus.Formatter{
		"pretty JSON": &logrus.JSONFormatter{PrettyPrint: true},
		"text":        &logrus.TextFormatter{DisableColors: true, DisableQuote: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := adaptertest.New(t, cloudwatch.Options{})
				logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, formatter))
				var own bytes.Buffer
				logger.SetOutput(&own)
				logger.SetFormatter(formatter)
				logger.WithField("stack", "a\nb").Warn("line 1\nline 2")
				if message := f.Event().Message; message+"\n" != own.String() || !strings.Contains(message, "\n") {
					t.Errorf("got %q, the logger wrote %q", message, own.String())
				}
			})
		})
	}
}

func TestLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var level slog.LevelVar
		f := adaptertest.New(t, cloudwatch.Options{Level: &level})
		followed := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
		own := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil, logrus.DebugLevel, logrus.ErrorLevel))
		sent := func(logger *logrus.Logger) (names string) {
			before := len(f.Events())
			for _, l := range []logrus.Level{logrus.TraceLevel, logrus.DebugLevel, logrus.InfoLevel, logrus.WarnLevel, logrus.ErrorLevel, logrus.FatalLevel} {
				logger.Log(l, "m")
			}
			for _, e := range f.Events()[before:] {
				names += adaptertest.Decoded(t, e.Message)["level"].(string) + " "
			}
			return names
		}
		for _, c := range []struct {
			name   string
			logger *logrus.Logger
			level  slog.Level
			want   string
		}{
			{"the default", followed, slog.LevelInfo, "info warning error fatal "},
			{"lowered", followed, slog.LevelDebug, "debug info warning error fatal "},
			{"lowered for TRACE", followed, slog.LevelDebug - 4, "trace debug info warning error fatal "},
			{"raised", followed, slog.LevelError, "error fatal "},
			{"its own", own, slog.LevelError, "debug error "},
		} {
			level.Set(c.level)
			if got := sent(c.logger); got != c.want {
				t.Errorf("%s: sent %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestEntryWithAFieldThatCannotBeJSONIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		fields := logrus.Fields{"ratio": math.NaN(), "c": make(chan int), "m": map[any]any{"a": 1}, "n": 1, "err": errors.New("e")}
		newLogger(cloudwatchlogrus.NewHook(f.Handler, nil)).WithFields(fields).Error("m")
		got := adaptertest.Decoded(t, f.Event().Message)
		if got["ratio"] != "NaN" || got["m"] != "map[a:1]" || got["n"] != 1.0 || got["err"] != "e" || got["msg"] != "m" {
			t.Errorf("got %v", got)
		}
	})
}

// The hook must not use the buffer of the entry, which belongs to the logger.
func TestOtherHooksAndOutputsSeeTheEntryUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := newLogger(cloudwatchlogrus.NewHook(f.Handler, nil))
		after := &countingHook{}
		logger.AddHook(after)
		var out bytes.Buffer
		logger.SetOutput(&out)
		logger.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: true})
		logger.WithField("n", 1).Info("m")
		if out.String() != "level=info msg=m n=1\n" || after.fired != 1 || after.buffer {
			t.Errorf("the logger wrote %q, the next hook: %+v", out.String(), after)
		}
	})
}

type countingHook struct {
	fired  int
	buffer bool // an entry had a buffer
}

func (*countingHook) Levels() []logrus.Level { return logrus.AllLevels }

func (k *countingHook) Fire(e *logrus.Entry) error {
	k.fired++
	k.buffer = k.buffer || e.Buffer != nil
	return nil
}

// Fire returns ErrClosed, but no error for events that are counted as lost: it would skip other hooks.
func TestErrorsOfFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 64 << 10, MaxEventBytes: 300, Oversize: cloudwatch.Drop})
		hook := cloudwatchlogrus.NewHook(f.Handler, nil)
		logger := newLogger(hook)
		after := &countingHook{}
		logger.AddHook(after)
		end := f.Away()
		logger.Info(strings.Repeat("x", 400))
		for range 1000 {
			logger.Info(strings.Repeat("x", 100))
		}
		if s := f.Stats(); s.Dropped.BufferFull == 0 || s.Dropped.Oversize != 1 || after.fired != 1001 {
			t.Errorf("dropped %+v, the other hook fired %d times", s.Dropped, after.fired)
		}
		end()
		f.Close()
		err := hook.Fire(&logrus.Entry{Logger: logger, Level: logrus.InfoLevel, Message: "late"})
		if n := f.Stats().Dropped.Closed; n != 1 || !errors.Is(err, cloudwatch.ErrClosed) {
			t.Errorf("%d events after Close, error %v", n, err)
		}
	})
}

func TestFormatterErrorIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		err := cloudwatchlogrus.NewHook(f.Handler, failing{}).Fire(&logrus.Entry{Logger: logrus.New(), Level: logrus.InfoLevel})
		if !errors.Is(err, os.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

type failing struct{}

func (failing) Format(*logrus.Entry) ([]byte, error) { return nil, os.ErrInvalid }

func TestOversizeEntryIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{MaxEventBytes: 1000})
		newLogger(cloudwatchlogrus.NewHook(f.Handler, nil)).WithField("text", strings.Repeat("x", 2000)+"end").Error("large")
		events := f.Events()
		if len(events) < 2 || !strings.Contains(events[0].Message, `"level":"error"`) || !strings.Contains(events[len(events)-2].Message+events[len(events)-1].Message, "end") {
			t.Errorf("got %q", events)
		}
	})
}

// constant formats without an allocation.
type constant struct{}

func (constant) Format(e *logrus.Entry) ([]byte, error) {
	e.Buffer.WriteString("message")
	return e.Buffer.Bytes(), nil
}

func TestHookAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond})
		f.Away()
		hook := cloudwatchlogrus.NewHook(f.Handler, constant{})
		entry := &logrus.Entry{Logger: logrus.New(), Time: time.Now(), Level: logrus.InfoLevel}
		fire := func() {
			if err := hook.Fire(entry); err != nil {
				t.Fatal(err)
			}
		}
		for range 300_000 { // warm up the pools and fill the buffer
			fire()
		}
		if n := testing.AllocsPerRun(100_000, fire); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
