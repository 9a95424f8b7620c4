package cloudwatch

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Writer is an [io.Writer] that sends text to a log stream of CloudWatch Logs. It serves programs
// that log text: package log, http.Server.ErrorLog, exec.Cmd, loggers that write lines. For zap,
// zerolog and logrus, the modules below adapters/ in the repository preserve more. Make one with
// [NewWriter], [Handler.Writer], [Handler.WriterAt] or [Handler.WriterWith]: the zero value drops
// everything and returns an error for it. [WriterOptions] selects what becomes an event: each
// line, the default, or each Write.
//
// A Writer is safe for concurrent use. An event has the time and level of the Write in which it
// began, unless [WriterOptions].ReadJSON finds others in it. Blank lines are not sent, since the
// service rejects empty messages.
//
// The lines of one Write stay together in the log stream, whatever other goroutines log. While a
// Write of more than 64 KiB is encoded, or waits for room under [Block], other log calls therefore
// wait. There are two exceptions: the partial lines of other Writers that Flush or Shutdown
// sends, and lines with times of their own, which are sorted by time.
//
// Each Writer holds a partial line: text after its last newline waits for the newline, or for
// Flush, Sync, Shutdown or Close of any Handler or Writer of the log stream. [Options.Oversize]
// applies to a partial line that is longer than an event. Beyond 1,000 partial lines, or 4 MiB of
// them, the oldest are sent without a newline.
type Writer struct {
	pipeline *pipeline.Pipeline
	text     *pipeline.Writer
}

var (
	_ io.WriteCloser  = (*Writer)(nil)
	_ io.StringWriter = (*Writer)(nil)
	_ io.ReaderFrom   = (*Writer)(nil)
)

// WriterOptions select how a [Writer] turns text into events. The zero value makes each line an
// event without a level.
type WriterOptions struct {
	// Level is the level of the events, unless ReadJSON finds another one. It is not written
	// into them: it decides which events a full buffer drops first, see [DropNewest], and
	// appears in loss reports. A *slog.LevelVar can be changed while the program runs. nil: no
	// level; a full buffer then treats the events like ERROR.
	Level slog.Leveler
	// Framing selects what becomes an event. The zero value is [EventPerLine].
	Framing Framing
	// ReadJSON reads level and time of events that are JSON objects, as zap, zerolog, logrus,
	// slog, pino and bunyan write them: the first valid one of the members "level", "lvl",
	// "severity", "@level" and "log.level", and the first valid one of "time", "ts",
	// "timestamp" and "@timestamp". Other events have Level and the time of the Write. A field
	// of the program with such a name is used if it comes first: with zerolog, which writes
	// the time last, a field "timestamp" is taken for the time. The adapters have no such
	// ambiguity.
	//
	// The time of the Write also replaces a time before the year 2000 or more than a day
	// ahead, and a time in whole seconds less than two seconds ago, so that the lines of one
	// second stay in order.
	//
	// The text is not changed. Reading costs about 0.2 µs of CPU time per line, beside 0.6 µs
	// for the rest of Write, and no allocation (go test -bench Write .). The scan ends when
	// both are found, so it is faster for loggers that write them first. false: nothing is read.
	ReadJSON bool
}

// Framing selects which text written to a [Writer] becomes an event: each line or each Write.
type Framing int

const (
	// EventPerLine makes each line an event; a line may span several Writes. It suits streams,
	// and loggers that write one line per record or several records at once.
	EventPerLine Framing = iota
	// EventPerWrite makes each Write an event, without its trailing newlines. It suits loggers
	// that call Write once per record, which may contain newlines: package log,
	// http.Server.ErrorLog with its stack traces, console encoders. It does not apply to
	// [Writer.ReadFrom], and therefore not to exec.Cmd and io.Copy: there each line is an event.
	EventPerWrite
)

// NewWriter returns a writer that sends to a log group, as [NewHandler] returns a handler.
// [Options.Writer] selects what becomes an event. The options for records, Level, AddSource,
// ReplaceAttr and Format, do not apply.
func NewWriter(logGroup string, opts *Options) (*Writer, error) {
	p, s, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new writer: %w", err)
	}
	return newWriter(p, s.Writer), nil
}

// Writer returns a writer to the same log stream, so that slog and other loggers share one
// buffer. [Options.Writer] selects what becomes an event: by default each line, without a level.
// Each call returns a new Writer with its own partial line. Closing it closes the handler.
func (h *Handler) Writer() *Writer {
	if h.settings == nil {
		return new(Writer)
	}
	return newWriter(h.pipeline, h.settings.Writer)
}

// WriterAt returns a writer to the same log stream whose events have a level. Each Write is one
// event, including newlines such as those of a stack trace. It is for log.SetOutput, log.New and
// http.Server.ErrorLog. With exec.Cmd each line is an event, see [Writer.ReadFrom]; an
// io.MultiWriter in between hides that method and needs WriterWith(WriterOptions{Level: level}).
// [Options.Level] and [Options.Writer] do not apply.
func (h *Handler) WriterAt(level slog.Level) *Writer {
	return newWriter(h.pipeline, WriterOptions{Level: level, Framing: EventPerWrite})
}

// WriterWith returns a writer to the same log stream with the given options instead of
// [Options.Writer]. An invalid Framing is treated as [EventPerLine].
func (h *Handler) WriterWith(opts WriterOptions) *Writer { return newWriter(h.pipeline, opts) }

func newWriter(p *pipeline.Pipeline, opts WriterOptions) *Writer {
	if p == nil {
		return new(Writer)
	}
	return &Writer{p, p.NewWriter(pipeline.WriterOptions{
		Level:    opts.Level,
		PerWrite: opts.Framing == EventPerWrite,
		ReadJSON: opts.ReadJSON,
	})}
}

// Write accepts the events of the text and returns len(text), even if some are dropped. The only
// error is [ErrClosed]: a dropped event is counted and reported to [Options.OnError], but must not
// end an io.Copy or keep an io.MultiWriter from its other writers. Shutdown sends a partial line
// without a newline; if a Write is adding to it at that moment, the whole line may be dropped.
//
// Text of the SDK's logger about requests of this writer is ignored.
func (w *Writer) Write(text []byte) (int, error) { return w.text.Write(text) }

// WriteString is [Writer.Write] for a string. It copies the string, at most 4 MiB at a time, or as
// a whole under [EventPerWrite].
func (w *Writer) WriteString(text string) (int, error) { return w.text.WriteString(text) }

// ReadFrom reads text until EOF and makes each line an event, whatever [WriterOptions].Framing is:
// a reader is a stream. os/exec and io.Copy call it. Each call has its own partial line, which
// ends with the reader, so several commands may share one Writer. The lines of one Read stay
// together.
//
// n is the number of bytes read. The error is that of the reader, except io.EOF, or [ErrClosed].
// It uses 32 KiB and the memory of the partial line, which is bounded as for [Writer.Write].
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) { return w.text.ReadFrom(r) }

// Append is [Handler.Append].
func (w *Writer) Append(at time.Time, level slog.Level, message []byte) error {
	return w.pipeline.Append(at, level, message)
}

// LogGroup is [Handler.LogGroup].
func (w *Writer) LogGroup() string { return w.pipeline.Group() }

// LogStream is [Handler.LogStream].
func (w *Writer) LogStream() string { return w.pipeline.Stream() }
