package cloudwatch

import (
	"bytes"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// lines makes lines of what is written to Writers. The text behind the last
// newline is held until its own newline comes, or until somebody takes it.
//
// A line is held up to max bytes and a rune. Of a longer one, split gives the
// parts away as they get full; otherwise the rest is left out, since what is
// held is enough to see that the line is oversize.
type lines struct {
	max   int
	split bool

	mu    sync.Mutex
	held  []byte    // the beginning of a line
	since time.Time // when its first byte came
	ended bool      // nothing is held any more
}

// line is a line, or a full part of one, and the time it began.
type line struct {
	text []byte
	at   time.Time
}

// add takes in text that was written at the time now. What has become complete
// is, in this order: before, the line that was held; whole, the part of text
// that consists of complete lines; after, parts of a long line that goes on.
// They may be parts of text, which its writer may change after the call of Write.
func (l *lines) add(text []byte, now time.Time) (before []line, whole []byte, after []line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.held) > 0 {
		head, rest, complete := bytes.Cut(text, []byte("\n"))
		before = l.hold(head)
		text = rest
		if complete {
			before = append(before, line{trimCR(l.held), l.since})
			l.held = nil
		}
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if l.ended {
		end = len(text)
	}
	if tail := text[end:]; len(tail) > 0 {
		l.since = now
		after = l.hold(tail)
	}
	return before, text[:end], after
}

// hold adds to the held text, and returns the parts that are full. They are parts of
// text as far as possible: it may be much larger than what may be held.
func (l *lines) hold(text []byte) (full []line) {
	limit := l.max + utf8.UTFMax
	if !l.split {
		room := max(limit-len(l.held), 0)
		l.held = append(l.held, text[:min(room, len(text))]...)
		return nil
	}
	for len(l.held)+len(text) > limit {
		if len(l.held) == 0 {
			n := encode.Cut(text[:limit], l.max)
			full = append(full, line{text[:n:n], l.since})
			text = text[n:]
			continue
		}
		added := min(limit-len(l.held), len(text))
		joined := append(l.held, text[:added]...)
		n := encode.Cut(joined, l.max)
		full = append(full, line{joined[:n:n], l.since})
		if behind := n - len(l.held); behind >= 0 { // what is left is all in text
			l.held, text = nil, text[behind:]
		} else {
			l.held, text = slices.Clone(joined[n:]), text[added:] // what was given away must not stay in memory
		}
	}
	l.held = append(l.held, text...)
	return full
}

// take returns the held text and holds nothing from then on.
func (l *lines) take() line {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := line{l.held, l.since}
	l.held = nil
	return held
}

// end is take for the last time: later text without a newline is a line.
func (l *lines) end() line {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	return l.take()
}

func trimCR(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\r")) }
