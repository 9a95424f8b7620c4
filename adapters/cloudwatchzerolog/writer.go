// Package cloudwatchzerolog sends what zerolog logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logger := zerolog.New(cloudwatchzerolog.NewWriter(h)).With().Timestamp().Logger()
//
// Each event of zerolog is one event, with its own time and level. The level decides which
// events a full buffer keeps, as for records of slog. Log calls do not wait for the network,
// except Fatal and Panic, which deliver first, and all of them if cloudwatch.Options.OnFull
// is Block.
package cloudwatchzerolog

import (
	"bytes"
	"errors"
	"io"
	"log/slog"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
)

// Writer is a zerolog.LevelWriter that sends each Write as one event, without the newline at
// its end. Make one with [NewWriter]. It is safe for concurrent use.
//
// It works behind zerolog.MultiLevelWriter, zerolog.SyncWriter, zerolog.ConsoleWriter and
// diode. The last two do not pass the level on, see [Writer.Write].
type Writer struct {
	h *cloudwatch.Handler
}

var (
	_ zerolog.LevelWriter = (*Writer)(nil)
	_ io.Closer           = (*Writer)(nil)
)

// NewWriter returns a writer to the log stream of the handler. The logger decides what is
// logged and how: Options.Level, Format, AddSource and ReplaceAttr do not apply.
func NewWriter(h *cloudwatch.Handler) *Writer { return &Writer{h} }

// WriteLevel sends a line of zerolog with its level.
//
// The time of the event is that of the line, if it has a field zerolog.TimestampFieldName in
// a format that zerolog writes: RFC 3339, zerolog.TimeFieldFormat with date and seconds, or
// seconds, milliseconds, microseconds or nanoseconds since 1970. Times in whole seconds,
// zerolog's default, would put the events of a second out of order, so a time in the current
// second is replaced by the current time. A line without a time has the current time.
//
// The level is that of slog with the same name; TRACE is below DEBUG, FATAL and PANIC are
// above ERROR, and a line without a level is INFO.
//
// After a PANIC it waits until everything is delivered, within Options.CloseTimeout, unless
// the spool keeps the event ([cloudwatch.Handler.Guarantee]), since a panic may be recovered.
// After a FATAL, zerolog calls [Writer.Close].
//
// It returns len(line). The error is cloudwatch.ErrClosed or, for PANIC, a
// *cloudwatch.UndeliveredError; zerolog prints them. Events that are lost because the buffer is
// full or they are oversize are counted in Stats and reported by the handler; they are not
// errors, since zerolog would print each of them.
//
// It costs one copy of the line, a scan from its time to its end, and no allocation.
func (w *Writer) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	err := w.write(level, line)
	if level == zerolog.PanicLevel && !w.h.Guarantee().Kill {
		if undelivered := w.h.Sync(); err == nil {
			err = undelivered
		}
	}
	return len(line), err
}

// Write is WriteLevel for lines that come without their level, from diode and other writers.
// The level is that of the field zerolog.LevelFieldName, or in the text of a ConsoleWriter the
// first of zerolog.FormattedLevels. It never waits for delivery, not even after a PANIC: behind
// diode the log call has returned already.
func (w *Writer) Write(line []byte) (int, error) { return len(line), w.write(levelOf(line), line) }

// Close closes the handler, and with it all that uses its log stream. zerolog calls it before
// a fatal exit.
func (w *Writer) Close() error { return w.h.Close() }

func (w *Writer) write(level zerolog.Level, line []byte) error {
	err := w.h.Append(timeOf(line), slogLevel(level), bytes.TrimSuffix(line, []byte("\n")))
	if errors.Is(err, cloudwatch.ErrClosed) {
		return err
	}
	return nil // a loss is counted and reported
}

// slogLevel is exact for the levels that both have: zerolog counts them one by one, slog in
// steps of four.
func slogLevel(l zerolog.Level) slog.Level {
	if l == zerolog.NoLevel || l == zerolog.Disabled {
		return slog.LevelInfo
	}
	return 4 * (slog.Level(l) - slog.Level(zerolog.InfoLevel))
}
