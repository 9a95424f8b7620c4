// Package cloudwatchlogrus sends what logrus logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logrus.AddHook(cloudwatchlogrus.NewHook(h, nil))
//
// Each entry is one event, with its own time and level, however many lines it has. The level
// decides which events a full buffer keeps, as for records of slog. Log calls do not wait for
// the network, except Fatal and Panic, which deliver first, and all of them if
// cloudwatch.Options.OnFull is Block.
package cloudwatchlogrus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
)

// Hook is a logrus.Hook that sends entries through a handler. Make one with [NewHook]. It is
// safe for concurrent use.
type Hook struct {
	h         *cloudwatch.Handler
	formatter logrus.Formatter
	levels    []logrus.Level // nil: those that the handler accepts
}

var _ logrus.Hook = (*Hook)(nil)

// NewHook returns a hook for entries of the levels; without any, for those that
// cloudwatch.Options.Level accepts, also when that changes. The logger drops entries below its
// own level first. Options.Format, AddSource and ReplaceAttr do not apply.
//
// The formatter makes the message, independently of that of the logger; a newline at its end
// is left out. It must be safe for concurrent use, as those of logrus are. nil:
// logrus.JSONFormatter with nanoseconds, which writes a field that encoding/json refuses, such
// as NaN, as text, so that its entry is not lost.
//
// An event keeps the time of its entry (WithTime) and, for a full buffer, its level: that of
// slog with the same name; TRACE is below DEBUG, FATAL and PANIC are above ERROR. Fields and
// caller are where the formatter writes them.
//
// The logger still formats the entry for its own output and writes it there.
// logrus.SetOutput(io.Discard) saves only the writing; a formatter of the logger that returns
// nothing saves both.
func NewHook(h *cloudwatch.Handler, formatter logrus.Formatter, levels ...logrus.Level) *Hook {
	if formatter == nil {
		formatter = lenient{&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano, DisableHTMLEscape: true}}
	}
	return &Hook{h, formatter, slices.Clone(levels)}
}

// Levels returns the levels that NewHook was given, or all.
func (k *Hook) Levels() []logrus.Level {
	if len(k.levels) == 0 {
		return slices.Clone(logrus.AllLevels)
	}
	return slices.Clone(k.levels)
}

// Fire sends an entry.
//
// For FATAL it waits until everything is delivered, within Options.CloseTimeout, and for
// PANIC as well unless the spool keeps the event ([cloudwatch.Handler.Guarantee]), since a
// panic may be recovered. What is not delivered by then goes to standard error, as logrus
// prints the errors of hooks. It never waits otherwise.
//
// The errors are cloudwatch.ErrClosed and that of a formatter. Events that are lost because
// the buffer is full or they are oversize are counted in Stats and reported by the handler; for
// an error, logrus would print a line and skip the hooks that were added later.
//
// Beside the work of the formatter, an entry costs one copy and no allocation.
func (k *Hook) Fire(entry *logrus.Entry) error {
	level := slogLevel(entry.Level)
	if len(k.levels) == 0 && !k.h.Enabled(context.Background(), level) {
		return nil
	}
	err := k.send(entry, level)
	if entry.Level == logrus.FatalLevel || entry.Level == logrus.PanicLevel && !k.h.Guarantee().Kill {
		if undelivered := k.h.Sync(); undelivered != nil { // returned, it would keep later hooks from the entry
			fmt.Fprintln(os.Stderr, undelivered) // where logrus prints the errors of hooks
		}
	}
	return err
}

func (k *Hook) send(entry *logrus.Entry, level slog.Level) error {
	work := scratches.Get().(*scratch)
	defer work.put()
	work.entry = *entry
	work.entry.Buffer = &work.buffer // that of the entry is the logger's
	text, err := k.formatter.Format(&work.entry)
	if err != nil {
		return fmt.Errorf("cloudwatchlogrus: format entry: %w", err)
	}
	err = k.h.Append(entry.Time, level, bytes.TrimSuffix(text, []byte("\n")))
	if errors.Is(err, cloudwatch.ErrClosed) {
		return err
	}
	return nil // a loss is counted and reported
}

// slogLevel is exact for the levels that both have: logrus counts them down one by one, slog
// up in steps of four.
func slogLevel(l logrus.Level) slog.Level {
	return 4 * (slog.Level(logrus.InfoLevel) - slog.Level(l))
}

// scratch is the memory that one entry is formatted with.
type scratch struct {
	entry  logrus.Entry
	buffer bytes.Buffer
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// put keeps the memory for later, but not that of one huge entry.
func (w *scratch) put() {
	const most = 64 << 10
	if w.buffer.Cap() > most {
		return
	}
	w.entry = logrus.Entry{} // keeps nothing of the program alive
	w.buffer.Reset()
	scratches.Put(w)
}
