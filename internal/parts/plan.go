package parts

import (
	"bytes"
	"math"
	"slices"
)

// plan says what of a JSON object goes into which part.
type plan struct {
	*outline
	id     string
	cuts   []cut   // in the order of the text
	header []byte  // what the other parts begin with
	pieces []piece // what is in them, in order
	of     int     // parts
}

// cut is a value of which the first part has only the beginning.
type cut struct {
	value    value
	from, to int32 // its text: of a string what is between its quotes
	end      int32 // of the beginning, in the text
	json     bool  // not a string: its JSON text is cut
	pointer  []byte
}

// piece is what a part has of a value.
type piece struct {
	cut      int   // in plan.cuts
	from, to int32 // in the text
	part     int   // counted from 1
}

// cutAll decides what of each value is in the first part, where the mark takes some bytes.
// It reports whether all keys fit in.
func (p *plan) cutAll(mark int) bool {
	if p.reserved {
		return false
	}
	room := p.limit - mark
	size := int(p.values[0].end - p.values[0].start)
	costs := make([]cost, len(p.values))
	for most := size; most > p.least(); most /= 2 {
		if size-p.count(costs, most) <= room {
			p.share(costs, room)
			return true
		}
	}
	return false
}

// cost is how many bytes a value can do without.
type cost struct {
	saved int32 // bytes
	large int32 // bytes that are saved by cutting the large values in it as JSON text
	is    byte
	// isLarge: among the values of its container.
	isLarge bool
}

const (
	asItIs   byte = iota
	partsCut      // the large values in it are cut as JSON text
	textCut       // it is itself
)

// count returns how much shorter the object gets if each string is cut to the least length. A
// value that is still longer than most is cut as JSON text: only the large values in it if that
// is enough, so that the small ones beside them stay as they are.
func (p *plan) count(costs []cost, most int) int {
	clear(costs)
	short := p.least() + len(`""`)
	for i := len(p.values) - 1; i > 0; i-- {
		v, c := p.values[i], &costs[i]
		length := int(v.end - v.start)
		left := length - int(c.saved)
		switch {
		case v.isString:
			c.saved = int32(length - short)
		case left <= most:
		case left-int(c.large) <= most:
			c.saved, c.is = c.saved+c.large, partsCut
		default:
			c.saved, c.is = int32(length-short), textCut
		}
		parent := &costs[v.parent]
		if left = length - int(c.saved); !v.isString && left > max(most/64, short) {
			c.isLarge = true
			parent.large += int32(left - short)
		}
		parent.saved += c.saved
	}
	return int(costs[0].saved)
}

// share cuts each value that is longer than its share of the room: the largest share with which
// everything fits.
func (p *plan) share(costs []cost, room int) {
	var lengths []int
	size := p.values[0].end - p.values[0].start
	behind := int32(0)
	for i, v := range p.values {
		if i == 0 || v.start < behind {
			continue // what it is in is cut
		}
		c := cut{value: v, from: v.start + 1, to: v.end - 1}
		if !v.isString {
			if costs[i].is != textCut && !(costs[i].isLarge && costs[v.parent].is == partsCut) {
				continue
			}
			c.json, c.from, c.to = true, v.start, v.end
		}
		behind = v.end
		size += int32(len(`""`)) - (v.end - v.start)
		_, length := p.prefix(c, c.from, math.MaxInt)
		p.cuts, lengths = append(p.cuts, c), append(lengths, length)
	}
	most := shareOf(lengths, room-int(size))
	n := 0
	for i, c := range p.cuts {
		if c.json || lengths[i] > most {
			c.end, _ = p.prefix(c, c.from, most)
			p.cuts[n] = c
			n++
		}
	}
	p.cuts = p.cuts[:n]
}

// shareOf returns the largest share of the room with which all lengths fit, if none takes more
// than its length.
func shareOf(lengths []int, room int) int {
	sorted := slices.Sorted(slices.Values(lengths))
	for i, length := range sorted {
		if share := room / (len(sorted) - i); share < length {
			return share
		}
		room -= length
	}
	return math.MaxInt
}

// prefix returns the end of the longest prefix of a value's text, from one place on, that
// takes at most max bytes in a part, and how many it takes.
func (p *plan) prefix(c cut, from int32, max int) (end int32, size int) {
	text := p.text[from:c.to]
	if c.json {
		n, size := cutQuoted(text, max)
		return from + int32(n), size
	}
	n := cutEscaped(text, max)
	return from + int32(n), n
}

// leastPiece is the room that is worth a piece, in bytes. An escaped rune takes 12.
const leastPiece = 16

// distribute distributes the rest among the other parts. It reports whether the pieces can be
// put together again without ambiguity, at a reasonable size.
func (p *plan) distribute() bool {
	p.header = p.appendHeader(nil)
	room := p.limit - len(p.header) - markBytes(p.id, len(p.text)) - len(`,"rest":{},"json":{}}}`)
	if !p.point(room) {
		return false
	}
	p.of = 1
	left := 0
	for _, json := range []bool{false, true} {
		for i, c := range p.cuts {
			if c.json != json {
				continue
			}
			around := len(c.pointer) + len(`"":"",`)
			for at, begun := c.end, false; at < c.to || json && !begun; begun = true {
				if left-around < leastPiece {
					left = room
					p.of++
				}
				end, size := p.prefix(c, at, left-around)
				p.pieces = append(p.pieces, piece{i, at, end, p.of})
				left -= around + size
				at = end
			}
		}
	}
	return true
}

// point sets the JSON Pointers of the cut values. It reports whether they are usable: each
// names one value only and leaves room for a piece of it, and all together take no more bytes
// than what they point to, or than a part.
func (p *plan) point(room int) bool {
	lengths := make([]int, len(p.values)) // of pointers
	unique := make([]bool, len(p.values))
	unique[0] = len(p.repeated) < maxRepeated
	next, size := 0, -p.limit
	var token []byte
	for i, v := range p.values {
		if i > 0 {
			token = p.appendToken(token[:0], v)
			lengths[i] = lengths[v.parent] + len(token)
			unique[i] = unique[v.parent] && !p.isRepeated(v)
		}
		if next == len(p.cuts) || p.cuts[next].value.start != v.start {
			continue
		}
		c := &p.cuts[next]
		size += lengths[i] - int(c.to-c.end)
		if !unique[i] || lengths[i] > min(room-leastPiece-len(`"":"",`), p.limit/4) {
			return false
		}
		next++
	}
	if size > 0 {
		return false
	}
	for i := range p.cuts {
		p.cuts[i].pointer = p.pointer(p.cuts[i].value)
	}
	return true
}

func (p *plan) isRepeated(v value) bool {
	return len(p.repeated) > 0 && v.key.to > 0 && p.repeated[repeat{v.parent, p.hash(v.key)}]
}

// pointer returns the JSON Pointer of a value as the inside of a JSON string.
func (p *plan) pointer(v value) []byte {
	var tokens [][]byte
	for ; v.parent >= 0; v = p.values[v.parent] {
		tokens = append(tokens, p.appendToken(nil, v))
	}
	slices.Reverse(tokens)
	return bytes.Join(tokens, nil)
}
