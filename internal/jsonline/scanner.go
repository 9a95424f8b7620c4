package jsonline

import "bytes"

// scanner goes through a line. Its methods leave it where they could not go on.
type scanner struct {
	text   []byte
	at     int
	closed bool // the object has ended
	wrong  bool // what follows a member is neither a comma nor the end
}

func (s *scanner) ended() bool { return s.at >= len(s.text) }

// next passes over a byte, if it comes next.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func trimSpace(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// string passes over a string, and returns what is between the quotes, as it stands there.
func (s *scanner) string() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	start := s.at
	for {
		n := bytes.IndexByte(s.text[s.at:], '"')
		if n < 0 {
			s.at = len(s.text)
			return nil, false
		}
		s.at += n + 1
		backslashes := 0
		for end := s.at - 2; end >= start && s.text[end] == '\\'; end-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return s.text[start : s.at-1], true
		}
	}
}

// value passes over a value, and returns its text: of a string with its quotes, of an object
// or an array nothing.
func (s *scanner) value() ([]byte, bool) {
	if s.ended() {
		return nil, false
	}
	start := s.at
	switch s.text[s.at] {
	case '"':
		_, ok := s.string()
		return s.text[start:s.at], ok
	case '{', '[':
		return nil, s.nested()
	default:
		for !s.ended() && isLiteral(s.text[s.at]) {
			s.at++
		}
		return s.text[start:s.at], s.at > start && !s.ended() && isScalar(s.text[start:s.at]) // it may go on where the text ends
	}
}

// isScalar reports whether it is a constant, or begins like a number.
func isScalar(text []byte) bool {
	switch string(text) {
	case "true", "false", "null":
		return true
	default:
		return text[0] == '-' || text[0] >= '0' && text[0] <= '9'
	}
}

// isLiteral reports whether a byte may be in a number, true, false or null.
func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '+' || c == '-' || c == '.' || c == 'E'
}

// nested passes over an object or an array.
func (s *scanner) nested() bool {
	for depth := 0; !s.ended(); {
		switch s.text[s.at] {
		case '"':
			if _, ok := s.string(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return true
		}
	}
	return false
}
