package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// leveled is a handler with a level of its own, as those of other packages are: below that,
// Handle writes nothing and returns nil.
type leveled struct {
	writing
	level slog.Leveler
	group slog.Leveler // the level of its groups, if it is another one
}

func (h leveled) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h leveled) Handle(ctx context.Context, r slog.Record) error {
	if !h.Enabled(ctx, r.Level) {
		return nil
	}
	return h.writing.Handle(ctx, r)
}

func (h leveled) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h leveled) WithGroup(string) slog.Handler {
	if h.group != nil {
		h.level = h.group
	}
	return h
}

func usingLevel(level, group slog.Leveler) cloudwatch.Format {
	return cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
		return leveled{writing{w: w}, level, group}
	})
}

func TestUsingAHandlerWithAHigherLevelThanOptionsIsAnError(t *testing.T) {
	rows := map[string]struct {
		level slog.Leveler
		inner slog.Leveler
		want  []string // in the error; nil: there is none
	}{
		"DEBUG over INFO":            {slog.LevelDebug, slog.LevelInfo, []string{"DEBUG", "only INFO and above", "*slog.HandlerOptions"}},
		"INFO over WARN":             {slog.LevelInfo, slog.LevelWarn, []string{"INFO", "only WARN and above"}},
		"a trace level over DEBUG":   {slog.Level(-8), slog.LevelDebug, []string{"DEBUG-4", "only DEBUG and above"}},
		"a handler that is disabled": {slog.LevelInfo, slog.Level(1 << 20), []string{"INFO", "none"}},
		"the lowest level":           {slog.Level(-1 << 62), slog.LevelInfo, []string{"only INFO and above"}},
		"a LevelVar":                 {new(slog.LevelVar), slog.LevelWarn, []string{"INFO", "WARN"}},
		"the same level":             {slog.LevelWarn, slog.LevelWarn, nil},
		"a lower one":                {slog.LevelWarn, slog.LevelDebug, nil},
		"only the handler has one":   {nil, slog.LevelError, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			h, err := cloudwatch.NewHandler(group, &cloudwatch.Options{Level: row.level, Format: usingLevel(row.inner, nil), OnError: cloudwatch.Silent})
			if err == nil {
				h.Close()
			}
			if (err == nil) != (row.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v: no %q", err, want)
				}
			}
		})
	}
}

// Enabled is what both accept, so that no record comes that one of them swallows.
func TestUsingEnabledIsWhatBothAccept(t *testing.T) {
	for _, own := range []slog.Leveler{nil, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		for _, inner := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			lowest := slog.LevelInfo
			if own != nil {
				lowest = own.Level()
				if inner > lowest {
					continue // an error of the constructor
				}
			}
			h, err := cloudwatch.NewHandler(group, &cloudwatch.Options{Level: own, Format: usingLevel(inner, nil), OnError: cloudwatch.Silent})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			for level := slog.LevelDebug - 1; level <= slog.LevelError+1; level++ {
				for what, handler := range map[string]slog.Handler{"it": h, "its clone": h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("k", 1)})} {
					if got, want := handler.Enabled(t.Context(), level), level >= max(lowest, inner); got != want {
						t.Errorf("Options.Level %v, handler %v: %s is enabled for %v: %v", own, inner, what, level, got)
					}
				}
			}
		}
	}
}

// A level that turns out to be too high only while the program runs is reported once.
func TestUsingALevelThatChangesIsReportedOnce(t *testing.T) {
	level := new(slog.LevelVar)
	inner := new(slog.LevelVar)
	rows := map[string]struct {
		group  slog.Leveler
		change func(l *slog.Logger) *slog.Logger
	}{
		"Options.Level is lowered": {nil, func(l *slog.Logger) *slog.Logger {
			level.Set(slog.LevelDebug)
			return l
		}},
		"the handler's is raised": {nil, func(l *slog.Logger) *slog.Logger {
			inner.Set(slog.LevelWarn)
			return l
		}},
		"a group has another one": {slog.LevelError, func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") }},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			level.Set(slog.LevelInfo)
			inner.Set(slog.LevelInfo)
			inBubble(t, func(t *testing.T) {
				f := newFixture(t, cloudwatch.Options{LogStream: stream, Level: level, Format: usingLevel(inner, row.group)})
				f.log.Info("before")
				l := row.change(f.log)
				for range 100 {
					l.Log(t.Context(), level.Level(), "swallowed")
				}
				f.flush(time.Minute)
				f.wantMessages("before")
				time.Sleep(time.Minute)
				told := f.errors.errors()
				if len(told) != 1 || !strings.Contains(told[0].Error(), "is not accepted by the handler given to Using, only ") {
					t.Errorf("OnError was told %v", told)
				}
				if s := f.Stats(); s.Accepted != 1 {
					t.Errorf("%d accepted: a disabled record is no event", s.Accepted)
				}
			})
		})
	}
}

// Handle can be called without Enabled. What the handler then leaves out is a loss, not a
// blank line.
func TestUsingARecordBelowTheLevelOfTheHandlerIsALoss(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: usingLevel(slog.LevelWarn, nil)})
		for range 3 {
			err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "swallowed", 0))
			if err == nil || !strings.Contains(err.Error(), "level INFO is not accepted") {
				t.Errorf("Handle returned %v", err)
			}
		}
		if err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelWarn, "", 0)); err != nil { // nothing is in it
			t.Errorf("an empty record: %v", err)
		}
		f.flush(time.Minute)
		time.Sleep(time.Minute)
		if s := f.Stats(); s.Accepted != 4 || s.Dropped.Empty != 1 || s.Dropped.Unformatted != 3 {
			t.Errorf("%+v", s.Dropped)
		}
		levels, lost := 0, int64(0)
		for _, err := range f.errors.errors() {
			var loss *cloudwatch.LossError
			if errors.As(err, &loss) && loss.Reason == cloudwatch.LossUnformatted {
				lost += loss.Events
			} else if strings.Contains(fmt.Sprint(err), "given to Using") {
				levels++
			}
		}
		if levels != 1 || lost != 3 {
			t.Errorf("OnError was told %v", f.errors.errors())
		}
	})
}

// Whoever asks for a level pays nothing for Using unless it is used, and allocates nothing.
func TestEnabledAllocatesNothing(t *testing.T) {
	for name, format := range map[string]cloudwatch.Format{"JSON": cloudwatch.JSON, "Using": usingLevel(slog.LevelInfo, nil)} {
		h, err := cloudwatch.NewHandler(group, &cloudwatch.Options{Format: format, OnError: cloudwatch.Silent})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		h.Enabled(t.Context(), slog.LevelInfo)
		if n := testing.AllocsPerRun(1000, func() { h.Enabled(t.Context(), slog.LevelInfo) }); n >= 1 && !raceEnabled {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
