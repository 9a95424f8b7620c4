package cloudwatchzerolog_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/diode"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzerolog"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
)

func TestEventKeepsTimeLevelCallerFieldsAndBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		set(t, &zerolog.TimeFieldFormat, time.RFC3339Nano)
		past := time.Now().Add(-time.Hour).Add(123456789)
		var want strings.Builder
		logger := zerolog.New(zerolog.MultiLevelWriter(&want, cloudwatchzerolog.NewWriter(f.Handler))).With().Caller().Str("host", "web-1").Logger()
		logger.Error().Time(zerolog.TimestampFieldName, past).Err(errors.New("card\nrefused")).Msg("payment failed")
		e := f.Event()
		if e.Timestamp.UnixMilli() != past.UnixMilli() {
			t.Errorf("event time %v, want %v", e.Timestamp, past)
		}
		if e.Message+"\n" != want.String() {
			t.Errorf("got %q, zerolog wrote %q", e.Message, want.String())
		}
		got := adaptertest.Decoded(t, e.Message)
		if caller, _ := got["caller"].(string); got["level"] != "error" || got["host"] != "web-1" || !strings.Contains(caller, "writer_test.go:") {
			t.Errorf("got %v", got)
		}
	})
}

// The level decides what a full buffer keeps.
func TestLevelIsKeptBehindOtherWriters(t *testing.T) {
	for name, wrap := range map[string]func(io.Writer) io.Writer{
		"alone":               func(w io.Writer) io.Writer { return w },
		"SyncWriter":          zerolog.SyncWriter,
		"MultiLevelWriter":    func(w io.Writer) io.Writer { return zerolog.MultiLevelWriter(io.Discard, w) },
		"FilteredLevelWriter": func(w io.Writer) io.Writer { return &zerolog.FilteredLevelWriter{Writer: w.(zerolog.LevelWriter)} },
		"ConsoleWriter":       func(w io.Writer) io.Writer { return zerolog.ConsoleWriter{Out: w, NoColor: true} },
		"without levels":      func(w io.Writer) io.Writer { return zerolog.LevelWriterAdapter{Writer: w} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 1 << 20})
				logger := zerolog.New(wrap(cloudwatchzerolog.NewWriter(f.Handler))).With().Timestamp().Logger()
				checkErrorsAreKept(t, f, &logger, logger)
			})
		})
	}
}

func TestLevelIsKeptBehindDiode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 1 << 20})
		w := diode.NewWriter(cloudwatchzerolog.NewWriter(f.Handler), 1<<15, 0, func(missed int) { t.Errorf("diode dropped %d lines", missed) })
		logger := zerolog.New(w).With().Timestamp().Logger()
		checkErrorsAreKept(t, f, &logger, logger)
		if err := w.Close(); err != nil || !errors.Is(f.Append(time.Time{}, 0, []byte("m")), cloudwatch.ErrClosed) {
			t.Errorf("Close of diode did not close the handler: %v", err)
		}
	})
}

func TestConsoleWriterSendsOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := zerolog.New(zerolog.ConsoleWriter{Out: cloudwatchzerolog.NewWriter(f.Handler), NoColor: true}).With().Timestamp().Logger()
		logger.Warn().Int("order", 17).Msg("line 1\nline 2")
		if e := f.Event(); !strings.Contains(e.Message, "WRN line 1\nline 2 order=17") || !e.Timestamp.Equal(time.Now()) {
			t.Errorf("got %v %q", e.Timestamp, e.Message)
		}
	})
}

// Writes return ErrClosed, which zerolog prints, but no error for events that are counted as lost.
func TestErrorsOfWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 64 << 10, MaxEventBytes: 300, Oversize: cloudwatch.Drop})
		var reported []error
		set(t, &zerolog.ErrorHandler, func(err error) { reported = append(reported, err) })
		logger := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler))
		end := f.Away()
		logger.Info().Msg(strings.Repeat("x", 400))
		for range 1000 {
			logger.Info().Msg(strings.Repeat("x", 100))
		}
		if s := f.Stats(); s.Dropped.BufferFull == 0 || s.Dropped.Oversize != 1 || len(reported) > 0 {
			t.Errorf("dropped %+v, zerolog reported %v", s.Dropped, reported)
		}
		end()
		f.Close()
		logger.Info().Msg("late")
		if n := f.Stats().Dropped.Closed; n != 1 || len(reported) != 1 || !errors.Is(reported[0], cloudwatch.ErrClosed) {
			t.Errorf("%d events dropped after Close, zerolog reported %v", n, reported)
		}
	})
}

func TestOversizeEventIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{MaxEventBytes: 1000})
		logger := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler))
		logger.Error().Str("text", strings.Repeat("x", 2000)+"end").Msg("large")
		events := f.Events()
		if len(events) < 2 || !strings.Contains(events[0].Message, `"level":"error"`) || !strings.Contains(events[len(events)-2].Message+events[len(events)-1].Message, "end") {
			t.Errorf("got %q", events)
		}
	})
}

func TestLogCallsDoNotWaitDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{})
		logger := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler))
		f.Away()
		for l := zerolog.TraceLevel; l <= zerolog.FatalLevel; l++ {
			if d := adaptertest.Took(func() { logger.WithLevel(l).Msg("m") }); d > 0 {
				t.Errorf("a log call of level %s took %v", l, d)
			}
		}
		if n := f.Stats().Pending; n != 6 {
			t.Errorf("%d events are pending, want 6", n)
		}
	})
}

// Panic delivers the entry before it panics, within CloseTimeout.
func TestPanicFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{CloseTimeout: 3 * time.Second})
		logger := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler))
		panics := func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			logger.Panic().Msg("broken")
		}
		panics()
		if got := f.Server.Messages(adaptertest.Group, adaptertest.Stream); len(got) != 1 || !strings.Contains(got[0], `"level":"panic"`) {
			t.Errorf("got %q", got)
		}
		f.Away()
		if d := adaptertest.Took(panics); d != 3*time.Second {
			t.Errorf("waited %v during an outage, want CloseTimeout", d)
		}
		_, err := cloudwatchzerolog.NewWriter(f.Handler).WriteLevel(zerolog.PanicLevel, []byte("broken"))
		var left *cloudwatch.UndeliveredError
		if !errors.As(err, &left) || left.Events != 2 {
			t.Errorf("got %v, want an UndeliveredError with 2 events", err)
		}
	})
}

func TestWriterAllocatesNoMoreThanZerolog(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name, format := range map[string]string{
		"default": time.RFC3339, "RFC3339Nano": time.RFC3339Nano, "seconds": zerolog.TimeFormatUnix, "nanoseconds": zerolog.TimeFormatUnixNano, "layout": time.DateTime,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set(t, &zerolog.TimeFieldFormat, format)
				f := adaptertest.New(t, cloudwatch.Options{BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond})
				f.Away()
				allocations := func(w io.Writer) float64 {
					logger := zerolog.New(w).With().Timestamp().Str("host", "web-1").Logger()
					log := func() { logger.Info().Int("status", 200).Str("path", "/items/12").Msg("request handled") }
					for range 50_000 { // warm up the pools and fill the buffer
						log()
					}
					return testing.AllocsPerRun(50_000, log)
				}
				w := cloudwatchzerolog.NewWriter(f.Handler)
				want := allocations(io.Discard)
				if got := allocations(w); got > want {
					t.Errorf("%v allocations, %v when writing to io.Discard", got, want)
				}
				if got := allocations(zerolog.LevelWriterAdapter{Writer: w}); got > want {
					t.Errorf("%v allocations without a level, %v when writing to io.Discard", got, want)
				}
			})
		})
	}
}
