package parts

import "github.com/cloudwatch-go/cloudwatch/internal/encode"

// raw is how the text of a JSON message becomes parts: each a JSON object with a piece of it.
type raw struct {
	header []byte
	id     string
	room   int // for a piece
}

// newRaw is for a message the beginning of which is known. It makes at most so many parts.
func newRaw(o *outline, id string, parts int) raw {
	r := raw{header: o.appendHeader(nil), id: id}
	around := max(markBytes(id, parts), len(appendLeftOut(nil, parts)))
	r.room = o.limit - len(r.header) - around - len(rawText+rawEnd)
	return r
}

const (
	rawText = `,"text":"`
	rawEnd  = `"}}`
)

func (r raw) cut(text []byte, _, _ int) int {
	n, _ := cutQuoted(text, r.room)
	return n
}

func (r raw) append(dst, text []byte, nth, of int) []byte {
	return r.text(appendMark(append(dst, r.header...), r.id, nth, of), text)
}

func (r raw) first(dst, text []byte, size int) []byte {
	n := r.cut(text, 1, 1)
	return r.text(appendLeftOut(append(dst, r.header...), size-n), text[:n])
}

func (r raw) text(dst, text []byte) []byte {
	dst, _ = encode.AppendMessage(append(dst, rawText...), text)
	return append(dst, rawEnd...)
}
