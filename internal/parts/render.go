package parts

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// appendMark appends the member that says which part of which message this is, without its
// closing brace. of is 0 if the number of parts is not known.
func appendMark(dst []byte, id string, nth, of int) []byte {
	dst = append(dst, `"`+reserved+`":{"id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","part":`...)
	dst = strconv.AppendInt(dst, int64(nth), 10)
	if of > 0 {
		dst = append(dst, `,"of":`...)
		dst = strconv.AppendInt(dst, int64(of), 10)
	}
	return dst
}

// appendLeftOut is appendMark for a first part without others.
func appendLeftOut(dst []byte, bytes int) []byte {
	dst = append(dst, `"`+reserved+`":{"left_out":`...)
	return strconv.AppendInt(dst, int64(bytes), 10)
}

// markBytes returns the length of the longest mark of a message of some bytes.
func markBytes(id string, bytes int) int { return len(appendMark(nil, id, bytes, bytes)) }

// appendHeader appends the beginning of a part without the keys: time, level and message, as
// far as they fit into half of a part. A long message is cut.
func (o *outline) appendHeader(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, '{')
	for _, h := range o.headers {
		key, value := o.text[h.key.from:h.key.to], o.text[h.value.from:h.value.to]
		room := o.limit/2 - (len(dst) - start) - len(key) - len(`:,`)
		if h.long {
			room = min(room, o.messageBytes()+len(`""`))
		}
		if len(value) > room {
			if !h.message || room < leastPiece {
				continue
			}
			inside := value[1 : len(value)-1]
			n := cutEscaped(inside, room-len(`""`))
			value = append(slices.Clip(value[:1+n]), '"')
		}
		dst = append(append(append(append(dst, key...), ':'), value...), ',')
	}
	return dst
}

// appendFirst appends the first part, which ends with a mark.
func (p *plan) appendFirst(dst, mark []byte) []byte {
	object := p.values[0]
	at := object.start
	for _, c := range p.cuts {
		dst = append(append(dst, p.text[at:c.value.start]...), '"')
		dst = append(p.appendText(dst, c, c.from, c.end), '"')
		at = c.value.end
	}
	dst = append(dst, p.text[at:object.end-1]...)
	if p.members > 0 {
		dst = append(dst, ',')
	}
	return append(append(dst, mark...), "}}"...)
}

// appendText appends some of the text of a value as the inside of a JSON string.
func (p *plan) appendText(dst []byte, c cut, from, to int32) []byte {
	if c.json {
		dst, _ = encode.AppendMessage(dst, p.text[from:to])
		return dst
	}
	return append(dst, p.text[from:to]...)
}

// appendPart appends the nth part, which has the pieces.
func (p *plan) appendPart(dst []byte, nth int, pieces []piece) []byte {
	dst = appendMark(append(dst, p.header...), p.id, nth, p.of)
	for i, piece := range pieces {
		c := p.cuts[piece.cut]
		switch {
		case i > 0 && c.json == p.cuts[pieces[i-1].cut].json:
			dst = append(dst, ',')
		case c.json && i > 0:
			dst = append(dst, `},"json":{`...)
		case c.json:
			dst = append(dst, `,"json":{`...)
		default:
			dst = append(dst, `,"rest":{`...)
		}
		dst = append(append(append(dst, '"'), c.pointer...), `":"`...)
		dst = append(p.appendText(dst, c, piece.from, piece.to), '"')
	}
	return append(dst, "}}}"...)
}

// leftOut returns how many bytes of the message the first part does not have.
func (p *plan) leftOut() (bytes int) {
	for _, c := range p.cuts {
		bytes += int(c.to - c.end)
	}
	return bytes
}

// appendToken appends the part of a JSON Pointer that stands for a value in its container,
// as the inside of a JSON string. Escapes of its key stay, but for those of ~ and /.
func (o *outline) appendToken(dst []byte, v value) []byte {
	dst = append(dst, '/')
	if v.key.to == 0 {
		return strconv.AppendInt(dst, int64(v.index), 10)
	}
	for key := o.text[v.key.from+1 : v.key.to-1]; len(key) > 0; {
		n := 1
		if key[0] == '\\' {
			n, _ = escape(key)
		}
		switch written := key[:n]; {
		case is(written, "~", `\u007e`):
			dst = append(dst, "~0"...)
		case is(written, "/", `\/`, `\u002f`):
			dst = append(dst, "~1"...)
		default:
			dst = append(dst, written...)
		}
		key = key[n:]
	}
	return dst
}

func is(written []byte, forms ...string) bool {
	return slices.ContainsFunc(forms, func(form string) bool { return bytes.EqualFold(written, []byte(form)) })
}
