package encode

import (
	"log/slog"
	"math"
	"time"
	"unicode/utf8"
)

// Limit bounds the text of one record that is in memory. A larger one goes to a
// Sink piece by piece while it is written, so that a text of any size takes the
// memory of Limit.Bytes. What a Marshaler, an error or a Stringer of the program
// returns, and what encoding/json and fmt make of other values, is made as a
// whole before: that memory is not bounded.
//
// A nil *Limit is no limit.
type Limit struct {
	Bytes int // as the service counts them
	// Overflow is called once a text is larger, with the time and the level of
	// its record.
	Overflow func(at time.Time, level slog.Level) Sink
}

// Sink takes the text of one record, from its beginning.
type Sink interface {
	// Take takes the next piece, which may end anywhere, even inside a rune, and
	// is only valid during the call.
	Take(text []byte)
	// End is called by the caller of the encoder: the text is complete.
	End() error
}

// piece is how much text is appended between two looks at the limit, in bytes.
const piece = 32 << 10

// cutPiece returns the length of the first piece of a text: it ends where a rune
// does, or an invalid byte.
func cutPiece[T string | []byte](text T) int {
	if len(text) <= piece {
		return len(text)
	}
	for n := piece; n > piece-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			return n
		}
	}
	return piece // no rune is that long
}

// check looks at the limit. It must not be called between two bytes that belong
// together in wire form.
func (s *state) check() {
	if len(s.buf) > s.room {
		s.overflow()
	}
}

// room returns up to which length of a buffer in which the text begins at start it is
// within the limit for sure: the wire form is never shorter.
func (l *Limit) room(start int) int {
	if l == nil {
		return math.MaxInt
	}
	return start + l.Bytes
}

func (s *state) overflow() {
	if s.sink == nil {
		if left := s.limit.Bytes - (len(s.buf) - s.start - s.extra); left >= 0 {
			s.room = len(s.buf) + left
			return
		}
		s.open()
	}
	s.spill()
}

// open begins to give the text to a sink.
func (s *state) open() {
	if s.sink == nil && s.limit != nil {
		s.sink = s.limit.Overflow(s.at, s.level)
	}
}

// spill gives what is in the buffer to the sink.
func (s *state) spill() {
	text := s.buf[s.start:]
	s.buf = s.buf[:s.start]
	s.room = s.start + piece
	if s.e.json {
		text = unescape(text[:0], text)
	}
	s.sink.Take(text)
}

// end ends the text. It returns the sink that has it if it was too large for the
// buffer.
func (s *state) end() Sink {
	s.check()
	if s.sink != nil {
		s.spill()
	}
	return s.sink
}
