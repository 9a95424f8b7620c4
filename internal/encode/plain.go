package encode

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendPlain appends the bytes at the start of text that stand for themselves
// in a JSON string: ASCII, but no control character, quote or backslash. It
// returns how many those are. It looks at eight bytes at a time, and copies
// them before it knows how many are plain: what is too much is not part of the
// slice that it returns.
func appendPlain[T string | []byte](dst []byte, text T) (_ []byte, n int) {
	const word = 8
	start := len(dst)
	if cap(dst)-start < len(text) {
		dst = slices.Grow(dst, len(text))
	}
	out := dst[start : start+len(text)]
	for ; n+word <= len(text); n += word {
		w := load64(text[n:])
		binary.LittleEndian.PutUint64(out[n:], w)
		if marks := special(w); marks != 0 {
			n += bits.TrailingZeros64(marks) / 8
			return dst[:start+n], n
		}
	}
	if n == len(text) {
		return dst[:start+n], n
	}
	n = copyRest(out, text, n)
	return dst[:start+n], n
}

// copyRest is appendPlain for the last bytes, which are no whole word. n of them
// are copied already.
func copyRest[T string | []byte](out []byte, text T, n int) int {
	const word = 8
	switch {
	case n > 0: // the last word, some of it once more
		n = len(text) - word
		w := load64(text[n:])
		binary.LittleEndian.PutUint64(out[n:], w)
		return n + plainBytes(special(w), word)
	case len(text) >= word/2: // two halves that may overlap
		behind := len(text) - word/2
		head, tail := load32(text), load32(text[behind:])
		binary.LittleEndian.PutUint32(out, head)
		binary.LittleEndian.PutUint32(out[behind:], tail)
		n = plainBytes(special(uint64(head)|uint64(tail)<<32), word)
		if n >= word/2 { // in the second half
			n += behind - word/2
		}
		return n
	default:
		for n < len(text) && special(uint64(text[n])|padding) == 0 {
			out[n] = text[n]
			n++
		}
		return n
	}
}

// plainBytes returns the number of bytes below the first mark, or all of them.
func plainBytes(marks uint64, all int) int {
	if marks == 0 {
		return all
	}
	return bits.TrailingZeros64(marks) / 8
}

// special marks the bytes of a word that are not plain by their highest bit.
// Only the lowest mark can be trusted: the subtractions borrow from the bytes
// above one that is marked.
func special(word uint64) uint64 {
	const each = 0x0101010101010101
	control := word - each*' '             // below a space
	quote := (word ^ each*'"') - each      // zero where there is a quote
	backslash := (word ^ each*'\\') - each // zero where there is a backslash
	return (control | quote | backslash | word) & (each * 0x80)
}

// padding fills a word up behind its first byte with spaces.
const padding = uint64(0x2020202020202000)

// The compiler makes one load of each of these. Unlike those of encoding/binary
// they take strings as well.

func load64[T string | []byte](b T) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func load32[T string | []byte](b T) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
