package filterpattern

import "math/bits"

// The functions in this file scan JSON and accept what encoding/json accepts. A position of -1
// means invalid text.

// maxNesting is the maximum nesting of arrays and objects. Source: encoding/json, which refuses
// more.
const maxNesting = 10000

// nesting records which of the arrays and objects around a position are objects. It takes one bit
// for each, and allocates only beyond 64 levels.
type nesting struct {
	depth   int
	objects uint64   // up to 64 innermost levels, the innermost in the lowest bit
	outer   []uint64 // groups of 64, outermost first
}

func (n *nesting) push(object bool) {
	if n.depth%64 == 0 && n.depth > 0 {
		n.outer = append(n.outer, n.objects)
	}
	n.depth++
	n.objects <<= 1
	if object {
		n.objects |= 1
	}
}

func (n *nesting) pop() {
	n.depth--
	n.objects >>= 1
	if n.depth%64 == 0 && n.depth > 0 {
		last := len(n.outer) - 1
		n.objects, n.outer = n.outer[last], n.outer[:last]
	}
}

func (n *nesting) inObject() bool { return n.objects&1 != 0 }

// closing returns the bracket that closes the innermost array or object.
func (n *nesting) closing() byte {
	if n.inObject() {
		return '}'
	}
	return ']'
}

// skipSpace returns the position of the next byte that is not white space.
func skipSpace(text string, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

// skipString returns the position of the quote that ends the string whose first byte is at i, and
// whether the string has escapes.
func skipString(text string, i int) (end int, escaped bool) {
	for {
		for i+8 <= len(text) {
			marks := special(load64(text[i:]))
			if marks != 0 {
				i += bits.TrailingZeros64(marks) / 8
				break
			}
			i += 8
		}
		for i < len(text) && text[i] >= ' ' && text[i] != '"' && text[i] != '\\' {
			i++
		}
		if i == len(text) || text[i] < ' ' {
			return -1, false
		}
		if text[i] == '"' {
			return i, escaped
		}
		escaped = true
		if i = skipEscape(text, i); i < 0 {
			return -1, false
		}
	}
}

// special marks the bytes of a word that end a string or have a special meaning in it: quotes,
// backslashes and control characters. Only the lowest mark is reliable: the subtractions borrow
// from the bytes above a marked one.
func special(word uint64) uint64 {
	const each = 0x0101010101010101
	quote := word ^ each*'"'
	backslash := word ^ each*'\\'
	return ((word-each*' ')&^word | (quote-each)&^quote | (backslash-each)&^backslash) & (each * 0x80)
}

// load64 compiles to a single load.
func load64(b string) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// skipEscape returns the position after the escape at i.
func skipEscape(text string, i int) int {
	if i+1 == len(text) {
		return -1
	}
	switch text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if _, ok := hex4(text, i+2); ok {
			return i + 6
		}
	}
	return -1
}

// hex4 parses four hexadecimal digits.
func hex4(text string, i int) (r rune, ok bool) {
	if i+4 > len(text) {
		return 0, false
	}
	for _, c := range []byte(text[i : i+4]) {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// skipNumber returns the position after the number at i.
func skipNumber(text string, i int) int {
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = skipDigits(text, i); i < 0 {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		if i = skipDigits(text, i+1); i < 0 {
			return -1
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		i = skipDigits(text, i)
	}
	return i
}

// skipDigits returns the position after one or more digits.
func skipDigits(text string, i int) int {
	start := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// skipWord returns the position after a word expected at i.
func skipWord(text string, i int, word string) int {
	end := i + len(word)
	if end > len(text) || text[i:end] != word {
		return -1
	}
	return end
}
