package parts

import (
	"bytes"
)

// cutEscaped returns the largest length of at most max bytes at which the inside of a JSON
// string can be cut: between two runes, also those that are written as escapes.
func cutEscaped(inside []byte, max int) int {
	if max >= len(inside) {
		return len(inside)
	}
	for i := 0; i < max; {
		n := bytes.IndexByte(inside[i:max], '\\')
		if n < 0 {
			break
		}
		i += n
		if n = escapedRune(inside[i:]); i+n > max {
			return i
		}
		i += n
	}
	return runeStart(inside, max)
}

// escapedRune returns the length of the escapes at the beginning that make one rune: two, if
// they are a surrogate pair.
func escapedRune(inside []byte) int {
	const long = len(`\u0000`)
	n, _ := escape(inside)
	if n == long && isSurrogate(inside, 'd', "89ab") && isSurrogate(inside[n:], 'd', "cdef") {
		return 2 * long
	}
	return n
}

// isSurrogate reports whether the text begins with an escape \ud8.. up to \udf.., with one of
// the digits behind the d.
func isSurrogate(inside []byte, d byte, digits string) bool {
	return len(inside) >= len(`\u0000`) && inside[0] == '\\' && inside[1] == 'u' && lower(inside[2]) == d &&
		bytes.IndexByte([]byte(digits), lower(inside[3])) >= 0
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'F' {
		c += 'a' - 'A'
	}
	return c
}

// cutQuoted returns the length of the longest prefix of valid UTF-8 that takes at most max
// bytes inside of a JSON string, and how many it takes there.
func cutQuoted(text []byte, max int) (n, size int) {
	for n < len(text) {
		quoted := 1
		if c := text[n]; c < ' ' || c == '"' || c == '\\' {
			quoted = quotedBytes(c)
		}
		if size+quoted > max {
			break
		}
		n, size = n+1, size+quoted
	}
	whole := runeStart(text, n)
	return whole, size - (n - whole)
}

// quotedBytes returns how long the escape of a character is.
func quotedBytes(c byte) int {
	switch c {
	case '"', '\\', '\n', '\r', '\t':
		return len(`\n`)
	}
	return len(`\u0000`)
}
