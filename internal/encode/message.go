// Package encode turns message text into the bytes of a PutLogEvents body.
//
// The service takes each message as a JSON string and counts its UTF-8 bytes.
// It refuses a request that holds ill-formed UTF-8, so every invalid byte is
// replaced by U+FFFD, which counts as three bytes.
package encode

import "unicode/utf8"

// replacement is U+FFFD in UTF-8.
const replacement = "\xef\xbf\xbd"

const hex = "0123456789abcdef"

// Size returns how many bytes the service counts for the message once every
// invalid byte has become U+FFFD.
func Size(message []byte) int {
	n := len(message)
	for i := 0; i < len(message); {
		if message[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, width := utf8.DecodeRune(message[i:])
		if r == utf8.RuneError && width == 1 {
			n += len(replacement) - 1
		}
		i += width
	}
	return n
}

// Cut returns the length of the longest prefix of the message that counts at
// most max bytes and ends between two runes.
func Cut(message []byte, max int) int {
	size := 0
	for i := 0; i < len(message); {
		width, counted := 1, 1
		if message[i] >= utf8.RuneSelf {
			var r rune
			r, width = utf8.DecodeRune(message[i:])
			counted = width
			if r == utf8.RuneError && width == 1 {
				counted = len(replacement)
			}
		}
		if size += counted; size > max {
			return i
		}
		i += width
	}
	return len(message)
}

// AppendString appends the message as the inside of a JSON string: without
// the quotes, escaped, invalid bytes replaced.
func AppendString(dst, message []byte) []byte {
	start := 0 // first byte not yet copied
	for i := 0; i < len(message); {
		c := message[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, message[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, width := utf8.DecodeRune(message[i:])
		if r == utf8.RuneError && width == 1 {
			dst = append(dst, message[start:i]...)
			dst = append(dst, replacement...)
			start = i + 1
		}
		i += width
	}
	return append(dst, message[start:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}
