package filterpattern

import "strings"

// words takes a line apart.
type words struct {
	line string // what is left of it
	rest bool   // the next word is all of that
	word string // the last word, without its quotes or brackets

	noQuote, noBracket bool // there is no closing one any more
}

// next goes to the next word, and returns false if there is none.
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

// closed returns the position behind the quote or bracket that ends what the
// line begins with, 0 if there is none.
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
		return 0 // looking again and again would take forever
	}
	i := strings.IndexByte(w.line[1:], closing)
	if *none = i < 0; *none {
		return 0
	}
	return i + 2
}
