package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

func utf16Of(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func utf32Of(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, r := range text {
		b = order.AppendUint32(b, uint32(r))
	}
	return string(b)
}

func gzipOf(t *testing.T, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func decoded(r io.Reader, allowBinary bool) (string, error) {
	text, err := decode(r, allowBinary)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(text)
	return string(b), err
}

func TestDecode(t *testing.T) {
	const text = "\ufefferste Zeile äöü\n\U0001f600 漢字\n"
	plain := strings.TrimPrefix(text, "\ufeff")
	le, be := binary.LittleEndian, binary.BigEndian
	packed := gzipOf(t, "one\n", "two\n")
	noise := func(c string) string { return strings.Repeat(c, 100) }
	for _, test := range []struct {
		name, input, want string
		err               string // part of it; "" = none
	}{
		{"UTF-8", plain, plain, ""},
		{"empty", "", "", ""},
		{"one byte", "\xef", "\xef", ""},
		{"UTF-8 with a mark", text, plain, ""},
		{"nothing but a mark", "\ufeff", "", ""},
		{"a mark inside", "a\ufeffb", "a\ufeffb", ""},
		{"UTF-16 LE", utf16Of(le, text), plain, ""},
		{"UTF-16 BE", utf16Of(be, text), plain, ""},
		{"UTF-32 LE", utf32Of(le, text), plain, ""},
		{"UTF-32 BE", utf32Of(be, text), plain, ""},
		{"UTF-16, one half of a pair", "\xff\xfe\x00\xd8a\x00", "\ufffda", ""},
		{"UTF-16, two first halves", "\xff\xfe\x00\xd8\x3d\xd8\x00\xde", "\ufffd\U0001f600", ""},
		{"UTF-16, a half at the end", "\xff\xfea\x00\x00\xd8", "a\ufffd", ""},
		{"UTF-16, a second half alone", "\xff\xfe\x00\xdca\x00", "\ufffda", ""},
		{"UTF-16, cut", "\xff\xfea\x00b", "a", "ends in the middle of a character"},
		{"UTF-32, no character", "\x00\x00\xfe\xff\x00\x00\xd8\x00\xff\xff\xff\xff\x00\x00\x00a", "\ufffd\ufffda", ""},
		{"gzip", gzipOf(t, text), plain, ""},
		{"gzip of UTF-16", gzipOf(t, utf16Of(le, text)), plain, ""},
		{"gzip of several members", packed, "one\ntwo\n", ""},
		{"gzip of nothing", gzipOf(t, ""), "", ""},
		{"gzip, cut", packed[:len(packed)-9], "one\ntwo\n", "the gzip data is truncated"},
		{"gzip, cut in the header", packed[:5], "", "the gzip data is truncated"},
		{"gzip, a checksum is wrong", packed[:len(packed)-5] + "x" + packed[len(packed)-4:], "one\ntwo\n", "the gzip data is corrupt"},
		{"gzip, rubbish behind", packed + "rubbish that is no gzip", "one\ntwo\n", "the gzip data is corrupt"},
		{"no gzip, though it begins so", "\x1f\x8b is no gzip", "", "binary data, it begins like gzip but is not valid gzip"},
		{"gzip of gzip", gzipOf(t, packed), "", "binary data, gzip inside gzip"},
		{"gzip of a tar archive", gzipOf(t, "name\x00\x00\x00"), "", "binary data, it contains NUL bytes"},
		{"UTF-16 LE without a mark", utf16Of(le, plain), "", "probably UTF-16 without a byte order mark; convert it with 'iconv -f UTF-16LE"},
		{"UTF-16 BE without a mark", utf16Of(be, "plain\n"), "", "'iconv -f UTF-16BE"},
		{"zip", "PK\x03\x04\x14", "", "a zip archive"},
		{"zstd", "\x28\xb5\x2f\xfd\x04", "", "zstd -dc"},
		{"xz", "\xfd7zXZ\x00", "", "xz -dc"},
		{"bzip2", "BZh91AY&SY..", "", "bzip2 -dc"},
		{"an executable", "\x7fELF\x02\x01", "", "an executable"},
		{"NUL in the first line", "abcdefgh\x00b\n", "", "it contains NUL bytes"},
		{"NUL on a later line", strings.Repeat("line\n", 1000) + "\x00", "", "it contains NUL bytes"},
		{"control characters", noise("a\x01"), "", "many control characters"},
		{"colours", noise("\x1b[31mred\x1b[0m"), noise("\x1b[31mred\x1b[0m"), ""},
		{"Latin-1", noise("\xe4\xf6\xfc "), noise("\xe4\xf6\xfc "), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":      strings.NewReader(test.input),
				"byte by byte": iotest.OneByteReader(strings.NewReader(test.input)),
				"with the end": iotest.DataErrReader(strings.NewReader(test.input)),
				"half by half": iotest.HalfReader(strings.NewReader(test.input)),
			} {
				got, err := decoded(r, false)
				switch {
				case test.err == "" && err != nil, test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
					t.Errorf("%s: error %v, want %q", name, err, test.err)
				case test.err == "" || strings.Contains(test.err, "gzip data") || strings.Contains(test.err, "cut off"):
					if got != test.want {
						t.Errorf("%s: got %q, want %q", name, got, test.want)
					}
				}
			}
		})
	}
}

// What is no text is taken where it is only shown, as in demo.
func TestDecodeBinary(t *testing.T) {
	for _, input := range []string{"PK\x03\x04\x00", "a\x00b", "\x7fELF"} {
		if got, err := decoded(strings.NewReader(input), true); err != nil || got != input {
			t.Errorf("%q: got %q, error %v", input, got, err)
		}
	}
}

// NULs far behind are no reason to stop reading a pipe.
func TestLateNULs(t *testing.T) {
	input := strings.Repeat("x", chunkBytes) + "\n\x00\x00\n"
	if got, err := decoded(strings.NewReader(input), false); err != nil || got != input {
		t.Errorf("got %d bytes of %d, error %v", len(got), len(input), err)
	}
}

// Lines of a pipe come through as they are written, however short.
func TestDecodeDoesNotWait(t *testing.T) {
	for _, input := range []string{"a\n", "7\n", "PK\n", "BZ\n", "\ufeffa\n"} {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, input) }() // it stays open
		text, err := decode(r, false)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		n, err := io.ReadFull(text, b[:len(strings.TrimPrefix(input, "\ufeff"))])
		if err != nil || string(b[:n]) != strings.TrimPrefix(input, "\ufeff") {
			t.Errorf("%q: got %q, error %v", input, b[:n], err)
		}
		w.CloseWithError(errors.New("over"))
		if _, err := text.Read(b); err == nil || err.Error() != "over" {
			t.Errorf("%q: error %v", input, err)
		}
	}
}

// A small archive of much text takes no memory.
func TestGzipBombIsStreamed(t *testing.T) {
	const unpacked = 256 << 20
	r, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		chunk := bytes.Repeat([]byte("aaaaaaaaaaaaaaa\n"), 1<<16)
		for range unpacked / len(chunk) {
			_, _ = z.Write(chunk)
		}
		w.CloseWithError(z.Close())
	}()
	text, err := decode(r, false)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, text)
	runtime.ReadMemStats(&after)
	if err != nil || n != unpacked {
		t.Errorf("read %d bytes of %d, error %v", n, unpacked, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}
