package cloudwatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/jsonline"
)

// Writer is an io.Writer that sends text to a log stream of CloudWatch Logs. It is for
// whatever writes its log as text: package log, http.Server.ErrorLog, exec.Cmd, loggers that
// write lines. For zap, zerolog and logrus the adapters below adapters/ in the repository
// keep more. Make one with [NewWriter], [Handler.Writer], [Handler.WriterAt] or
// [Handler.WriterWith]. WriterOptions says what becomes an event: each line, the default, or
// each Write.
//
// It is safe for concurrent use. An event has the time and the level of the Write in which it
// began, unless WriterOptions.ReadJSON finds others in it. Blank lines are not sent, for the
// service takes no empty message.
//
// The lines of one Write stay together in the log stream, however many there are and whatever
// other goroutines log. The price is that other log calls wait while a Write of more than
// 64 KiB is encoded, or waits for room under Block. There are two exceptions: the partial
// lines of other Writers that Flush or Shutdown sends, and lines with times of their own,
// which are sorted by these.
//
// Each Writer has a partial line of its own: text behind its last newline waits for its
// newline, or for Flush, Sync, Shutdown or Close of any Handler or Writer of the log stream.
// A partial line that is longer than an event is treated as Options.Oversize says. Beyond
// 1,000 partial lines, or 4 MiB of them, the oldest are sent as they are.
type Writer struct {
	*pipeline
	opts  WriterOptions
	lines *lines
}

var (
	_ io.WriteCloser  = (*Writer)(nil)
	_ io.StringWriter = (*Writer)(nil)
	_ io.ReaderFrom   = (*Writer)(nil)
)

// WriterOptions says how a Writer makes events of text. The zero value is one event a line,
// without a level.
type WriterOptions struct {
	// Level is the level of the events, unless ReadJSON finds another one. It is not written
	// into them: it decides which events a full buffer drops first, see DropNewest, and is
	// in the report of a loss. A *slog.LevelVar can be changed while the program runs. nil:
	// no level; a full buffer then treats the events like ERROR.
	Level slog.Leveler
	// Framing says what becomes an event. The zero value is EventPerLine.
	Framing Framing
	// ReadJSON reads level and time of events that are JSON objects, as zap, zerolog,
	// logrus, slog, pino and bunyan write them: the first of the members "level", "lvl",
	// "severity", "@level" and "log.level" that can be read, and the first such of "time",
	// "ts", "timestamp" and "@timestamp". Other events have Level and the time of the Write.
	// A field of the program with such a name counts if it comes first: with zerolog, which
	// writes the time last, a field "timestamp" is taken for it. Adapters know the difference.
	//
	// The time of the Write also replaces a time before the year 2000 or more than a day
	// ahead, and one in whole seconds that is less than two seconds ago, so that the lines
	// of a second stay in order.
	//
	// The text is not changed. It costs about 0.2 µs of CPU time a line, beside 0.6 µs for
	// the rest of Write, and no allocation (go test -bench Write .). The scan ends when both
	// are found, so it is faster for loggers that write them first. false: nothing is read.
	ReadJSON bool
}

// Framing says what of the text written to a Writer becomes an event: each line or each Write.
type Framing int

const (
	// EventPerLine makes an event of each line, which may come in several Writes. It is for
	// streams, and for loggers that write a line for each record or several records at once.
	EventPerLine Framing = iota
	// EventPerWrite makes one event of each Write, without the newlines at its end. It is
	// for loggers that call Write once for each record, which may have newlines in it:
	// package log, http.Server.ErrorLog with its stack traces, console encoders. It does
	// not apply to ReadFrom, and so not to exec.Cmd and io.Copy: there each line is an event.
	EventPerWrite
)

// NewWriter returns a writer that sends to a log group, as NewHandler returns a handler.
// Options.Writer says what becomes an event. Level, AddSource, ReplaceAttr and Format of
// Options, which are about records, do not apply.
func NewWriter(logGroup string, opts *Options) (*Writer, error) {
	p, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new writer: %w", err)
	}
	return p.newWriter(p.settings.Writer), nil
}

// Writer returns a writer to the same log stream, so that slog and other loggers share one
// buffer. Options.Writer says what becomes an event: by default each line, without a level.
// Each call returns a new Writer, with a partial line of its own. Closing it closes the handler.
func (h *Handler) Writer() *Writer { return h.newWriter(h.settings.Writer) }

// WriterAt returns a writer to the same log stream whose events have a level: each Write is
// one event, with the newlines it holds, such as those of a stack trace. It is for
// log.SetOutput, log.New and http.Server.ErrorLog. For exec.Cmd each line is an event, see
// [Writer.ReadFrom]; an io.MultiWriter in between hides that method, so it needs
// WriterWith(WriterOptions{Level: level}). Options.Level and Options.Writer do not apply.
func (h *Handler) WriterAt(level slog.Level) *Writer {
	return h.newWriter(WriterOptions{Level: level, Framing: EventPerWrite})
}

// WriterWith returns a writer to the same log stream with options of its own, in place of
// Options.Writer. A Framing that does not exist is treated as EventPerLine.
func (h *Handler) WriterWith(opts WriterOptions) *Writer { return h.newWriter(opts) }

func (p *pipeline) newWriter(opts WriterOptions) *Writer {
	w := &Writer{pipeline: p, opts: opts}
	w.lines = newLines(w)
	return w
}

