package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// printable makes text harmless for a terminal, on one line: control
// characters and those that change the direction of writing are escaped, an
// invalid byte becomes U+FFFD, a tab four spaces.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80 && harmful(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// harmful reports whether a rune controls a terminal, or changes the direction of
// writing or the lines.
func harmful(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// cut shortens text to so many columns, with "…" as the last one.
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

// runeWidth is the number of columns a rune takes, near enough for cutting.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, // Hangul Jamo
		r >= 0x2e80 && r <= 0xa4cf, // CJK and its neighbours
		r >= 0xac00 && r <= 0xd7a3, // Hangul
		r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f,
		r >= 0xff00 && r <= 0xff60, // full-width forms
		r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1f64f, // pictures
		r >= 0x1f900 && r <= 0x1f9ff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// count writes a number with its thousands apart.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted writes a number and what it counts: "1 event", "2,000 events".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func events(n int64) string { return counted(n, "event", "events") }

// size writes a number of bytes, in powers of 1,000 as AWS prices them.
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

// duration writes a time span with as many digits as somebody wants to read.
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
