package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// decode returns a reader of r as UTF-8 text. It decompresses gzip, and converts from the Unicode
// encoding of a byte order mark, which it removes. It refuses input that is not text unless binary is
// set. The first bytes decide, not the name of the file. It reads no further ahead than necessary, so
// that the lines of a pipe are available when they are written.
func decode(r io.Reader, binary bool) (io.Reader, error) {
	s, head, err := peek(r)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, gzipMagic) {
		z, err := gzip.NewReader(s)
		switch {
		case errors.Is(err, gzip.ErrHeader):
			return nil, &binaryError{what: "it begins like gzip but is not valid gzip"}
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

// marks are the byte order marks. Those of UTF-32 come first: one begins with that of UTF-16.
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

// magics are the first bytes of binary formats with a hint, or with few NUL bytes. Other formats are
// recognized by their NUL bytes.
var magics = []struct {
	bytes      []byte
	what, help string
}{
	{gzipMagic, "gzip inside gzip", "decompress it first"},
	{[]byte("PK\x03\x04"), "a zip archive", "extract it first, for example with 'unzip -p'"},
	{[]byte{0x28, 0xb5, 0x2f, 0xfd}, "zstd", "decompress it first with 'zstd -dc'"},
	{[]byte("\xfd7zXZ\x00"), "xz", "decompress it first with 'xz -dc'"},
	{[]byte("BZh91AY&SY"), "bzip2", "decompress it first with 'bzip2 -dc'"},
	{[]byte{0x04, 0x22, 0x4d, 0x18}, "lz4", "decompress it first with 'lz4 -dc'"},
	{[]byte("7z\xbc\xaf\x27\x1c"), "a 7z archive", "extract it first"},
	{[]byte{0x1f, 0x9d}, "compress", "decompress it first with 'uncompress -c'"},
	{[]byte("\x7fELF"), "an executable", ""},
	{[]byte("\x89PNG"), "a picture", ""},
	{[]byte{0xff, 0xd8, 0xff}, "a picture", ""},
	{[]byte("%PDF-"), "a PDF document", ""},
}

// binaryError reports that an input is not text.
type binaryError struct{ what, help string }

func (e *binaryError) Error() string {
	text := "binary data, " + e.what
	if e.help != "" {
		text += "; " + e.help
	}
	return text
}

// peek returns a reader of all of r and its first bytes: the result of one read, or more if that may
// be the beginning of a byte order mark.
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

// failing is a reader that returns an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// beginsMark reports whether head is an incomplete byte order mark.
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

// gzipReader decompresses gzip of one or more members and explains its errors.
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
		return errors.New("the gzip data is truncated")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("the gzip data is corrupt: %w", err)
	}
	return err
}

// textOnly refuses an input whose beginning is not text. It accepts NUL bytes further on: file systems
// write them after a power cut, and one corrupt line is no reason to stop reading a pipe.
type textOnly struct {
	r              io.Reader
	seen, controls int
	nulls          [2]int // NUL bytes at even and odd offsets
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

// verdict returns an error if the input is not text.
func (t *textOnly) verdict() error {
	even, odd := t.nulls[0], t.nulls[1]
	switch {
	case even+odd == 0 && (t.seen < 64 || t.controls*20 < t.seen):
		return nil
	case odd*4 > t.seen && even*8 < odd:
		return &binaryError{"probably UTF-16 without a byte order mark", "convert it with 'iconv -f UTF-16LE -t UTF-8'"}
	case even*4 > t.seen && odd*8 < even:
		return &binaryError{"probably UTF-16 without a byte order mark", "convert it with 'iconv -f UTF-16BE -t UTF-8'"}
	case even+odd > 0:
		return &binaryError{what: "it contains NUL bytes"}
	}
	return &binaryError{what: "it contains many control characters"}
}
