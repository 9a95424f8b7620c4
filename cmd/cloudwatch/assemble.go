package main

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// maxEventBytes is what PutLogEvents takes in an event.
const maxEventBytes = 1_048_550

// maxLineBytes is how much of a line is held to read its time, or to join it with others. The
// library makes parts of an event that large which have all its keys, if it is JSON.
const maxLineBytes = 16 << 20

// joinIdle is how long an event of several lines waits for its next line. Programs
// write a stack trace at once.
const joinIdle = time.Second

// assembler makes events of text as it is read: of each line one, or of several lines
// that belong together. It holds no more than two of them. The library gets whole lines
// only, so that it can be told to send what it has at any moment; but a line that is longer
// than an event, and is one by itself, it gets as it comes.
//
// It is safe for concurrent use.
type assembler struct {
	lines io.Writer                                // takes lines; each is an event of the time it is written
	event func(at time.Time, text []byte)          // takes any other event
	split bool                                     // a line that is too long becomes several, otherwise its end is left out
	joins joiner                                   // says which lines belong to the one before; nil: none does
	time  func(line []byte) (t time.Time, ok bool) // reads the time at the beginning of a line; nil: it is now

	count atomic.Int64 // lines so far

	mu      sync.Mutex
	held    []byte // the beginning of a line
	passes  bool   // the library has the beginning of the line, which is long
	pending []byte // an event that more lines may belong to; never empty if there is one
	at      time.Time
	blank   int // blank lines behind it: part of it if another line follows
	idle    *time.Timer
}

// write takes text.
func (a *assembler) write(text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count.Add(int64(bytes.Count(text, []byte("\n"))))
	if len(a.held) > 0 || a.passes {
		head, rest, complete := bytes.Cut(text, []byte("\n"))
		a.hold(head)
		if text = rest; complete {
			a.release()
		}
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	a.whole(text[:end])
	a.hold(text[end:])
	if len(a.pending) > 0 {
		if a.idle == nil {
			a.idle = time.AfterFunc(joinIdle, a.flush)
		}
		a.idle.Reset(joinIdle)
	}
}

// end takes what is held for complete.
func (a *assembler) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.held) > 0 || a.passes {
		a.count.Add(1)
		a.release()
	}
	a.emit()
}

// flush sends an event that has waited long enough.
func (a *assembler) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.emit()
}

// hold adds to the held line.
func (a *assembler) hold(text []byte) {
	if a.passes {
		_, _ = a.lines.Write(text)
		return
	}
	a.held = append(a.held, text...)
	switch {
	case len(a.held) <= maxEventBytes:
	case a.joins == nil && a.time == nil:
		_, _ = a.lines.Write(a.held)
		a.held, a.passes = nil, true
	case len(a.held) > maxLineBytes:
		a.cut()
	}
}

// cut makes a line of the beginning of the held one. What follows is another line, or left
// out but for what shows that it is too long.
func (a *assembler) cut() {
	if !a.split {
		a.held = a.held[:maxLineBytes]
		return
	}
	n := maxLineBytes
	for n > maxLineBytes-utf8.UTFMax && !utf8.RuneStart(a.held[n]) {
		n--
	}
	rest := bytes.Clone(a.held[n:])
	a.whole(append(a.held[:n:n], '\n'))
	a.held = rest
}

// release takes the held line for complete.
func (a *assembler) release() {
	a.whole(append(a.held, '\n'))
	a.passes = false
	if a.held = a.held[:0]; cap(a.held) > chunkBytes {
		a.held = nil
	}
}

// whole takes whole lines.
func (a *assembler) whole(text []byte) {
	if a.joins == nil && a.time == nil {
		if len(text) > 0 {
			_, _ = a.lines.Write(text) // what becomes of events is counted by the library
		}
		return
	}
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		a.line(bytes.TrimSuffix(line, []byte("\r")))
	}
}

// line takes one line.
func (a *assembler) line(text []byte) {
	if len(text) == 0 && len(a.pending) > 0 {
		a.blank++
		return
	}
	var at time.Time
	dated := false
	if a.time != nil {
		at, dated = a.time(text)
	}
	switch {
	case a.joins == nil && !dated, len(text) == 0:
		_, _ = a.lines.Write(append(text[:len(text):len(text)], '\n'))
		return
	case a.joins == nil:
		a.event(at, text)
		return
	}
	if continues := a.joins.continues(text, dated); continues && len(a.pending) > 0 {
		if len(a.pending)+a.blank+1+len(text) <= maxEventBytes {
			for ; a.blank > 0; a.blank-- {
				a.pending = append(a.pending, '\n')
			}
			a.pending = append(append(a.pending, '\n'), text...)
			return
		}
		at, dated = a.at, true // the next part of the same
	}
	a.emit()
	if !dated {
		at = time.Now()
	}
	a.pending, a.at = append(a.pending, text...), at
}

// emit sends the event that is pending.
func (a *assembler) emit() {
	if len(a.pending) > 0 {
		a.event(a.at, a.pending)
	}
	if a.pending = a.pending[:0]; cap(a.pending) > chunkBytes {
		a.pending = nil
	}
	for ; a.blank > 0; a.blank-- {
		_, _ = a.lines.Write([]byte("\n")) // it is counted
	}
}
