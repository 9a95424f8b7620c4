// Package parts splits a message that is larger than an event may be into several messages,
// each an event of its own, or makes the first of them alone.
//
// A JSON object becomes JSON objects. The first has every key, with the longest values cut,
// and a last member that says which part of which message it is:
//
//	{"time":"…","level":"ERROR","msg":"import failed","req":{"status":500},"body":"the begin",
//	 "oversize":{"id":"3f2a9c10","part":1,"of":3}}
//
// The others have time, level and message of the first, and the rest of what was cut, each
// piece under the JSON Pointer (RFC 6901) of its value:
//
//	{"time":"…","level":"ERROR","msg":"import failed",
//	 "oversize":{"id":"3f2a9c10","part":2,"of":3,"rest":{"/body":"ning and what follows"}}}
//
// A value is its beginning in the first part and its pieces, in the order of the parts. Other
// values than strings, such as a long array, can be cut as well: then their JSON text is cut,
// the first part has a string in their place, and the pieces are in "json" instead of "rest".
//
// Where that is impossible, each part has time, level and message, as far as they are known,
// and a piece of the JSON text. It is impossible if the keys alone are too large, if a key on
// the way to a value that must be cut is there twice, if the object has a member "oversize" or
// more than 10,000 levels, and if the message is larger than Window:
//
//	{"time":"…","level":"ERROR","msg":"import failed",
//	 "oversize":{"id":"3f2a9c10","part":1,"of":3,"text":"{\"time\":\"…"}}
//
// Any other text is cut between two runes, and has a mark at the end of each part:
//
//	the beginning [event 3f2a9c10 part 1]
//	and the end [event 3f2a9c10 part 2 of 2]
package parts

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Window returns how much of a message is held, in bytes, to make parts of it that have its
// keys, where limit is the largest part.
func Window(limit int) int { return min(16<<20, 256*limit) }

// Splitter takes a message piece by piece, and gives its parts away as soon as it can. A
// JSON object is complete before its first part is, up to Window; of any other
// message it holds about what one part may hold. It is not safe for concurrent use.
type Splitter struct {
	limit int
	id    string
	first bool // only the first part is made
	emit  func(part []byte)

	valid Valid
	form  form
	held  []byte // what has not become a part
	part  []byte // memory for one
	made  int    // parts
	size  int    // of the message so far, in bytes
	text  textForm
}

// maxSpace is how much white space may be in front of a JSON object.
const maxSpace = 256

// form is what the parts are.
type form int

const (
	undecided form = iota // the whole message is held
	rawJSON               // JSON objects with its text
	marked                // text with marks
)

// NewSplitter returns a Splitter for one message, whose parts carry the id. No part is larger
// than limit, which is at least 256, as the service counts. emit gets
// each part in order, valid during the call.
func NewSplitter(limit int, id string, emit func(part []byte)) *Splitter {
	return &Splitter{limit: limit, id: id, emit: emit}
}

// NewTruncater returns a Splitter that makes the first part only, which says how many bytes
// of the message are left out.
func NewTruncater(limit int, emit func(part []byte)) *Splitter {
	return &Splitter{limit: limit, first: true, emit: emit}
}

// Take takes the next piece, which may end anywhere.
func (s *Splitter) Take(text []byte) { s.valid.Take(text, s.take) }

// take takes valid UTF-8.
func (s *Splitter) take(text []byte) {
	s.size += len(text)
	for s.form == undecided && len(text) > 0 {
		n := 0
		if len(s.held) > 0 || text[0] == '{' || strings.IndexByte(space, text[0]) >= 0 {
			n = wholeRunes(text[:min(validPiece, len(text))])
		}
		s.hold(text[:n])
		s.decide(n == 0)
		text = text[n:]
	}
	switch {
	case len(text) == 0:
	case s.first:
		s.held = append(s.held, text[:min(len(text), max(s.limit-len(s.held), 0))]...)
	default:
		s.spill(text)
	}
}

// hold holds what may be a JSON object. It grows the memory itself: append would copy more often
// and overshoot at the end.
func (s *Splitter) hold(text []byte) {
	if need := len(s.held) + len(text); need > cap(s.held) {
		grown := max(s.room(), min(4*cap(s.held), Window(s.limit)+validPiece))
		s.held = append(make([]byte, 0, grown), s.held...)
	}
	s.held = append(s.held, text...)
}

// room is the memory for a part and the next piece of the message.
func (s *Splitter) room() int { return s.limit + validPiece }

