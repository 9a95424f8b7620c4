package main

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// wideReader converts UTF-16 or UTF-32 to UTF-8. Invalid code units become U+FFFD.
type wideReader struct {
	r     io.Reader
	width int // bytes per code unit: 2 or 4
	order binary.ByteOrder

	in    []byte // not yet decoded: less than a code unit between reads
	out   []byte // decoded and not yet returned
	high  rune   // first half of a surrogate pair, or 0
	ended error  // returned by r
}

func (w *wideReader) Read(b []byte) (int, error) {
	for len(w.out) == 0 {
		if w.ended != nil {
			return 0, w.ended
		}
		w.fill()
	}
	n := copy(b, w.out)
	w.out = w.out[n:]
	return n, nil
}

// fill decodes the result of one read.
func (w *wideReader) fill() {
	if w.in == nil {
		w.in = make([]byte, 0, chunkBytes)
	}
	n, err := w.r.Read(w.in[len(w.in):cap(w.in)])
	w.in, w.out = w.in[:len(w.in)+n], w.out[:0]
	used := 0
	for ; used+w.width <= len(w.in); used += w.width {
		if w.width == 2 {
			w.add(rune(w.order.Uint16(w.in[used:])))
		} else {
			w.out = utf8.AppendRune(w.out, rune(w.order.Uint32(w.in[used:])))
		}
	}
	w.in = append(w.in[:0], w.in[used:]...)
	if err == nil {
		return
	}
	if w.high != 0 {
		w.out = utf8.AppendRune(w.out, utf8.RuneError) // the second half is missing
	}
	if err == io.EOF && len(w.in) > 0 {
		err = errors.New("the text ends in the middle of a character")
	}
	w.ended = err
}

// add decodes a code unit of UTF-16.
func (w *wideReader) add(unit rune) {
	if w.high != 0 {
		r := utf16.DecodeRune(w.high, unit)
		w.high = 0
		w.out = utf8.AppendRune(w.out, r) // U+FFFD if it is not a pair
		if r != utf8.RuneError {
			return
		}
	}
	if unit >= 0xd800 && unit < 0xdc00 {
		w.high = unit
		return
	}
	w.out = utf8.AppendRune(w.out, unit)
}
