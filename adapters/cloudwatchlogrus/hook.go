// Package cloudwatchlogrus sends what logrus logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logrus.AddHook(cloudwatchlogrus.NewHook(h, nil))
//
// Each entry becomes one event with the time and level of the entry, even if it has several lines.
// The level decides which events a full buffer keeps, as for slog records. Log calls never wait for
// the network, except Fatal and Panic, which deliver first, and all log calls if
// [cloudwatch.Options].OnFull is Block.
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

// Hook is a [logrus.Hook] that sends entries through a handler. Create one with [NewHook]. It is safe
// for concurrent use.
type Hook struct {
	h         *cloudwatch.Handler
	formatter logrus.Formatter
	levels    []logrus.Level // nil: the levels that the handler accepts
}

var _ logrus.Hook = (*Hook)(nil)

// NewHook returns a hook for entries of the given levels. Without levels, it sends those that
// [cloudwatch.Options].Level accepts at the time of the log call. The logger applies its own level
// first. Options.Format, AddSource and ReplaceAttr do not apply.
//
// The formatter writes the message, independently of the logger's formatter; the hook removes a
// trailing newline. It must be safe for concurrent use, as those of logrus are. nil: a
// [logrus.JSONFormatter] with nanoseconds that writes fields that encoding/json refuses, such as NaN,
// as text, so that the entry is not lost.
//
// An event has the time of its entry (WithTime). Levels map to the slog levels of the same name and
// matter when the buffer is full. TRACE is below DEBUG, FATAL and PANIC are above ERROR. The
// formatter writes fields and caller.
//
// The logger still formats each entry for its own output and writes it.
// logrus.SetOutput(io.Discard) saves only the write; a logger formatter that returns nothing saves
// both.
func NewHook(h *cloudwatch.Handler, formatter logrus.Formatter, levels ...logrus.Level) *Hook {
	if formatter == nil {
		formatter = lenient{&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano, DisableHTMLEscape: true}}
	}
	return &Hook{h, formatter, slices.Clone(levels)}
}

// Levels returns the levels given to [NewHook], or all levels.
func (k *Hook) Levels() []logrus.Level {
	if len(k.levels) == 0 {
		return slices.Clone(logrus.AllLevels)
	}
	return slices.Clone(k.levels)
}

// Fire sends an entry.
//
// For FATAL, it flushes the handler within Options.CloseTimeout; for PANIC too, unless the spool
// keeps the event ([cloudwatch.Handler.Guarantee]), because a panic may be recovered. It prints what
// was not delivered to standard error, where logrus prints the errors of hooks. For other levels it
// never waits.
//
// The error is [cloudwatch.ErrClosed] or that of the formatter. Events lost because the buffer is
// full or they are oversize are counted in [cloudwatch.Stats] and reported by the handler. Fire
// returns no error for them, because logrus would print it and skip the hooks added later.
//
// Besides the formatting, an entry costs one copy and no allocation.
func (k *Hook) Fire(entry *logrus.Entry) error {
	level := slogLevel(entry.Level)
	if len(k.levels) == 0 && !k.h.Enabled(context.Background(), level) {
		return nil
	}
	err := k.send(entry, level)
	if entry.Level == logrus.FatalLevel || entry.Level == logrus.PanicLevel && !k.h.Guarantee().Kill {
		if undelivered := k.h.Sync(); undelivered != nil { // if returned, logrus would skip the hooks added later
			fmt.Fprintln(os.Stderr, undelivered) // where logrus prints the errors of hooks
		}
	}
	return err
}

func (k *Hook) send(entry *logrus.Entry, level slog.Level) error {
	work := scratches.Get().(*scratch)
	defer work.put()
	work.entry = *entry
	work.entry.Buffer = &work.buffer // the entry's belongs to the logger
	text, err := k.formatter.Format(&work.entry)
	if err != nil {
		return fmt.Errorf("cloudwatchlogrus: format entry: %w", err)
	}
	err = k.h.Append(entry.Time, level, bytes.TrimSuffix(text, []byte("\n")))
	if errors.Is(err, cloudwatch.ErrClosed) {
		return err
	}
	return nil // the handler counts and reports losses
}

// slogLevel converts a level: those of logrus descend and are one apart, those of slog ascend and are
// four apart.
func slogLevel(l logrus.Level) slog.Level {
	return 4 * (slog.Level(logrus.InfoLevel) - slog.Level(l))
}

// scratch is the memory to format one entry.
type scratch struct {
	entry  logrus.Entry
	buffer bytes.Buffer
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// put returns the memory to the pool, except for that of a huge entry.
func (w *scratch) put() {
	const most = 64 << 10
	if w.buffer.Cap() > most {
		return
	}
	w.entry = logrus.Entry{} // release references to values of the program
	w.buffer.Reset()
	scratches.Put(w)
}
