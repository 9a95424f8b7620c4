package parts

import "unicode/utf8"

// Valid makes valid UTF-8 of a text that comes in pieces: each invalid byte becomes U+FFFD, as
// in an event. So the length of its output is what the service counts.
type Valid struct {
	begun []byte // a rune that is not complete
	clean []byte // memory for a piece
}

// validPiece is how much text is copied at once, in bytes.
const validPiece = 32 << 10

// Take takes the next piece, which may end inside a rune, and gives what is complete to
// emit, in pieces that are valid during the call and end where a rune does.
func (v *Valid) Take(text []byte, emit func([]byte)) {
	for len(v.begun) > 0 && len(text) > 0 {
		v.begun, text = append(v.begun, text[0]), text[1:]
		v.drain(emit)
	}
	n := wholeRunes(text)
	v.begun = append(v.begun, text[n:]...)
	if text = text[:n]; utf8.Valid(text) {
		if n > 0 {
			emit(text)
		}
		return
	}
	for len(text) > validPiece {
		n := wholeRunes(text[:validPiece])
		v.give(text[:n], emit)
		text = text[n:]
	}
	v.give(text, emit)
}

// drain gives away what has become complete of the rune that was begun.
func (v *Valid) drain(emit func([]byte)) {
	for len(v.begun) > 0 && utf8.FullRune(v.begun) {
		_, n := utf8.DecodeRune(v.begun)
		v.give(v.begun[:n], emit)
		v.begun = append(v.begun[:0], v.begun[n:]...)
	}
}

// End ends the text: no rune becomes complete any more.
func (v *Valid) End(emit func([]byte)) {
	v.give(v.begun, emit)
	v.begun = nil
}

func (v *Valid) give(text []byte, emit func([]byte)) {
	if len(text) == 0 {
		return
	}
	if !utf8.Valid(text) {
		v.clean = v.clean[:0]
		for len(text) > 0 {
			r, n := utf8.DecodeRune(text) // U+FFFD for an invalid byte
			v.clean = utf8.AppendRune(v.clean, r)
			text = text[n:]
		}
		text = v.clean
	}
	emit(text)
}

// wholeRunes returns the length of the text without a rune that goes on behind its end.
func wholeRunes(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if begun := text[len(text)-n:]; utf8.RuneStart(begun[0]) {
			if !utf8.FullRune(begun) {
				return len(text) - n
			}
			break
		}
	}
	return len(text)
}

// runeStart returns the largest length of at most max bytes at which valid UTF-8 can be cut.
func runeStart(text []byte, max int) int {
	if max >= len(text) {
		return len(text)
	}
	for max > 0 && !utf8.RuneStart(text[max]) {
		max--
	}
	return max
}
