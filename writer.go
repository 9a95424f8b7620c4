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
// whatever writes its log: package log, http.Server.ErrorLog, exec.Cmd, zap, zerolog, logrus.
// Make one with NewWriter, Handler.Writer, Handler.WriterAt or Handler.WriterWith.
// WriterOptions says what becomes an event: each line, as it is by default, or each Write.
//
// It is safe for concurrent use. An event has the time and the level of the Write in which it
// began, unless WriterOptions.ReadJSON finds others in it. Blank lines are not sent, for the service takes no
// empty message.
//
// The lines of one Write stay together in the log stream, however many there are and whatever
// other goroutines log: they enter the buffer in one turn, for which other log calls wait
// while a Write of more than 64 KiB is encoded, or waits for room under Block. What Flush or
// Shutdown takes of other Writers is the exception, and lines with times of their own are
// sorted by these.
//
// Each Writer has a partial line of its own: text behind its last newline waits for its
// newline, or for Flush, Sync, Shutdown or Close of any Handler or Writer of the log stream.
// One longer than an event is passed on in parts, as Options.Oversize says. Of more than 1,000,
// or 4 MiB together, the oldest are ended where they are.
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
	// into them: it decides who goes first when the buffer is full, see DropNewest, and is
	// told with a loss. A *slog.LevelVar can be changed while the program runs. nil: no
	// level. That may use the whole buffer, as ERROR may: what comes first gets in.
	Level slog.Leveler
	// Framing says what becomes an event. The zero value is EventPerLine.
	Framing Framing
	// ReadJSON reads level and time of events that are JSON objects, as zap, zerolog,
	// logrus, slog, pino and bunyan write them: the first of the members "level", "lvl",
	// "severity" and "@level", and the first of "time", "ts", "timestamp" and "@timestamp",
	// that can be read. Other events have Level, and the time of the Write; so has a time
	// before the year 2000 or more than a day ahead. A time in whole seconds that is less
	// than two seconds ago gives way to that of the Write, which keeps lines in order.
	//
	// The text is not changed. It takes about 0.2 µs of CPU time a line, beside 0.6 µs for the
	// rest of Write, and no allocation (go test -bench Write .). It ends as soon as both are
	// found, so loggers that write them first are faster than those that sort their keys.
	ReadJSON bool
}

// Framing says what of the text written to a Writer becomes an event.
type Framing int

const (
	// EventPerLine makes an event of each line, which may come in several Writes. It is for
	// streams, and for loggers that write one line a record or several records a Write.
	EventPerLine Framing = iota
	// EventPerWrite makes one event of each Write, without the newlines at its end. It is
	// for loggers that write each record with one Write but may have newlines in it: package
	// log, http.Server.ErrorLog with its stack traces, console encoders. ReadFrom, and so
	// exec.Cmd and io.Copy of a file, reads a stream all the same, whose events are lines.
	EventPerWrite
)

// NewWriter returns a writer that sends to a log group. It is to a Writer what NewHandler is
// to a Handler. Options.Writer says what becomes an event; the options about levels and
// formats of records do not concern it.
func NewWriter(logGroup string, opts *Options) (*Writer, error) {
	p, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new writer: %w", err)
	}
	return p.newWriter(p.settings.Writer), nil
}

// Writer returns a writer to the same log stream, so that slog and other loggers share one
// pipeline. It works as Options.Writer says: by default each line is an event. Each call
// returns another one, with a partial line of its own.
func (h *Handler) Writer() *Writer { return h.newWriter(h.settings.Writer) }

// WriterAt returns a writer to the same log stream for one logger whose records have a level:
// each Write is an event of that level, with the newlines it holds, such as those of a stack
// trace. It is for log.SetOutput, log.New and http.Server.ErrorLog. For exec.Cmd each line is
// an event of that level, see Writer.ReadFrom. Options.Level does not concern it.
func (h *Handler) WriterAt(level slog.Level) *Writer {
	return h.newWriter(WriterOptions{Level: level, Framing: EventPerWrite})
}

// WriterWith returns a writer to the same log stream that works as the options say.
// Options.Writer does not concern it. A Framing that does not exist is EventPerLine.
func (h *Handler) WriterWith(opts WriterOptions) *Writer { return h.newWriter(opts) }

func (p *pipeline) newWriter(opts WriterOptions) *Writer {
	w := &Writer{pipeline: p, opts: opts}
	w.lines = newLines(w)
	return w
}

// Write takes the events of the text and returns len(text), whatever becomes of them. The
// only error is ErrClosed: an event that is dropped is counted and told to Options.OnError,
// but must not end an io.Copy or keep an io.MultiWriter from its other writers. A line that
// Shutdown has found half written is sent like that, but for one whose end is just being
// written: that may be refused as a whole.
//
// What the SDK's logger writes about the requests of delivery is ignored.
func (w *Writer) Write(text []byte) (int, error) {
	if w.speech.Mine() {
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

// pieceBytes is how much of a large Write is taken at a time: a few of the largest lines.
const pieceBytes = 4 << 20

// pieceOf returns how much of the text is taken next. If possible it ends with a line.
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

// WriteString is Write for a string. Of a large one it copies 4 MiB at a time, but an event
// of EventPerWrite as a whole.
func (w *Writer) WriteString(text string) (int, error) {
	if w.speech.Mine() {
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

// ReadFrom reads text until the end and takes an event for each line, whatever
// WriterOptions.Framing says: a reader is a stream. os/exec and io.Copy call it, for a process
// or a file. Each call has a partial line of its own, which ends with the reader, so the
// output of several commands may go to one Writer. The lines of each Read stay together.
//
// The error is that of the reader, unless it is io.EOF, or ErrClosed. It holds 32 KiB and the
// partial line, which is bounded like that of Write.
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
	for _, e := range l.take() {
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

// now returns the stamp of a Write that begins. Later, while others may wait, no code of the
// program is called.
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
	_ = w.events(&scratch{}, l.text, s.at, s.level, func(e batch.Event) error { // a loss is counted
		e.Wire = bytes.Clone(e.Wire)
		events = append(events, e)
		return nil
	})
	return events
}

// trimNewlines returns the text without newlines at its end, also those of Windows.
func trimNewlines(text []byte) []byte {
	for bytes.HasSuffix(text, []byte("\n")) {
		text = trimCR(text[:len(text)-1])
	}
	return text
}
