package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// plain is slog.TextHandler without the time.
var plain = cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return slog.NewTextHandler(w, o)
})

func TestUsing(t *testing.T) {
	tests := []struct {
		rule string
		log  func(l *slog.Logger)
		want []string
	}{
		{"a record, without the newline", func(l *slog.Logger) { l.Warn("m", "k", "v w") }, []string{`level=WARN msg=m k="v w"`}},
		{"records do not touch each other", func(l *slog.Logger) {
			l.Info("a long message")
			l.Info("m")
		}, []string{`level=INFO msg="a long message"`, "level=INFO msg=m"}},
		{"With", func(l *slog.Logger) { l.With("a", 1).With("b", 2).Info("m", "c", 3) }, []string{"level=INFO msg=m a=1 b=2 c=3"}},
		{"WithGroup", func(l *slog.Logger) { l.WithGroup("g").With("a", 1).WithGroup("h").Info("m", "b", 2) }, []string{"level=INFO msg=m g.a=1 g.h.b=2"}},
		{"siblings", func(l *slog.Logger) {
			l = l.WithGroup("a").WithGroup("b").WithGroup("c")
			x, y := l.WithGroup("x"), l.WithGroup("y")
			x.Info("m", "k", 1)
			y.Info("m", "k", 2)
		}, []string{"level=INFO msg=m a.b.c.x.k=1", "level=INFO msg=m a.b.c.y.k=2"}},
		{"empty With and WithGroup change nothing", func(l *slog.Logger) { slog.New(l.Handler().WithAttrs(nil).WithGroup("")).Info("m", "k", 1) }, []string{"level=INFO msg=m k=1"}},
		{"values of With are those of its call", func(l *slog.Logger) {
			calls := 0
			l = l.With("calls", logValue(func() slog.Value {
				calls++
				return slog.IntValue(calls)
			}))
			l.Info("m")
			l.WithGroup("g").Info("m")
			l.Info("m")
		}, []string{"level=INFO msg=m calls=1", "level=INFO msg=m calls=1", "level=INFO msg=m calls=1"}},
		{"the caller's slice of attributes is copied", func(l *slog.Logger) {
			attrs := []slog.Attr{slog.Int("a", 1)}
			h := l.Handler().WithAttrs(attrs)
			attrs[0] = slog.Int("b", 2)
			slog.New(h).Info("m")
		}, []string{"level=INFO msg=m a=1"}},
		{"levels below Options.Level do not come", func(l *slog.Logger) { l.Debug("m") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: plain})
				tt.log(f.Log)
				f.FlushWithin(time.Minute)
				f.WantMessages(tt.want...)
			})
		})
	}
}

// TestUsingGetsTheOptions: a handler formats as the options of ours say, and
// may change what it is given.
func TestUsingGetsTheOptions(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		handlers := 0
		level := new(slog.LevelVar)
		level.Set(slog.LevelDebug)
		f := testkit.New(t, cloudwatch.Options{
			LogStream: testkit.Stream,
			Level:     level,
			AddSource: true,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				switch a.Key {
				case slog.TimeKey:
					return slog.Attr{}
				case slog.SourceKey:
					a.Value = slog.StringValue("somewhere")
				}
				return a
			},
			Format: cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler {
				handlers++
				if o.Level != slog.Leveler(level) {
					t.Errorf("handler %d got the level %v", handlers, o.Level)
				}
				h := slog.NewTextHandler(w, o)
				o.Level, o.AddSource, o.ReplaceAttr = nil, false, nil
				return h
			}),
		})
		f.Log.Debug("m")
		f.Log.With("k", 1).Debug("m")
		f.FlushWithin(time.Minute)
		f.WantMessages("level=DEBUG source=somewhere msg=m", "level=DEBUG source=somewhere msg=m k=1")
	})
}

// TestUsingOneNewlineIsLeftOut, and no more.
func TestUsingOneNewlineIsLeftOut(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
			return writing{w: w}
		})})
		f.Log.Info("a")
		f.Log.Info("a\n")
		f.Log.Info("a\n\n")
		f.Log.Info("a\nb")
		f.Log.Info("")
		f.FlushWithin(time.Minute)
		f.WantMessages("a", "a", "a\n", "a\nb")
		if n := f.Stats().Dropped.Empty; n != 1 {
			t.Errorf("%d empty messages were counted, want 1", n)
		}
	})
}

func TestUsingAHandlerThatFails(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		broken := errors.New("out of ink")
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
			return writing{w: w, failOn: "bad", err: broken}
		})})
		handle := func(message string) error {
			return f.Handle(context.Background(), slog.NewRecord(time.Now(), slog.LevelInfo, message, 0))
		}
		if err := handle("bad"); !errors.Is(err, broken) || err.Error() != "cloudwatch: format record: out of ink" {
			t.Errorf("got %v", err)
		}
		if err := handle("good"); err != nil {
			t.Errorf("the next record: %v", err)
		}
		f.FlushWithin(time.Minute)
		f.WantMessages("good") // nothing of what the bad one wrote
		if s := f.Stats(); s.Accepted != 2 || s.Dropped.Unformatted != 1 {
			t.Errorf("accepted %d, unformatted %d; want 2 and 1", s.Accepted, s.Dropped.Unformatted)
		}
		var loss *cloudwatch.LossError
		time.Sleep(time.Minute) // for OnError
		for _, err := range f.Errors.Errors() {
			if errors.As(err, &loss) && loss.Reason == "could not be formatted" && loss.Events == 1 {
				return
			}
		}
		t.Errorf("OnError was told %v", f.Errors.Errors())
	})
}