// decide decides what the parts are as soon as that is certain.
func (s *Splitter) decide(isText bool) {
	begin := bytes.TrimLeft(s.held, space)
	window := Window(s.limit)
	switch {
	case isText, len(s.held)-len(begin) > maxSpace, len(begin) > 0 && begin[0] != '{':
		s.begin(marked, nil)
	case len(s.held) > window:
		o := &outline{text: s.held[:window], limit: s.limit} // however long the pieces are
		if o.scan() == invalid {
			s.begin(marked, nil)
		} else {
			s.begin(rawJSON, o)
		}
	}
}

// begin begins to make parts of a message whose end is not known yet.
func (s *Splitter) begin(f form, o *outline) {
	s.form = f
	if f == rawJSON {
		s.text = newRaw(o, s.id, math.MaxInt32)
	} else {
		s.text = marks{id: s.id, limit: s.limit}
	}
	if s.first {
		s.held = s.held[:min(s.limit, len(s.held))]
	} else {
		s.spill(nil)
	}
	if cap(s.held) > s.room() {
		s.held = append(make([]byte, 0, s.room()), s.held...)
	}
}

// spill makes parts of what is held and a text, except the last one. It cuts them from the text
// where it can, without a copy.
func (s *Splitter) spill(text []byte) {
	for len(s.held) > 0 && len(s.held)+len(text) > s.limit { // the last part holds no more than that
		held := len(s.held)
		added := min(len(text), max(s.limit+utf8.UTFMax-held, 0))
		s.held = append(s.held, text[:added]...)
		n := s.next(s.held)
		if n >= held { // what is left is all in text
			s.held, text = s.held[:0], text[n-held:]
		} else {
			s.held, text = append(s.held[:0], s.held[n:]...), text[added:]
		}
	}
	for len(text) > s.limit {
		text = text[s.next(text):]
	}
	s.held = append(s.held, text...)
}

// next makes the next part, which is not the last one, and returns how much of the text it has.
func (s *Splitter) next(text []byte) int {
	n := s.text.cut(text, s.made+1, 0)
	s.event(s.text.append(s.memory(), text[:n], s.made+1, 0))
	return n
}

// End makes the last parts, or all.
func (s *Splitter) End() {
	s.valid.End(s.take)
	if s.size <= s.limit {
		s.emit(s.held)
		return
	}
	if s.form == undecided {
		o := &outline{text: s.held, limit: s.limit}
		switch v := o.scan(); {
		case v == complete && s.object(o):
			return
		case v == complete, v == tooDeep:
			s.raw(o)
			return
		}
		s.begin(marked, nil)
	}
	if s.first {
		s.event(s.text.first(s.memory(), s.held, s.size))
		return
	}
	for rest := s.held; len(rest) > 0; {
		nth := s.made + 1
		n, of := s.text.cut(rest, nth, nth), nth
		if n < len(rest) {
			n, of = s.text.cut(rest, nth, 0), 0
			n = min(n, len(rest)-1) // the last part must not be empty
			n = runeStart(rest, n)
		}
		s.event(s.text.append(s.memory(), rest[:n], nth, of))
		rest = rest[n:]
	}
}

// object makes parts that have the keys of the message. It reports whether it can.
func (s *Splitter) object(o *outline) bool {
	p := &plan{outline: o, id: s.id}
	const around = len(`,}`)
	if s.first {
		if !p.cutAll(around + len(appendLeftOut(nil, s.size))) {
			return false
		}
		s.event(p.appendFirst(s.memory(), appendLeftOut(nil, p.leftOut())))
		return true
	}
	if !p.cutAll(around+markBytes(s.id, s.size)) || !p.distribute() {
		return false
	}
	s.event(p.appendFirst(s.memory(), appendMark(nil, s.id, 1, p.of)))
	for pieces := p.pieces; len(pieces) > 0; {
		nth := pieces[0].part
		n := slices.IndexFunc(pieces, func(next piece) bool { return next.part != nth })
		if n < 0 {
			n = len(pieces)
		}
		s.event(p.appendPart(s.memory(), nth, pieces[:n]))
		pieces = pieces[n:]
	}
	return true
}

// raw makes parts of the whole message, which is held, without its keys.
func (s *Splitter) raw(o *outline) {
	r := newRaw(o, s.id, len(s.held))
	if s.first {
		s.event(r.first(s.memory(), s.held, s.size))
		return
	}
	var ends []int
	for at := 0; at < len(s.held); {
		at += r.cut(s.held[at:], 1, 1)
		ends = append(ends, at)
	}
	at := 0
	for i, end := range ends {
		s.event(r.append(s.memory(), s.held[at:end], i+1, len(ends)))
		at = end
	}
}

// memory returns memory for a part.
func (s *Splitter) memory() []byte {
	if s.part == nil {
		s.part = make([]byte, 0, s.limit)
	}
	return s.part
}

func (s *Splitter) event(part []byte) {
	s.made++
	s.emit(part)
}
