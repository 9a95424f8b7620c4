// Package encode turns log records and messages into the bytes of a
// PutLogEvents body.
//
// The service takes each message as a JSON string and counts its UTF-8 bytes.
// It refuses a request that holds ill-formed UTF-8, so every invalid byte is
// replaced by U+FFFD, which counts as three bytes.
//
// Wire form means: as the inside of a JSON string, without the quotes.
package encode

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// replacement is U+FFFD in UTF-8.
const replacement = "\xef\xbf\xbd"

const hex = "0123456789abcdef"

// AppendMessage appends the wire form of a message, and returns with it the
// number of bytes the service counts for the message.
func AppendMessage(dst, message []byte) (wire []byte, size int) {
	size = len(message)
	for {
		var n int
		dst, n = appendASCII(dst, message)
		if message = message[n:]; len(message) == 0 {
			return dst, size
		}
		if c := message[0]; c < utf8.RuneSelf {
			dst = appendEscape(dst, c)
			message = message[1:]
			continue
		}
		n = foreign(message)
		dst = append(dst, message[:n]...)
		if message = message[n:]; len(message) > 0 && message[0] >= utf8.RuneSelf {
			dst = append(dst, replacement...)
			size += len(replacement) - 1
			message = message[1:]
		}
	}
}

// foreign returns the length of the runes beyond ASCII that the message begins
// with, up to the first invalid byte.
func foreign(message []byte) int {
	for i := 0; i < len(message); {
		if message[i] < utf8.RuneSelf {
			return i
		}
		r, width := utf8.DecodeRune(message[i:])
		if r == utf8.RuneError && width == 1 {
			return i
		}
		i += width
	}
	return len(message)
}

func appendEscape(dst []byte, c byte) []byte {
	if short := shortEscape(c); short != 0 {
		return append(dst, '\\', short)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

// IsWire reports whether b is the inside of a JSON string. What a program writes is;
// what is read from a file may be anything.
func IsWire(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c < ' ' || c == '"':
			return false
		case c == '\\':
			n := escapeLength(b[i:])
			if n == 0 {
				return false
			}
			i += n - 1
		}
	}
	return true
}

// escapeLength returns the length of the JSON escape that b begins with, 0 if it is
// malformed.
func escapeLength(b []byte) int {
	const short, long = len(`\n`), len(`\u000a`)
	switch {
	case len(b) >= short && strings.IndexByte(`"\/bfnrt`, b[1]) >= 0:
		return short
	case len(b) >= long && b[1] == 'u' && strings.Trim(string(b[short:long]), hex+"ABCDEF") == "":
		return long
	}
	return 0
}

// Unescape returns the message that a wire form stands for.
func Unescape(wire []byte) []byte { return unescape(make([]byte, 0, len(wire)), wire) }

// unescape appends the message that a wire form stands for. It is never longer, so
// dst may be wire[:0].
func unescape(dst, wire []byte) []byte {
	for {
		i := bytes.IndexByte(wire, '\\')
		if i < 0 {
			return append(dst, wire...)
		}
		dst = append(dst, wire[:i]...)
		c := wire[i+1]
		n := len(`\n`)
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u': // a control character: 00 and two hexadecimal digits
			c = byte(strings.IndexByte(hex, wire[i+4])<<4 | strings.IndexByte(hex, wire[i+5]))
			n = len(`\u0000`)
		}
		dst = append(dst, c)
		wire = wire[i+n:]
	}
}

// ascii returns how many bytes of ASCII the text begins with.
func ascii(text []byte) (n int) {
	const word = 8
	for n+word <= len(text) && load64(text[n:])&0x8080808080808080 == 0 {
		n += word
	}
	for n < len(text) && text[n] < utf8.RuneSelf {
		n++
	}
	return n
}

// Size returns how many bytes the service counts for the message.
func Size(message []byte) int {
	size := len(message)
	for i := 0; i < len(message); {
		if i += ascii(message[i:]); i == len(message) {
			break
		}
		i += foreign(message[i:])
		if i < len(message) && message[i] >= utf8.RuneSelf {
			size += len(replacement) - 1
			i++
		}
	}
	return size
}

// Cut returns the length of the longest prefix of the message that counts at
// most so many bytes and ends between two runes.
func Cut(message []byte, most int) int {
	left := max(most, 0)
	for i := 0; i < len(message); {
		n := ascii(message[i:min(i+left, len(message))])
		i, left = i+n, left-n
		if i == len(message) {
			break
		}
		r, width := utf8.DecodeRune(message[i:])
		counted := width
		if r == utf8.RuneError && width == 1 {
			counted = len(replacement)
		}
		if left -= counted; left < 0 {
			return i
		}
		i += width
	}
	return len(message)
}
