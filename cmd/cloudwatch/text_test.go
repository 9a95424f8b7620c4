package main

import (
	"testing"
	"time"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain text, ünïcödé 漢字":       "plain text, ünïcödé 漢字",
		"tab\tand\nline\rend":          `tab    and\nline\rend`,
		"\x1b]0;title\x07":             `\x1b]0;title\x07`,
		"nul\x00 del\x7f":              `nul\x00 del\x7f`,
		"c1 \u009b31m":                 `c1 \u009b31m`,
		"bidi \u202e \u2066 \u2069":    `bidi \u202e \u2066 \u2069`,
		"bad \xff\xfe":                 `bad \xff\xfe`,
		"bad \xf0\x9f\x98 cut":         `bad \xf0\x9f\x98 cut`,
		"replaced \ufffd":              "replaced \ufffd",
		"marks \u200e\u200f\u061c":     `marks \u200e\u200f\u061c`,
		"zero\u200b\u200d\u2060\ufeff": `zero\u200b\u200d\u2060\ufeff`,
		"soft\u00adhyphen":             `soft\u00adhyphen`,
		"lines \u2028\u2029\u0085":     `lines \u2028\u2029\u0085`,
		"tag \U000e0041":               `tag \U000e0041`,
		"filler \u3164":                `filler \u3164`,
		"sign \u0600":                  "sign \u0600",
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"", 5, ""},
		{"12345", 5, "12345"},
		{"123456", 5, "1234…"},
		{"ünïcödé", 5, "ünïc…"},
		{"漢字漢", 6, "漢字漢"},
		{"漢字漢", 5, "漢字…"},
		{"漢字漢", 4, "漢…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"ab", 1, "…"},
		{"ab", 0, ""},
		{"ab", -1, ""},
	} {
		if got := cut(test.text, test.columns); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(0), "0"},
		{count(999), "999"},
		{count(1000), "1,000"},
		{count(1234567), "1,234,567"},
		{count(-999), "-999"},
		{count(-1234), "-1,234"},
		{events(1), "1 event"},
		{events(0), "0 events"},
		{events(2000), "2,000 events"},
		{size(1), "1 byte"},
		{size(999), "999 bytes"},
		{size(1000), "1.0 kB"},
		{size(999_949), "999.9 kB"},
		{size(999_950), "1.0 MB"},
		{size(1_048_576), "1.0 MB"},
		{size(999_950_000), "1.00 GB"},
		{duration(850 * time.Nanosecond), "850 ns"},
		{duration(1234 * time.Nanosecond), "1.2 µs"},
		{duration(456 * time.Millisecond), "456 ms"},
		{duration(12345 * time.Millisecond), "12.3 s"},
		{duration(125 * time.Second), "2m5s"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
