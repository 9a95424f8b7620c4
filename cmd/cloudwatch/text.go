package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/plaintext"
)

// printable escapes text for a terminal, on one line; a tab becomes four spaces.
func printable(text string) string { return plaintext.Escape(onOneLine.Replace(text)) }

var onOneLine = strings.NewReplacer("\t", "    ", "\n", `\n`, "\r", `\r`)

// jsonTo returns a writer of JSON for standard output that writes to w. On a terminal, control
// characters become JSON escapes, which are equivalent; files and pipes receive every byte unchanged.
func (p *program) jsonTo(w io.Writer) io.Writer {
	if _, ok := terminal(p.stdout); ok {
		return escapingWriter{w}
	}
	return w
}

// escapingWriter escapes JSON that is written in complete lines.
type escapingWriter struct{ w io.Writer }

func (e escapingWriter) Write(text []byte) (int, error) {
	if _, err := e.w.Write(escaped(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// escaped replaces control characters in JSON by JSON escapes. Outside strings, JSON has none but
// white space.
func escaped(text []byte) []byte {
	escape := func(r rune) bool { return plaintext.Harmful(r) && r != '\n' }
	if !bytes.ContainsFunc(text, escape) && utf8.Valid(text) {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		switch {
		case escape(r) && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		case escape(r):
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// cut shortens text to the given number of columns, ending in "…".
func cut(text string, columns int) string {
	if columns <= 0 {
		return ""
	}
	used, end := 0, 0 // text[:end] and "…" fit
	for i, r := range text {
		if used < columns {
			end = i
		}
		if used += runeWidth(r); used > columns {
			return text[:end] + "…"
		}
	}
	return text
}

// runeWidth returns the approximate number of columns of a rune.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, // Hangul Jamo
		r >= 0x2e80 && r <= 0xa4cf, // CJK and neighboring blocks
		r >= 0xac00 && r <= 0xd7a3, // Hangul
		r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f,
		r >= 0xff00 && r <= 0xff60, // full-width forms
		r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1f64f, // pictographs
		r >= 0x1f900 && r <= 0x1f9ff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// count formats a number with commas between thousands.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted formats a number with its noun: "1 event", "2,000 events".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func events(n int64) string { return counted(n, "event", "events") }

// size formats a number of bytes with units of powers of 1,000, as in AWS prices.
func size(n int64) string {
	switch f := float64(n); {
	case n < 1_000:
		return counted(n, "byte", "bytes")
	case n < 999_950:
		return fmt.Sprintf("%.1f kB", f/1e3)
	case n < 999_950_000:
		return fmt.Sprintf("%.1f MB", f/1e6)
	default:
		return fmt.Sprintf("%.2f GB", f/1e9)
	}
}

// duration formats a duration with about two significant digits.
func duration(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}
