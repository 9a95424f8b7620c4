package encode

import (
	"bytes"
	"unicode/utf8"
)

// The text of a JSON record goes into a JSON string of the request, so what
// slog would write is escaped once more, in the same pass. A quote of the text
// is written \", and a quote inside one of its strings, \" there, as \\\".
// There is nothing else to escape twice but the quote and the backslash.

// jsonKey appends what begins an attribute.
func (s *state) jsonKey(name string) {
	if s.comma {
		s.buf = append(s.buf, `,\"`...)
	} else {
		s.buf = append(s.buf, `\"`...)
	}
	s.jsonString(name)
	s.buf = append(s.buf, `\":`...)
	s.extra += 2
	s.comma = true
}

// jsonText appends a string in its quotes.
func (s *state) jsonText(text string) {
	s.buf = append(s.buf, `\"`...)
	s.jsonString(text)
	s.buf = append(s.buf, `\"`...)
	s.extra += 2
}

// jsonString appends the inside of a JSON string, as slog escapes it: like
// encoding/json without HTML escaping. U+2028 and U+2029 are escaped, since
// they would end a line of JavaScript, and so are invalid bytes.
func (s *state) jsonString(text string) {
	buf, n := appendPlain(s.buf, text)
	s.buf = buf
	if n < len(text) {
		s.buf = appendEscaped(buf, text[n:])
		s.extra += extra(s.buf[len(buf):])
	}
}

// appendEscaped is jsonString for text that begins with something to escape, or
// to look at closely.
func appendEscaped(dst []byte, text string) []byte {
	for len(text) > 0 {
		c := text[0]
		if c < utf8.RuneSelf {
			var n int
			if dst, n = appendPlain(dst, text); n == 0 {
				dst, n = appendEscapeTwice(dst, c), 1
			}
			text = text[n:]
			continue
		}
		r, width := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && width == 1:
			dst = append(dst, `\\ufffd`...)
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, `\\u202`...)
			dst = append(dst, hex[r&0xf])
		default:
			dst = append(dst, text[:width]...)
		}
		text = text[width:]
	}
	return dst
}

func appendEscapeTwice(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', '\\', '\\', c)
	case '\n':
		return append(dst, '\\', '\\', 'n')
	case '\r':
		return append(dst, '\\', '\\', 'r')
	case '\t':
		return append(dst, '\\', '\\', 't')
	default:
		return append(dst, '\\', '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}

// extra returns by how many bytes the wire form of JSON is longer than the JSON
// itself. Its only escapes are those of quotes and backslashes, and a quote is
// never without one.
func extra(wire []byte) int {
	quotes := bytes.Count(wire, []byte(`"`))
	backslashes := bytes.Count(wire, []byte(`\`)) - quotes // in pairs
	return quotes + backslashes/2
}