// TestUsingLogValueMayLog: no lock is held, and no buffer shared, while a
// record is formatted.
func TestUsingLogValueMayLog(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: plain})
		f.Log.Info("outer", "k", logValue(func() slog.Value {
			f.Log.Info("inner", "k", logValue(func() slog.Value {
				f.Log.Info("innermost")
				return slog.IntValue(2)
			}))
			return slog.IntValue(1)
		}))
		f.FlushWithin(time.Minute)
		f.WantMessages("level=INFO msg=innermost", "level=INFO msg=inner k=2", "level=INFO msg=outer k=1")
	})
}

func TestUsingAtOnce(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		const callers, each = 8, 100
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: plain})
		parent := f.Log.WithGroup("a").WithGroup("b").WithGroup("c")
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				l := parent.WithGroup(fmt.Sprint("g", caller)).With("caller", caller)
				for n := range each {
					l.Info("m", "n", n)
				}
			})
		}
		wg.Wait()
		f.FlushWithin(time.Minute)
		seen := make(map[string]bool)
		for _, message := range f.Server.Messages(testkit.Group, testkit.Stream) {
			seen[message] = true
		}
		for caller := range callers {
			for n := range each {
				if want := fmt.Sprintf("level=INFO msg=m a.b.c.g%d.caller=%d a.b.c.g%d.n=%d", caller, caller, caller, n); !seen[want] {
					t.Fatalf("%q did not arrive among %d messages", want, len(seen))
				}
			}
		}
	})
}

// logValue is a slog.LogValuer.
type logValue func() slog.Value

func (f logValue) LogValue() slog.Value { return f() }

// writing is a handler that writes the message as it is, and may fail after
// that.
type writing struct {
	w      io.Writer
	failOn string
	err    error
}

func (writing) Enabled(context.Context, slog.Level) bool { return true }
func (h writing) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h writing) WithGroup(string) slog.Handler          { return h }
func (h writing) Handle(_ context.Context, r slog.Record) error {
	if _, err := io.WriteString(h.w, r.Message); err != nil {
		return err
	}
	if h.err != nil && r.Message == h.failOn {
		return h.err
	}
	return nil
}

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
		"the lowest level":           {slog.Level(math.MinInt), slog.LevelInfo, []string{"only INFO and above"}},
		"a LevelVar":                 {new(slog.LevelVar), slog.LevelWarn, []string{"INFO", "WARN"}},
		"the same level":             {slog.LevelWarn, slog.LevelWarn, nil},
		"a lower one":                {slog.LevelWarn, slog.LevelDebug, nil},
		"only the handler has one":   {nil, slog.LevelError, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Level: row.level, Format: usingLevel(row.inner, nil), OnError: cloudwatch.Silent})
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
			h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Level: own, Format: usingLevel(inner, nil), OnError: cloudwatch.Silent})
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
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Level: level, Format: usingLevel(inner, row.group)})
				f.Log.Info("before")
				l := row.change(f.Log)
				for range 100 {
					l.Log(t.Context(), level.Level(), "swallowed")
				}
				f.FlushWithin(time.Minute)
				f.WantMessages("before")
				time.Sleep(time.Minute)
				told := f.Errors.Errors()
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
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: usingLevel(slog.LevelWarn, nil)})
		for range 3 {
			err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "swallowed", 0))
			if err == nil || !strings.Contains(err.Error(), "level INFO is not accepted") {
				t.Errorf("Handle returned %v", err)
			}
		}
		if err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelWarn, "", 0)); err != nil { // nothing is in it
			t.Errorf("an empty record: %v", err)
		}
		f.FlushWithin(time.Minute)
		time.Sleep(time.Minute)
		if s := f.Stats(); s.Accepted != 4 || s.Dropped.Empty != 1 || s.Dropped.Unformatted != 3 {
			t.Errorf("%+v", s.Dropped)
		}
		levels, lost := 0, int64(0)
		for _, err := range f.Errors.Errors() {
			var loss *cloudwatch.LossError
			if errors.As(err, &loss) && loss.Reason == cloudwatch.LossUnformatted {
				lost += loss.Events
			} else if strings.Contains(fmt.Sprint(err), "given to Using") {
				levels++
			}
		}
		if levels != 1 || lost != 3 {
			t.Errorf("OnError was told %v", f.Errors.Errors())
		}
	})
}

// Whoever asks for a level pays nothing for Using unless it is used, and allocates nothing.
func TestEnabledAllocatesNothing(t *testing.T) {
	for name, format := range map[string]cloudwatch.Format{"JSON": cloudwatch.JSON, "Using": usingLevel(slog.LevelInfo, nil)} {
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Format: format, OnError: cloudwatch.Silent})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		h.Enabled(t.Context(), slog.LevelInfo)
		if n := testing.AllocsPerRun(1000, func() { h.Enabled(t.Context(), slog.LevelInfo) }); n >= 1 && !testkit.RaceEnabled {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
