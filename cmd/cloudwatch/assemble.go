package main

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// maxEventBytes is the maximum size of a message that PutLogEvents accepts, in UTF-8 bytes.
const maxEventBytes = 1_048_550

// maxLineBytes bounds the part of a line that is held to parse its time or to join it with other
// lines. The library splits a JSON object of up to that size so that its first part has every key.
const maxLineBytes = 16 << 20

// joinIdle is how long an event of several lines waits for another line. Programs write a stack
// trace at once.
const joinIdle = time.Second

// assembler turns text into events: one per line, or one per group of lines that belong together. It
// holds at most two events. It passes only complete lines to the library, which can therefore send at
// any time, except that a line longer than an event, if it is an event by itself, is passed on as it
// is read.
//
// It is safe for concurrent use.
type assembler struct {
	lines io.Writer                                // receives lines; each is an event with the current time
	event func(at time.Time, text []byte)          // receives all other events
	split bool                                     // split a line that is too long; false: truncate it
	joins joiner                                   // decides which lines continue an event; nil: none
	time  func(line []byte) (t time.Time, ok bool) // parses the time at the beginning of a line; nil: use the current time

	count atomic.Int64 // lines read

	mu      sync.Mutex
	held    []byte // the beginning of an incomplete line
	passes  bool   // the beginning of the current, long line was passed on
	pending []byte // an event that may be continued; nil: none
	at      time.Time
	blank   int // blank lines after pending: part of it if another line continues it
	idle    *time.Timer
}

// write adds text.
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

// end completes the held line and event.
func (a *assembler) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.held) > 0 || a.passes {
		a.count.Add(1)
		a.release()
	}
	a.emit()
}

// flush sends the pending event if it has waited long enough.
func (a *assembler) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.emit()
}

// hold appends to the held line.
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

// cut completes a line with the beginning of the held one. The rest becomes another line, or is
// truncated to the bytes that make the event too long.
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

// release completes the held line.
func (a *assembler) release() {
	a.whole(append(a.held, '\n'))
	a.passes = false
	if a.held = a.held[:0]; cap(a.held) > chunkBytes {
		a.held = nil
	}
}

// whole adds complete lines.
func (a *assembler) whole(text []byte) {
	if a.joins == nil && a.time == nil {
		if len(text) > 0 {
			_, _ = a.lines.Write(text) // the library counts every loss
		}
		return
	}
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		a.line(bytes.TrimSuffix(line, []byte("\r")))
	}
}

// line adds one complete line.
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
		at, dated = a.at, true // another part of the same line
	}
	a.emit()
	if !dated {
		at = time.Now()
	}
	a.pending, a.at = append(a.pending, text...), at
}

// emit sends the pending event.
func (a *assembler) emit() {
	if len(a.pending) > 0 {
		a.event(a.at, a.pending)
	}
	if a.pending = a.pending[:0]; cap(a.pending) > chunkBytes {
		a.pending = nil
	}
	for ; a.blank > 0; a.blank-- {
		_, _ = a.lines.Write([]byte("\n")) // the library counts it
	}
}
