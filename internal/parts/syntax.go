package parts

import "strings"

// str takes a string, which begins here.
func (s *scanner) str() verdict {
	for i := s.i + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.i = i + 1
			return complete
		case c < ' ':
			return invalid
		case c == '\\':
			n, v := escape(s.text[i:])
			if v != complete {
				return v
			}
			i += n - 1
		}
	}
	return incomplete
}

// escape returns the length of the escape that the text begins with.
func escape(text []byte) (n int, v verdict) {
	const short, long = len(`\n`), len(`\u0000`)
	if len(text) < short {
		return 0, incomplete
	}
	if text[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, text[1]) < 0 {
			return 0, invalid
		}
		return short, complete
	}
	for n = short; n < long; n++ {
		if n == len(text) {
			return 0, incomplete
		}
		if strings.IndexByte("0123456789abcdefABCDEF", text[n]) < 0 {
			return 0, invalid
		}
	}
	return long, complete
}

func (s *scanner) literal(want string) verdict {
	rest := s.text[s.i:min(s.i+len(want), len(s.text))]
	switch {
	case string(rest) == want:
		s.i += len(want)
		return complete
	case strings.HasPrefix(want, string(rest)):
		return incomplete
	}
	return invalid
}

func (s *scanner) number() verdict {
	if s.at("-") {
		s.i++
	}
	if s.at("0") {
		s.i++
	} else if v := s.digits(); v != complete {
		return v
	}
	if s.at(".") {
		s.i++
		if v := s.digits(); v != complete {
			return v
		}
	}
	if s.at("eE") {
		s.i++
		if s.at("+-") {
			s.i++
		}
		return s.digits()
	}
	return complete // an end of the text is found behind it
}

func (s *scanner) at(any string) bool {
	return s.i < len(s.text) && strings.IndexByte(any, s.text[s.i]) >= 0
}

func (s *scanner) digits() verdict {
	start := s.i
	for s.i < len(s.text) && '0' <= s.text[s.i] && s.text[s.i] <= '9' {
		s.i++
	}
	switch {
	case s.i > start:
		return complete
	case s.i == len(s.text):
		return incomplete
	}
	return invalid
}
