package pipeline

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLineOnStandardErrorIsOneBoundedLine(t *testing.T) {
	rows := map[string]string{
		"plain":                        "plain",
		"two\nlines\r\n\tand a tab":    "two lines and a tab",
		"trailing newline\n":           "trailing newline",
		"\x1b[31mred\x1b[0m":           `\x1b[31mred\x1b[0m`,
		"right to left \u202e":         `right to left \u202e`,
		"line separator \u2028 inside": "line separator inside",
		"not UTF-8 \xff":               `not UTF-8 \xff`,
	}
	for text, want := range rows {
		if got := oneLine(text); got != want && got != strings.ReplaceAll(want, "separator inside", `separator \u2028 inside`) {
			t.Errorf("oneLine(%q) = %q, want %q", text, got, want)
		}
	}
	for _, unit := range []string{"x", "ü", "漢", "😀", "\x00"} {
		for n := maxLine/len(unit) - 5; n < maxLine/len(unit)+5; n++ {
			if got := oneLine(strings.Repeat(unit, n)); len(got) > maxLine || !utf8.ValidString(got) {
				t.Errorf("%d times %q makes %d bytes, valid %v", n, unit, len(got), utf8.ValidString(got))
			}
		}
	}
}
