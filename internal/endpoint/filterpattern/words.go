package filterpattern

import "strings"

// words splits a line into words.
type words struct {
	line string // rest of the line
	rest bool   // the next word is the whole rest
	word string // current word, without its quotes or brackets

	noQuote, noBracket bool // no closing quote or bracket is left
}

// next advances to the next word. It returns false if there is none.
func (w *words) next() bool {
	w.line = strings.TrimLeft(w.line, whiteSpace)
	if w.line == "" {
		return false
	}
	closed := w.closed()
	end := closed
	for end < len(w.line) && !isSpace(w.line[end]) {
		end++
	}
	w.word = w.line[:end]
	if closed > 0 && end == closed {
		w.word = w.line[1 : end-1]
	}
	left := w.line[end:]
	if w.rest {
		if whole := strings.TrimRight(w.line, whiteSpace); len(whole) > end {
			w.word, left = whole, ""
		}
	}
	w.line = left
	return true
}

const whiteSpace = " \t\r\n"

// closed returns the position after the quote or bracket that ends the word at the beginning of the
// line; 0 if there is none.
func (w *words) closed() int {
	closing, none := byte('"'), &w.noQuote
	switch w.line[0] {
	case '"':
	case '[':
		closing, none = ']', &w.noBracket
	default:
		return 0
	}
	if *none {
		return 0 // searching again for each word would be quadratic
	}
	i := strings.IndexByte(w.line[1:], closing)
	if *none = i < 0; *none {
		return 0
	}
	return i + 2
}
