// Package jsonline reads time and level of a log line that is a JSON object, as zap, zerolog,
// logrus, log/slog, pino and bunyan write it.
//
// It makes one pass over the members of the object, no further than to the later one of the
// two, and allocates nothing. Nested values are passed over without a look at their syntax.
package jsonline

import (
	"log/slog"
	"time"
)

// Fields is what was found.
type Fields struct {
	Level    slog.Level
	HasLevel bool
	Time     time.Time // zero if there is none
	seconds  bool      // the time is given in whole seconds
}

// Read reads a line, or, if it is not whole, the beginning of one that is too long to be kept.
// The first member with one of the known keys and a value that can be read counts; later ones,
// such as attributes of the record, do not. A line that is no JSON object has none, as far as
// that is seen at its end or on the way.
func Read(line []byte, whole bool) (f Fields) {
	s := scanner{text: trimSpace(line)}
	if n := len(s.text); !s.next('{') || whole && s.text[n-1] != '}' {
		return Fields{}
	}
	for s.member(&f) && !f.complete() {
	}
	if f.complete() || s.ended() && (s.closed || !whole) {
		return f
	}
	return Fields{}
}

func (f *Fields) complete() bool { return f.HasLevel && !f.Time.IsZero() }

// member reads a member of the object and what follows it. It reports whether that is another
// member; if not, the object is closed, the text has ended, or it is no JSON.
func (s *scanner) member(f *Fields) (more bool) {
	s.space()
	key, ok := s.string()
	if s.space(); !ok || !s.next(':') {
		return false
	}
	s.space()
	value, ok := s.value()
	if !ok {
		return false
	}
	switch string(key) { // does not allocate
	case "level", "lvl", "severity", "@level":
		if !f.HasLevel {
			f.Level, f.HasLevel = parseLevel(value)
		}
	case "time", "ts", "timestamp", "@timestamp":
		if f.Time.IsZero() {
			f.Time, f.seconds = parseTime(value)
		}
	}
	s.space()
	s.closed = s.next('}')
	return !s.closed && s.next(',')
}

// maxAhead is how far ahead of its Write the time of a line may be.
const maxAhead = 24 * time.Hour

// lately is for how long a time in whole seconds may be the second in which its line was
// written, or the one before.
const lately = 2 * time.Second

// At returns the time of an event whose line was written at a time: the one that was found,
// unless that makes no sense, or says less than the time of the Write. In whole seconds,
// lines would otherwise be sorted before others of the same second that have just come.
func (f Fields) At(written time.Time) time.Time {
	switch ago := written.Sub(f.Time); {
	case f.Time.IsZero(), ago < -maxAhead:
		return written
	case f.seconds && ago >= 0 && ago < lately:
		return written
	default:
		return f.Time
	}
}