// Write takes the events of the text and returns len(text), even if some are dropped. The
// only error is ErrClosed: an event that is dropped is counted and reported to
// Options.OnError, but must not end an io.Copy or keep an io.MultiWriter from its other
// writers. Shutdown sends a partial line as it is; if a Write is just adding to it, the whole
// line may be refused.
//
// What the SDK's logger writes about the requests of delivery is ignored.
func (w *Writer) Write(text []byte) (int, error) {
	if w.client.Speech.Mine() {
		return len(text), nil
	}
	g, now := w.newGroup(), w.now()
	if w.opts.Framing == EventPerWrite {
		w.message(g, trimNewlines(text), now)
		return len(text), g.end()
	}
	for rest, first := text, true; ; first = false {
		n := pieceOf(rest)
		w.piece(g, w.lines, rest[:n], now, first, n == len(rest))
		if rest = rest[n:]; len(rest) == 0 {
			return len(text), g.end()
		}
	}
}

// pieceBytes is how much of a large Write is processed at a time: a few of the largest lines.
const pieceBytes = 4 << 20

// pieceOf returns how much of the text is processed next. If possible it ends with a line.
func pieceOf[T string | []byte](text T) int {
	if len(text) <= pieceBytes {
		return len(text)
	}
	for n := pieceBytes; n > 0; n-- {
		if text[n-1] == '\n' {
			return n
		}
	}
	return pieceBytes
}

// WriteString is Write for a string. It copies the string, at most 4 MiB at a time, or as a
// whole under EventPerWrite.
func (w *Writer) WriteString(text string) (int, error) {
	if w.client.Speech.Mine() {
		return len(text), nil
	}
	g, now := w.newGroup(), w.now()
	if w.opts.Framing == EventPerWrite {
		g.text = append(g.text, text...)
		w.message(g, trimNewlines(g.text), now)
		return len(text), g.end()
	}
	for rest, first := text, true; ; first = false {
		n := pieceOf(rest)
		g.text = append(g.text[:0], rest[:n]...)
		w.piece(g, w.lines, g.text, now, first, n == len(rest))
		if rest = rest[n:]; rest == "" {
			return len(text), g.end()
		}
	}
}

// ReadFrom reads text to its end and makes an event of each line, whatever
// WriterOptions.Framing says: a reader is a stream. os/exec and io.Copy call it. Each call has
// a partial line of its own, which ends with the reader, so the output of several commands may
// go to one Writer. The lines of each Read stay together.
//
// n is the number of bytes read. The error is that of the reader, except io.EOF, or ErrClosed.
// It holds 32 KiB and the partial line, which is bounded like that of Write.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	buf := make([]byte, 32<<10)
	l := newLines(w)
	for err == nil {
		var read int
		read, err = r.Read(buf)
		if read > 0 {
			n += int64(read)
			g := w.newGroup()
			w.piece(g, l, buf[:read], w.now(), true, true)
			if closed := g.end(); closed != nil {
				err = closed
			}
		}
	}
	g := w.newGroup()
	for _, e := range l.take(true) {
		g.put(e)
	}
	closed := g.end()
	if errors.Is(err, io.EOF) {
		err = closed
	}
	return n, err
}

// piece takes the events of a piece of text in lines.
func (w *Writer) piece(g *group, l *lines, text []byte, now stamp, first, last bool) {
	c := &g.completed
	l.add(text, now, first, last, c)
	for _, e := range c.before {
		g.put(e)
	}
	if !c.first.at.IsZero() {
		w.message(g, c.first.text, c.first.stamp)
	}
	for rest := c.whole; len(rest) > 0; {
		var text []byte
		text, rest, _ = bytes.Cut(rest, []byte("\n"))
		w.message(g, trimCR(text), now)
	}
	for _, e := range c.after {
		g.put(e)
	}
	if c.crowded {
		w.partials.relieve(func(events ...batch.Event) { w.queue.Leave(w.queue.Flush(events...)) })
	}
	*c = completed{}
}

// message takes the events of one line or Write.
func (w *Writer) message(g *group, text []byte, written stamp) {
	s := w.read(text, written, true)
	g.add(text, s.at, s.level)
}

// now returns the stamp of a Write that begins. It calls the program's Leveler here, since
// later other log calls may be waiting.
func (w *Writer) now() stamp {
	s := stamp{at: time.Now()}
	if w.opts.Level != nil {
		s.level = account.LevelOf(w.opts.Level.Level())
	}
	return s
}

// read returns the stamp of an event: that of its Write, or what its text says. If that is not
// whole, it begins like this.
func (w *Writer) read(text []byte, written stamp, whole bool) stamp {
	if !w.opts.ReadJSON {
		return written
	}
	fields := jsonline.Read(text, whole)
	if fields.HasLevel {
		written.level = account.LevelOf(fields.Level)
	}
	written.at = fields.At(written.at)
	return written
}

// eventsOf returns the events that a partial line makes.
func (w *Writer) eventsOf(l line) (events []batch.Event) {
	s := w.read(l.text, l.stamp, true)
	w.events(l.text, s.at, s.level, appendTo(&events))
	return events
}

// trimNewlines returns the text without newlines at its end, also those of Windows.
func trimNewlines(text []byte) []byte {
	for bytes.HasSuffix(text, []byte("\n")) {
		text = trimCR(text[:len(text)-1])
	}
	return text
}
