package parts

import "strconv"

// textForm is how parts are made of pieces of the message's text: marks or raw.
type textForm interface {
	// cut returns how much of the text goes into the nth part of so many. of is 0 if their
	// number is not known.
	cut(text []byte, nth, of int) int
	append(dst, text []byte, nth, of int) []byte
	// first appends a first part that says how much of a message of size bytes is left out.
	first(dst, text []byte, size int) []byte
}

// marks makes parts of text that is not a JSON object, each with a mark at its end.
type marks struct {
	id    string
	limit int
}

func (m marks) mark(nth, of int) string {
	mark := " [event " + m.id + " part " + strconv.Itoa(nth)
	if of > 0 {
		mark += " of " + strconv.Itoa(of)
	}
	return mark + "]"
}

func (m marks) cut(text []byte, nth, of int) int {
	return runeStart(text, m.limit-len(m.mark(nth, of)))
}

func (m marks) append(dst, text []byte, nth, of int) []byte {
	return append(append(dst, text...), m.mark(nth, of)...)
}

func (m marks) first(dst, text []byte, size int) []byte {
	n := runeStart(text, m.limit-len(leftOut(size)))
	n = runeStart(text, m.limit-len(leftOut(size-n))) // the number may be shorter
	return append(append(dst, text[:n]...), leftOut(size-n)...)
}

func leftOut(bytes int) string { return " [truncated, " + strconv.Itoa(bytes) + " bytes left out]" }
