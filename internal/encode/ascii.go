package encode

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// appendASCII appends the wire form of the start of a text, up to a byte beyond ASCII or a
// control character without a short escape, and returns how many bytes of the text that is.
//
// Like appendPlain, it looks at eight bytes at a time. JSON has a quote to escape in nearly
// each of these words, so where there is nothing else, what is behind the quote is stored
// once more, one byte further on, instead of being looked at again.
func appendASCII(dst, text []byte) (_ []byte, n int) {
	const word, chunk = 8, 1 << 10
	const each, high = 0x0101010101010101, 0x8080808080808080
	if cap(dst)-len(dst) < len(text) {
		dst = slices.Grow(dst, len(text))
	}
	for n < len(text) {
		end := min(n+chunk, len(text))
		if most := 2*(end-n) + word; cap(dst)-len(dst) < most {
			dst = slices.Grow(dst, most)
		}
		out, i := dst[len(dst):cap(dst)], 0
		for n+word <= end {
			w := load64(text[n:])
			binary.LittleEndian.PutUint64(out[i:], w)
			first := special(w)
			if first == 0 {
				i, n = i+word, n+word
				continue
			}
			if (w|(w-each*' '))&high == 0 { // no control character, all ASCII
				// So these sums do not carry over. Their highest bit is clear where there is
				// a quote, or a backslash.
				marks := high &^ (((w ^ each*'"') + each*0x7f) & ((w ^ each*'\\') + each*0x7f))
				for ; marks != 0; marks &= marks - 1 {
					at := bits.TrailingZeros64(marks) / 8
					behind := out[i+at : i+at+1+word]
					behind[0] = '\\'
					binary.LittleEndian.PutUint64(behind[1:], w>>(8*at))
					i++
				}
				i, n = i+word, n+word
				continue
			}
			plain := bits.TrailingZeros64(first) / 8
			i, n = i+plain, n+plain
			c := shortEscape(text[n])
			if c == 0 {
				return dst[:len(dst)+i], n
			}
			out[i], out[i+1] = '\\', c
			i, n = i+2, n+1
		}
		for ; n < end; n++ {
			c := text[n]
			if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
				out[i] = c
				i++
				continue
			}
			if c = shortEscape(c); c == 0 {
				return dst[:len(dst)+i], n
			}
			out[i], out[i+1] = '\\', c
			i += 2
		}
		dst = dst[:len(dst)+i]
	}
	return dst, n
}

// shortEscape returns the letter of the escape of two bytes for a byte that is not plain, 0
// if it has none.
func shortEscape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}
