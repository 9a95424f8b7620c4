// Package jsonline reads time and level of a log line that is a JSON object, as zap, zerolog,
// logrus, log/slog, pino and bunyan write it.
//
// It makes one pass over the members of the object, which ends when both are found, and
// allocates nothing. It skips nested values without checking their syntax.
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
// The first member counts that has one of the known keys and a value that can be read; later
// ones, such as attributes of the record, do not. Nothing is found in a line that does not
// begin and end as a JSON object, or turns out to be malformed on the way.
func Read(line []byte, whole bool) (f Fields) {
	s := scanner{text: trimSpace(line)}
	if n := len(s.text); !s.next('{') || whole && s.text[n-1] != '}' {
		return Fields{}
	}
	for s.member(&f) && !f.complete() {
	}
	switch {
	case s.wrong, s.closed && !s.ended():
		return Fields{}
	case f.complete(), s.ended() && (s.closed || !whole):
		return f
	default:
		return Fields{}
	}
}

func (f *Fields) complete() bool { return f.HasLevel && !f.Time.IsZero() }

// member reads a member of the object and what follows it. It reports whether that is another
// member; if not, the object is closed, the text has ended, or it is malformed.
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
	case "level", "lvl", "severity", "@level", "log.level":
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
	more = !s.closed && s.next(',')
	s.wrong = !s.closed && !more && !s.ended()
	return more
}

// maxAhead is how far ahead of its Write the time of a line may be.
const maxAhead = 24 * time.Hour

// lately is how long ago a time in whole seconds may be to count as that of the Write: a line
// may be written in the second after that of its record.
const lately = 2 * time.Second

// At returns the time of an event whose line was written at the time given: the one that was
// found, unless that is too far ahead, or is the current second without a fraction. With that,
// lines would be sorted before others of the same second that have just come.
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
