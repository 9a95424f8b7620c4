package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// decode returns what is read as the UTF-8 text it stands for: gzip is unpacked, and
// a byte order mark says which Unicode encoding follows and is left out. Anything
// that is no text is refused, unless binary is set. The first bytes decide, not the
// name. It waits for no more than it needs, so that lines of a pipe come through as
// they are written.
func decode(r io.Reader, binary bool) (io.Reader, error) {
	s, head, err := peek(r)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, gzipMagic) {
		z, err := gzip.NewReader(s)
		switch {
		case errors.Is(err, gzip.ErrHeader):
			return nil, &binaryError{what: "it begins as gzip does, but is none"}
		case err != nil:
			return nil, gzipError(err)
		}
		if s, head, err = peek(gzipReader{z}); err != nil {
			return nil, err
		}
	}
	for _, mark := range marks {
		if bytes.HasPrefix(head, mark.bytes) {
			_, _ = io.CopyN(io.Discard, s, int64(len(mark.bytes)))
			if s = mark.decode(s); !binary {
				s = &textOnly{r: s}
			}
			return s, nil
		}
	}
	if binary {
		return s, nil
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, m.bytes) {
			return nil, &binaryError{m.what, m.help}
		}
	}
	return &textOnly{r: s}, nil
}

var gzipMagic = []byte{0x1f, 0x8b}

// marks are the byte order marks. That of UTF-32 comes first: it begins with that of
// UTF-16.
var marks = []struct {
	bytes  []byte
	decode func(io.Reader) io.Reader
}{
	{[]byte{0xff, 0xfe, 0, 0}, func(r io.Reader) io.Reader { return &wideReader{r: r, width: 4, order: binary.LittleEndian} }},
	{[]byte{0, 0, 0xfe, 0xff}, func(r io.Reader) io.Reader { return &wideReader{r: r, width: 4, order: binary.BigEndian} }},
	{[]byte{0xff, 0xfe}, func(r io.Reader) io.Reader { return &wideReader{r: r, width: 2, order: binary.LittleEndian} }},
	{[]byte{0xfe, 0xff}, func(r io.Reader) io.Reader { return &wideReader{r: r, width: 2, order: binary.BigEndian} }},
	{[]byte{0xef, 0xbb, 0xbf}, func(r io.Reader) io.Reader { return r }},
}

// magics are how files begin that are no text, and that have a hint of their own or
// may have few NULs. The others have many.
var magics = []struct {
	bytes      []byte
	what, help string
}{
	{gzipMagic, "gzip inside gzip", "unpack it first"},
	{[]byte("PK\x03\x04"), "a zip archive", "unpack it first, such as with 'unzip -p'"},
	{[]byte{0x28, 0xb5, 0x2f, 0xfd}, "zstd", "unpack it first, with 'zstd -dc'"},
	{[]byte("\xfd7zXZ\x00"), "xz", "unpack it first, with 'xz -dc'"},
	{[]byte("BZh91AY&SY"), "bzip2", "unpack it first, with 'bzip2 -dc'"},
	{[]byte{0x04, 0x22, 0x4d, 0x18}, "lz4", "unpack it first, with 'lz4 -dc'"},
	{[]byte("7z\xbc\xaf\x27\x1c"), "a 7z archive", "unpack it first"},
	{[]byte{0x1f, 0x9d}, "compress", "unpack it first, with 'uncompress -c'"},
	{[]byte("\x7fELF"), "an executable", ""},
	{[]byte("\x89PNG"), "a picture", ""},
	{[]byte{0xff, 0xd8, 0xff}, "a picture", ""},
	{[]byte("%PDF-"), "a PDF document", ""},
}

// binaryError says that an input is no text.
type binaryError struct{ what, help string }

func (e *binaryError) Error() string {
	text := "binary data, " + e.what
	if e.help != "" {
		text += "; " + e.help
	}
	return text
}

// peek returns a reader that has everything, and what it begins with: what one read
// brings, or more if that may be the beginning of a mark.
func peek(r io.Reader) (all io.Reader, head []byte, err error) {
	buffer := make([]byte, chunkBytes)
	n := 0
	for n == 0 || beginsMark(buffer[:n]) {
		var read int
		read, err = r.Read(buffer[n:])
		n += read
		if err != nil {
			break
		}
	}
	head = buffer[:n]
	rest := r
	switch {
	case err != nil && err != io.EOF && n == 0:
		return nil, nil, err
	case err != nil:
		rest = failing{err}
	}
	return io.MultiReader(bytes.NewReader(head), rest), head, nil
}

// failing is a reader that has nothing left but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// beginsMark reports whether more bytes are needed to tell whether head is a mark.
func beginsMark(head []byte) bool {
	begins := func(mark []byte) bool { return len(head) < len(mark) && bytes.HasPrefix(mark, head) }
	for _, m := range marks {
		if begins(m.bytes) {
			return true
		}
	}
	for _, m := range magics {
		if begins(m.bytes) {
			return true
		}
	}
	return false
}

// gzipReader reads gzip, several members too, and says what its errors mean.
type gzipReader struct{ z *gzip.Reader }

func (g gzipReader) Read(b []byte) (int, error) {
	n, err := g.z.Read(b)
	return n, gzipError(err)
}

func gzipError(err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip data is cut off")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("the gzip data is damaged: %w", err)
	}
	return err
}

// textOnly refuses an input whose beginning is no text. Later NULs are those of a
// file system after a power cut, or of one broken line, and no reason to stop
// reading a pipe.
type textOnly struct {
	r              io.Reader
	seen, controls int
	nulls          [2]int // by the place in the input, even and odd
}

func (t *textOnly) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if t.seen < chunkBytes {
		for i, c := range b[:n] {
			if c == 0 {
				t.nulls[(t.seen+i)%2]++
			}
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\b' && c != 0x1b {
				t.controls++
			}
		}
		t.seen += n
		if err := t.verdict(); err != nil {
			return 0, err
		}
	}
	return n, err
}

// verdict returns an error for what is no text.
func (t *textOnly) verdict() error {
	even, odd := t.nulls[0], t.nulls[1]
	switch {
	case even+odd == 0 && (t.seen < 64 || t.controls*20 < t.seen):
		return nil
	case odd*4 > t.seen && even*8 < odd:
		return &binaryError{"perhaps UTF-16 without a byte order mark", "convert it, with 'iconv -f UTF-16LE -t UTF-8'"}
	case even*4 > t.seen && odd*8 < even:
		return &binaryError{"perhaps UTF-16 without a byte order mark", "convert it, with 'iconv -f UTF-16BE -t UTF-8'"}
	case even+odd > 0:
		return &binaryError{what: "it has NUL bytes"}
	}
	return &binaryError{what: "it has many control characters"}
}
