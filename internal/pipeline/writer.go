package pipeline

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/jsonline"
)

// WriterOptions select how text becomes events. The zero value makes each line an event without
// a level.
type WriterOptions struct {
	Level    slog.Leveler // nil: no level
	PerWrite bool         // each Write is an event; otherwise each line
	ReadJSON bool         // level and time are read from JSON objects
}

// Writer turns text into events. It is safe for concurrent use.
type Writer struct {
	p     *Pipeline
	opts  WriterOptions
	lines *lines
}

// NewWriter returns a Writer with a partial line of its own.
func (p *Pipeline) NewWriter(opts WriterOptions) *Writer {
	w := &Writer{p: p, opts: opts}
	w.lines = newLines(w)
	return w
}

// Write accepts the events of the text and returns len(text). The only error is ErrClosed.
func (w *Writer) Write(text []byte) (int, error) {
	if w == nil {
		return 0, ErrUnmade
	}
	if w.p.client.Speech.Mine() {
		return len(text), nil
	}
	g, now := w.p.newGroup(), w.now()
	if w.opts.PerWrite {
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

// pieceBytes is the size of the pieces in which a large Write is processed: a few of the largest
// lines.
const pieceBytes = 4 << 20

// pieceOf returns the size of the next piece of the text. If possible it ends with a newline.
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

// WriteString is Write for a string. It copies a piece of the string at a time, or all of it if
// each Write is an event.
func (w *Writer) WriteString(text string) (int, error) {
	if w == nil {
		return 0, ErrUnmade
	}
	if w.p.client.Speech.Mine() {
		return len(text), nil
	}
	g, now := w.p.newGroup(), w.now()
	if w.opts.PerWrite {
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

// ReadFrom makes each line of a reader an event, and ends the partial line with the reader.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	if w == nil {
		return 0, ErrUnmade
	}
	buf := make([]byte, 32<<10)
	l := newLines(w)
	for err == nil {
		var read int
		read, err = r.Read(buf)
		if read > 0 {
			n += int64(read)
			g := w.p.newGroup()
			w.piece(g, l, buf[:read], w.now(), true, true)
			if closed := g.end(); closed != nil {
				err = closed
			}
		}
	}
	g := w.p.newGroup()
	for _, e := range l.take(true) {
		g.put(e)
	}
	closed := g.end()
	if errors.Is(err, io.EOF) {
		err = closed
	}
	return n, err
}

// piece accepts the lines of a piece of text.
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
		w.p.partials.relieve(func(events ...batch.Event) { w.p.queue.Leave(w.p.queue.Flush(events...)) })
	}
	*c = completed{}
}

// message accepts the events of one line or Write.
func (w *Writer) message(g *group, text []byte, written stamp) {
	s := w.read(text, written, true)
	g.add(text, s.at, s.level)
}

// now returns the stamp of a Write that begins. It calls the program's Leveler here, before other
// log calls may have to wait for this Write.
func (w *Writer) now() stamp {
	s := stamp{at: time.Now()}
	if w.opts.Level != nil {
		s.level = account.LevelOf(w.opts.Level.Level())
	}
	return s
}

// read returns the stamp of an event: that of its Write, or what its JSON contains. Unless whole,
// text is the beginning of the event.
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

// eventsOf returns the events of a partial line.
func (w *Writer) eventsOf(l line) (events []batch.Event) {
	s := w.read(l.text, l.stamp, true)
	w.p.events(l.text, s.at, s.level, appendTo(&events))
	return events
}

// trimNewlines returns the text without trailing newlines, LF or CRLF.
func trimNewlines(text []byte) []byte {
	for bytes.HasSuffix(text, []byte("\n")) {
		text = trimCR(text[:len(text)-1])
	}
	return text
}
