package cloudwatchzap_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
)

func TestEntryKeepsTimeLevelNameCallerFieldsAndStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil), zap.AddCaller(), zap.AddStacktrace(zap.ErrorLevel))
		past := time.Now().Add(-time.Hour)
		ent := logger.Named("shop").With(zap.String("host", "web-1")).Check(zap.ErrorLevel, "payment failed")
		ent.Time = past
		ent.Write(zap.Int("order", 17), zap.Error(errors.New("card refused")))

		e := f.Event()
		if !e.Timestamp.Equal(past) {
			t.Errorf("event time %v, want %v", e.Timestamp, past)
		}
		got := adaptertest.Decoded(t, e.Message)
		for key, want := range map[string]any{
			"time": past.Format(time.RFC3339Nano), "level": "ERROR", "msg": "payment failed", "logger": "shop",
			"host": "web-1", "order": 17.0, "error": "card refused",
		} {
			if got[key] != want {
				t.Errorf("%s is %v, want %v", key, got[key], want)
			}
		}
		for key, part := range map[string]string{"caller": "core_test.go:", "stacktrace": "TestEntryKeepsTime"} {
			if text, _ := got[key].(string); !strings.Contains(text, part) {
				t.Errorf("%s is %q, want %q in it", key, text, part)
			}
		}
	})
}

// So the same metric filters match.
func TestDefaultEncoderWritesLikeSlog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{Level: slog.LevelDebug})
		z, s := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil)), slog.New(f.Handler)
		time.Sleep(123456789)
		z.Debug("m", zap.Duration("took", time.Second), zap.Time("at", time.Now()), zap.Float64("f", 0.5), zap.Bool("b", true))
		s.Debug("m", "took", time.Second, "at", time.Now(), "f", 0.5, "b", true)
		z.Warn("<m>\n\"é\"")
		s.Warn("<m>\n\"é\"")
		events := f.Events()
		for i := 0; i < len(events); i += 2 {
			if a, b := adaptertest.Decoded(t, events[i].Message), adaptertest.Decoded(t, events[i+1].Message); !reflect.DeepEqual(a, b) {
				t.Errorf("zap writes %v, slog writes %v", a, b)
			}
		}
		if len(events) != 4 {
			t.Errorf("got %d events", len(events))
		}
	})
}

func TestFieldsOfEveryKindMatchTheObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		seen, logs := observer.New(zap.InfoLevel)
		logger := zap.New(zapcore.NewTee(seen, cloudwatchzap.NewCore(f.Handler, nil, nil)))
		logger.With(zap.Int8("i", -1), zap.Namespace("ns")).WithLazy(zap.Strings("s", []string{"a", "b"})).
			Info("m", zap.Any("any", map[string]int{"x": 1}), zap.Dict("d", zap.Bool("b", true)), zap.ByteString("raw", []byte("text")), zap.Uint64("u", 7))
		got := adaptertest.Decoded(t, f.Event().Message)
		for _, key := range []string{"time", "level", "msg"} {
			delete(got, key)
		}
		text, err := json.Marshal(logs.All()[0].ContextMap())
		if err != nil {
			t.Fatal(err)
		}
		if want := adaptertest.Decoded(t, string(text)); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

func TestEntryIsOneEventWithAnyEncoder(t *testing.T) {
	config := zap.NewDevelopmentEncoderConfig()
	windows := config
	windows.LineEnding = "\r\n"
	none := config
	none.SkipLineEnding = true
	for name, enc := range map[string]zapcore.Encoder{
		"console": zapcore.NewConsoleEncoder(config), "console, CRLF": zapcore.NewConsoleEncoder(windows), "console, no line ending": zapcore.NewConsoleEncoder(none),
		"JSON": zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := adaptertest.New(t, cloudwatch.Options{})
				zap.New(cloudwatchzap.NewCore(f.Handler, enc, zap.InfoLevel), zap.AddStacktrace(zap.InfoLevel)).Info("line 1\nline 2")
				message := f.Event().Message
				if !strings.Contains(message, "line 2") || !strings.Contains(message, "TestEntryIsOneEvent") || strings.HasSuffix(message, "\n") || strings.HasSuffix(message, "\r") {
					t.Errorf("got %q", message)
				}
			})
		})
	}
}

func TestLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var level slog.LevelVar
		f := adaptertest.New(t, cloudwatch.Options{Level: &level})
		followed := cloudwatchzap.NewCore(f.Handler, nil, nil)
		own := cloudwatchzap.NewCore(f.Handler, nil, zap.WarnLevel)
		increased, err := zapcore.NewIncreaseLevelCore(followed, zap.ErrorLevel)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			core zapcore.Core
			set  slog.Level
			want zapcore.Level
		}{
			{"the handler's", followed, slog.LevelInfo, zap.InfoLevel},
			{"the handler's, lowered", followed, slog.LevelDebug, zap.DebugLevel},
			{"the handler's, raised", followed, slog.LevelError, zap.ErrorLevel},
			{"the handler's, behind With", followed.With([]zapcore.Field{zap.Int("n", 1)}), slog.LevelWarn, zap.WarnLevel},
			{"its own", own, slog.LevelError, zap.WarnLevel},
			{"its own, below Info", cloudwatchzap.NewCore(f.Handler, nil, zap.NewAtomicLevelAt(-3)), slog.LevelError, -3},
			{"increased", increased, slog.LevelDebug, zap.ErrorLevel},
		} {
			level.Set(c.set)
			if got := zapcore.LevelOf(c.core); got != c.want {
				t.Errorf("%s: level %v, want %v", c.name, got, c.want)
			}
			for l := zap.DebugLevel; l <= zap.FatalLevel; l++ {
				if got := c.core.Check(zapcore.Entry{Level: l}, nil) != nil; got != (l >= c.want) {
					t.Errorf("%s: Check(%v) enabled: %v", c.name, l, got)
				}
			}
		}
	})
}

func TestWithDoesNotChangeTheParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		parent := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil)).With(zap.Int("a", 1))
		b, c := parent.With(zap.Int("b", 2)), parent.WithLazy(zap.Int("c", 3))
		for _, logger := range []*zap.Logger{parent, b, c, parent} {
			logger.Info("m")
		}
		for i, want := range []string{`"a":1}`, `"a":1,"b":2}`, `"a":1,"c":3}`, `"a":1}`} {
			if got := f.Events()[i].Message; !strings.HasSuffix(got, `"msg":"m",`+want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

func TestSampledLoggerSendsItsSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := zap.New(zapcore.NewSamplerWithOptions(cloudwatchzap.NewCore(f.Handler, nil, nil), time.Second, 2, 10))
		for range 22 {
			logger.Info("again")
		}
		if got := len(f.Events()); got != 4 {
			t.Errorf("got %d events, want 4", got)
		}
	})
}

// Write returns ErrClosed, which zap prints, but no error for events that are counted as lost.
func TestErrorsOfWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 64 << 10, MaxEventBytes: 300, Oversize: cloudwatch.Drop})
		var out printed
		logger := zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil), zap.ErrorOutput(&out))
		end := f.Away()
		logger.Info(strings.Repeat("x", 400))
		for range 1000 {
			logger.Info(strings.Repeat("x", 100))
		}
		s := f.Stats()
		if s.Dropped.BufferFull == 0 || s.Dropped.Oversize != 1 || out.Len() > 0 {
			t.Errorf("dropped %+v, zap printed %q", s.Dropped, out.String())
		}
		end()
		f.Close()
		logger.Info("late")
		if n := f.Stats().Dropped.Closed; n != 1 || !strings.Contains(out.String(), cloudwatch.ErrClosed.Error()) {
			t.Errorf("%d events dropped after Close, zap printed %q", n, out.String())
		}
	})
}

func TestOversizeEntryIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{MaxEventBytes: 1000})
		zap.New(cloudwatchzap.NewCore(f.Handler, nil, nil)).Error("large", zap.String("text", strings.Repeat("x", 2000)+"end"))
		events := f.Events()
		if len(events) < 2 || !strings.Contains(events[0].Message, `"level":"ERROR"`) || !strings.Contains(events[len(events)-1].Message, "end") {
			t.Errorf("got %q", events)
		}
	})
}

func TestCoreAllocatesNoMoreThanZap(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond})
		f.Away()
		allocations := func(core zapcore.Core) float64 {
			logger := zap.New(core, zap.AddCaller()).With(zap.String("host", "web-1"))
			log := func() {
				logger.Info("request handled", zap.Int("status", 200), zap.String("path", "/items/12"), zap.Duration("took", time.Second))
			}
			for range 50_000 { // warm up the pools and fill the buffer
				log()
			}
			return testing.AllocsPerRun(50_000, log)
		}
		want := allocations(zapcore.NewCore(cloudwatchzap.NewEncoder(), zapcore.AddSync(io.Discard), zap.InfoLevel))
		if got := allocations(cloudwatchzap.NewCore(f.Handler, nil, nil)); got > want {
			t.Errorf("%v allocations, %v when writing to io.Discard", got, want)
		}
	})
}
