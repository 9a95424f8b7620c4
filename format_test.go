package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
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
			inBubble(t, func(t *testing.T) {
				f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: plain})
				tt.log(f.log)
				f.flush(time.Minute)
				f.wantMessages(tt.want...)
			})
		})
	}
}

// TestUsingGetsTheOptions: a handler formats as the options of ours say, and
// may change what it is given.
func TestUsingGetsTheOptions(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		handlers := 0
		level := new(slog.LevelVar)
		level.Set(slog.LevelDebug)
		f := newFixture(t, cloudwatch.Options{
			LogStream: stream,
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
		f.log.Debug("m")
		f.log.With("k", 1).Debug("m")
		f.flush(time.Minute)
		f.wantMessages("level=DEBUG source=somewhere msg=m", "level=DEBUG source=somewhere msg=m k=1")
	})
}

// TestUsingOneNewlineIsLeftOut, and no more.
func TestUsingOneNewlineIsLeftOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
			return writing{w: w}
		})})
		f.log.Info("a")
		f.log.Info("a\n")
		f.log.Info("a\n\n")
		f.log.Info("a\nb")
		f.log.Info("")
		f.flush(time.Minute)
		f.wantMessages("a", "a", "a\n", "a\nb")
		if n := f.Stats().Dropped.Empty; n != 1 {
			t.Errorf("%d empty messages were counted, want 1", n)
		}
	})
}

func TestUsingAHandlerThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		broken := errors.New("out of ink")
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
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
		f.flush(time.Minute)
		f.wantMessages("good") // nothing of what the bad one wrote
		if s := f.Stats(); s.Accepted != 2 || s.Dropped.Unformatted != 1 {
			t.Errorf("accepted %d, unformatted %d; want 2 and 1", s.Accepted, s.Dropped.Unformatted)
		}
		var loss *cloudwatch.LossError
		time.Sleep(time.Minute) // for OnError
		for _, err := range f.errors.errors() {
			if errors.As(err, &loss) && loss.Reason == "could not be formatted" && loss.Events == 1 {
				return
			}
		}
		t.Errorf("OnError was told %v", f.errors.errors())
	})
}

// TestUsingLogValueMayLog: no lock is held, and no buffer shared, while a
// record is formatted.
func TestUsingLogValueMayLog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: plain})
		f.log.Info("outer", "k", logValue(func() slog.Value {
			f.log.Info("inner", "k", logValue(func() slog.Value {
				f.log.Info("innermost")
				return slog.IntValue(2)
			}))
			return slog.IntValue(1)
		}))
		f.flush(time.Minute)
		f.wantMessages("level=INFO msg=innermost", "level=INFO msg=inner k=2", "level=INFO msg=outer k=1")
	})
}

func TestUsingAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const callers, each = 8, 100
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: plain})
		parent := f.log.WithGroup("a").WithGroup("b").WithGroup("c")
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
		f.flush(time.Minute)
		seen := make(map[string]bool)
		for _, message := range f.srv.Messages(group, stream) {
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
