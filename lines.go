package cloudwatch

import (
	"bytes"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// lines makes lines of the text of one source. The partial line, behind the last newline, is
// held until its own newline comes, or until partials takes it. Once it is longer than an
// event, its text goes to oversize as it comes.
type lines struct {
	w *Writer

	mu    sync.Mutex
	idle  sync.Cond     // on mu: busy is false again
	busy  bool          // a Write is adding its text in several pieces; others wait
	began stamp         // of the partial line
	own   bool          // the Write that is adding its text has begun the partial line
	held  []byte        // the partial line
	over  *oversize     // has the partial line instead, if it is too long
	cr    bool          // its last byte, a CR, is not in over yet: it may belong to the newline
	parts []batch.Event // what over has made, until add returns it

	crowded bool // there were too many partial lines when this one grew, until add returns that
}

func newLines(w *Writer) *lines {
	l := &lines{w: w}
	l.idle.L = &l.mu
	return l
}

// stamp is the time and the level of a Write.
type stamp struct {
	at    time.Time
	level account.Level
}

// line is a line, and the stamp of the Write in which it began.
type line struct {
	text []byte
	stamp
}

// completed is what a piece of text has completed, in this order. whole is a part of the text.
type completed struct {
	before []batch.Event // of a partial line that is too long; not empty if it is still partial
	first  line          // a partial line that is complete now
	whole  []byte        // lines that begin and end in the text
	after  []batch.Event // of a line that is too long and still partial

	crowded bool // there are too many partial lines
}

// add takes in a piece of text of a Write. first and last say whether the Write begins and
// ends with it: from the first to the last piece, others wait. c must be empty.
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
			l.w.partials.remove(l)
		}
		c.before, l.parts = l.parts, nil
		text = rest
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if end < len(text) && !l.holds() {
		if l.w.partials.add(l) {
			l.began, l.own = now, true
		} else { // after Shutdown no take would find it
			end = len(text)
		}
	}
	l.hold(text[end:])
	l.own = l.own && !last
	c.whole, c.after, c.crowded = text[:end], l.parts, l.crowded
	l.parts, l.crowded = nil, false
}

// holds reports whether there is a partial line.
func (l *lines) holds() bool { return len(l.held) > 0 || l.over != nil }

// hold adds to the partial line.
func (l *lines) hold(text []byte) {
	if l.over == nil {
		if len(text) == 0 {
			return
		}
		fits := min(len(text), l.w.settings.MaxEventBytes+len("\r")-len(l.held))
		l.held = append(l.held, text[:fits]...)
		l.crowded = l.w.partials.grow(l, fits) || l.crowded
		if text = text[fits:]; len(text) == 0 {
			return
		}
		own := l.w.read(l.held, l.began, false)
		l.over = l.w.newOversize(batch.Event{Time: millis(own.at), Level: own.level}, &scratch{}, appendTo(&l.parts))
		held := l.held
		l.held = nil
		l.feed(held)
	}
	l.feed(text)
}

// feed gives text to over, but for a CR at its end.
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

// end ends the partial line, at its newline or where it is. It is empty if over had it.
func (l *lines) end() line {
	if l.over != nil {
		_ = l.over.End() // a loss is counted
		l.over, l.cr = nil, false
		return line{}
	}
	held := line{trimCR(l.held), l.began}
	l.held = nil // it is given away
	return held
}

// take ends the partial line where it is, and returns its events. One that a Write has begun
// which has not ended yet is only taken if it is the last time: no part of it is accepted so far.
func (l *lines) take(last bool) (events []batch.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.holds() || l.own && !last {
		return nil
	}
	if l.cr { // no newline follows
		l.over.Take([]byte("\r"))
		l.cr = false
	}
	text := l.held
	l.end()
	l.w.partials.remove(l)
	events, l.parts = l.parts, nil
	if len(text) > 0 {
		events = l.w.eventsOf(line{text, l.began})
	}
	return events
}

func trimCR(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\r")) }
