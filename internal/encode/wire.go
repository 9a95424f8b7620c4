package encode

import (
	"bytes"
	"log/slog"
	"unicode/utf8"
)

// The text of a JSON record goes into a JSON string of the request, so what
// slog would write is escaped once more, in the same pass. A quote of the text
// is written \", and a quote inside one of its strings, \" there, as \\\".
// There is nothing else to escape twice but the quote and the backslash.

// jsonAttr is attr for JSON of which nothing is replaced, the usual case. All groups
// that are open must have begun. It keeps the buffer in a local variable, which the
// compiler keeps in registers.
func (s *state) jsonAttr(a slog.Attr) {
	kind := a.Value.Kind()
	switch kind {
	case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
		s.attr(a)
		return
	}
	buf := append(s.buf, `,\"`...)
	if !s.comma {
		buf = append(s.buf, `\"`...)
	}
	s.comma = true
	s.extra += 2
	buf = s.appendJSONString(buf, a.Key)
	if kind == slog.KindString {
		buf = append(buf, `\":\"`...)
		s.extra += 2
		buf = s.appendJSONString(buf, a.Value.String())
		s.buf = append(buf, `\"`...)
		return
	}
	s.buf = append(buf, `\":`...)
	s.value(a.Value, kind)
}

// jsonKey appends what begins an attribute.
func (s *state) jsonKey(name string) {
	buf := append(s.buf, `,\"`...)
	if !s.comma {
		buf = append(s.buf, `\"`...)
	}
	s.extra += 2
	buf = s.appendJSONString(buf, name)
	s.buf = append(buf, `\":`...)
	s.comma = true
}

// jsonText appends a string in its quotes.
func (s *state) jsonText(text string) {
	buf := append(s.buf, `\"`...)
	s.extra += 2
	buf = s.appendJSONString(buf, text)
	s.buf = append(buf, `\"`...)
}

// appendJSONString appends the inside of a JSON string, as slog escapes it:
// like encoding/json without HTML escaping. U+2028 and U+2029 are escaped,
// since they would end a line of JavaScript, and so are invalid bytes.
//
// dst is the buffer of s. The extra bytes of what is in it are counted already, so
// that it is never taken for larger than it is.
func (s *state) appendJSONString(dst []byte, text string) []byte {
	if len(text) > piece {
		return s.appendLongString(dst, text)
	}
	dst, n := appendPlain(dst, text)
	if n == len(text) {
		return dst
	}
	before := len(dst)
	dst = appendEscaped(dst, text[n:])
	s.extra += extra(dst[before:])
	return dst
}

// appendLongString is appendJSONString with looks at the limit.
func (s *state) appendLongString(dst []byte, text string) []byte {
	s.buf = dst
	for len(text) > 0 {
		n := cutPiece(text)
		s.buf = s.appendJSONString(s.buf, text[:n])
		text = text[n:]
		s.check()
	}
	return s.buf
}

// jsonValue appends a text that is JSON already.
func (s *state) jsonValue(text []byte) {
	for len(text) > 0 {
		n := cutPiece(text)
		before := len(s.buf)
		buf, size := AppendMessage(s.buf, text[:n])
		s.buf = buf
		s.extra += len(buf) - before - size
		text = text[n:]
		s.check()
	}
}

// cutWire returns the length of the longest prefix of a wire form of at most max
// bytes that ends in no escape.
func cutWire(wire []byte, max int) int {
	for i := 0; ; {
		n := bytes.IndexByte(wire[i:max], '\\')
		if n < 0 {
			return max
		}
		i += n
		if n = escapeLength(wire[i:]); i+n > max {
			return i
		}
		i += n
	}
}

// appendEscaped is appendJSONString for text that begins with something to escape, or
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
