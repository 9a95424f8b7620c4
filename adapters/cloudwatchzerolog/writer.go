// Package cloudwatchzerolog sends what zerolog logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logger := zerolog.New(cloudwatchzerolog.NewWriter(h)).With().Timestamp().Logger()
//
// Each zerolog event becomes one log event with the same time and level. The level decides which
// events a full buffer keeps, as for slog records. Log calls never wait for the network, except
// Fatal and Panic, which deliver first, and all log calls if [cloudwatch.Options].OnFull is Block.
package cloudwatchzerolog

import (
	"bytes"
	"errors"
	"io"
	"log/slog"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
)

// Writer is a [zerolog.LevelWriter] that sends each Write as one event, without a trailing newline.
// Create one with [NewWriter]. It is safe for concurrent use.
//
// It works behind [zerolog.MultiLevelWriter], [zerolog.SyncWriter], [zerolog.ConsoleWriter] and
// diode. The last two do not pass on the level, see [Writer.Write].
type Writer struct {
	h *cloudwatch.Handler
}

var (
	_ zerolog.LevelWriter = (*Writer)(nil)
	_ io.Closer           = (*Writer)(nil)
)

// NewWriter returns a writer that sends through the handler. [cloudwatch.Options].Level, Format,
// AddSource and ReplaceAttr do not apply: the logger filters and formats.
func NewWriter(h *cloudwatch.Handler) *Writer { return &Writer{h} }

// WriteLevel sends a line with its level.
//
// The event has the time of the line if the line has a field [zerolog.TimestampFieldName] in a format
// that zerolog writes: RFC 3339, [zerolog.TimeFieldFormat] with date and seconds, or seconds,
// milliseconds, microseconds or nanoseconds since 1970; otherwise the current time. Times in whole
// seconds, zerolog's default, would lose the order of events within a second, so the current time
// replaces a time in the current second.
//
// Levels map to the slog levels of the same name. TRACE is below DEBUG, FATAL and PANIC are above
// ERROR, and a line without a level is INFO.
//
// For PANIC, WriteLevel flushes the handler within Options.CloseTimeout, unless the spool keeps the
// event ([cloudwatch.Handler.Guarantee]), because a panic may be recovered. For FATAL, zerolog calls
// [Writer.Close].
//
// WriteLevel returns len(line). The error is [cloudwatch.ErrClosed] or, for PANIC, a
// [*cloudwatch.UndeliveredError]; zerolog prints them. Events lost because the buffer is full or
// they are oversize are counted in [cloudwatch.Stats] and reported by the handler. They are not
// errors of WriteLevel, because zerolog would print each one.
//
// A line costs one copy, a scan from its time field to its end, and no allocation.
func (w *Writer) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	err := w.write(level, line)
	if level == zerolog.PanicLevel && !w.h.Guarantee().Kill {
		if undelivered := w.h.Sync(); err == nil {
			err = undelivered
		}
	}
	return len(line), err
}

// Write is [Writer.WriteLevel] for writers that do not pass on the level, such as diode. It reads the
// level from the field [zerolog.LevelFieldName] or, in the text of a ConsoleWriter, from the first of
// [zerolog.FormattedLevels]. It never waits for delivery, not even for PANIC: behind diode, the log
// call has already returned.
func (w *Writer) Write(line []byte) (int, error) { return len(line), w.write(levelOf(line), line) }

// Close closes the handler, also for its other users. zerolog calls it before Fatal exits.
func (w *Writer) Close() error { return w.h.Close() }

func (w *Writer) write(level zerolog.Level, line []byte) error {
	err := w.h.Append(timeOf(line), slogLevel(level), bytes.TrimSuffix(line, []byte("\n")))
	if errors.Is(err, cloudwatch.ErrClosed) {
		return err
	}
	return nil // the handler counts and reports losses
}

// slogLevel converts a level: those of zerolog are one apart, those of slog four.
func slogLevel(l zerolog.Level) slog.Level {
	if l == zerolog.NoLevel || l == zerolog.Disabled {
		return slog.LevelInfo
	}
	return 4 * (slog.Level(l) - slog.Level(zerolog.InfoLevel))
}
