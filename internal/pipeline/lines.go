package pipeline

import (
	"bytes"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// lines splits the text of one source into lines. The partial line, after the last newline, is held
// until its newline comes, or until partials takes it. Once it is longer than an event, its text
// goes to oversize as it comes.
type lines struct {
	w *Writer

	mu    sync.Mutex
	idle  sync.Cond     // on mu: signals that busy is false
	busy  bool          // a Write adds its text in several pieces; others wait
	began stamp         // of the partial line
	fresh bool          // the Write that adds its text began the partial line
	held  []byte        // the partial line
	over  *oversize     // takes the partial line once it is too long
	cr    bool          // its last byte, a CR, is not in over yet: it may be part of CRLF
	parts []batch.Event // events of over that add has not returned yet

	crowded bool // too many partial lines when this one grew; add returns and clears it
}

func newLines(w *Writer) *lines {
	l := &lines{w: w}
	l.idle.L = &l.mu
	return l
}

// stamp is the time and level of a Write.
type stamp struct {
	at    time.Time
	level account.Level
}

// line is a line with the stamp of the Write in which it began.
type line struct {
	text []byte
	stamp
}

// completed is what a piece of text completed, in this order. whole aliases the text.
type completed struct {
	before []batch.Event // of an oversize partial line, which may go on
	first  line          // the partial line, if it is complete now
	whole  []byte        // lines that begin and end in the text
	after  []batch.Event // of an oversize line that is still partial

	crowded bool // too many partial lines
}

// add adds a piece of the text of a Write. first and last report whether it is the first and the
// last piece: in between, other Writes wait. c must be empty.
func (l *lines) add(text []byte, now stamp, first, last bool, c *completed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for first && l.busy {
		l.idle.Wait()
	}
	if l.busy = !last; last && !first {
		l.idle.Broadcast()
	}
	if l.holds() {
		head, rest, complete := bytes.Cut(text, []byte("\n"))
		l.hold(head)
		if complete {
			c.first = l.end()
			l.w.p.partials.remove(l)
		}
		c.before, l.parts = l.parts, nil
		text = rest
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if end < len(text) && !l.holds() {
		if l.w.p.partials.add(l) {
			l.began, l.fresh = now, true
		} else { // after Shutdown nothing would take it
			end = len(text)
		}
	}
	l.hold(text[end:])
	l.fresh = l.fresh && !last
	c.whole, c.after, c.crowded = text[:end], l.parts, l.crowded
	l.parts, l.crowded = nil, false
}

// holds reports whether l has a partial line.
func (l *lines) holds() bool { return len(l.held) > 0 || l.over != nil }

// hold adds to the partial line.
func (l *lines) hold(text []byte) {
	if l.over == nil {
		if len(text) == 0 {
			return
		}
		fits := min(len(text), l.w.p.cfg.MaxEventBytes+len("\r")-len(l.held))
		l.held = append(l.held, text[:fits]...)
		l.crowded = l.w.p.partials.grow(l, fits) || l.crowded
		if text = text[fits:]; len(text) == 0 {
			return
		}
		s := l.w.read(l.held, l.began, false)
		l.over = l.w.p.newOversize(batch.Event{Time: millis(s.at), Level: s.level}, &scratch{}, appendTo(&l.parts))
		held := l.held
		l.held = nil
		l.feed(held)
	}
	l.feed(text)
}

// feed passes text to over, except a CR at its end.
func (l *lines) feed(text []byte) {
	if len(text) == 0 {
		return
	}
	if l.cr {
		l.over.Take([]byte("\r"))
	}
	if l.cr = text[len(text)-1] == '\r'; l.cr {
		text = text[:len(text)-1]
	}
	if len(text) > 0 {
		l.over.Take(text)
	}
}

// end ends the partial line and returns it; the line is empty if over took it.
func (l *lines) end() line {
	if l.over != nil {
		_ = l.over.End() // a loss is counted
		l.over, l.cr = nil, false
		return line{}
	}
	held := line{trimCR(l.held), l.began}
	l.held = nil // its memory belongs to the caller now
	return held
}

// take ends the partial line without a newline and returns its events. Unless last, a line is not
// taken while the Write that began it is still running: no part of it is accepted so far.
func (l *lines) take(last bool) (events []batch.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.holds() || l.fresh && !last {
		return nil
	}
	if l.cr { // no newline follows
		l.over.Take([]byte("\r"))
		l.cr = false
	}
	text := l.held
	l.end()
	l.w.p.partials.remove(l)
	events, l.parts = l.parts, nil
	if len(text) > 0 {
		events = l.w.eventsOf(line{text, l.began})
	}
	return events
}

func trimCR(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\r")) }
