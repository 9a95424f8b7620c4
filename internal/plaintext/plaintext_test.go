package plaintext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"plain text, ünïcödé 漢字 😀":     "plain text, ünïcödé 漢字 😀",
		"tab\tand\nline\rend":          `tab\x09and\x0aline\x0dend`,
		"\x1b]0;title\x07":             `\x1b]0;title\x07`,
		"nul\x00 del\x7f":              `nul\x00 del\x7f`,
		"c1 \u009b31m":                 `c1 \u009b31m`,
		"bidi \u202e \u2066 \u2069":    `bidi \u202e \u2066 \u2069`,
		"marks \u200e\u200f\u061c":     `marks \u200e\u200f\u061c`,
		"zero\u200b\u200d\u2060\ufeff": `zero\u200b\u200d\u2060\ufeff`,
		"operators \u2061\u2064":       `operators \u2061\u2064`,
		"soft\u00adhyphen":             `soft\u00adhyphen`,
		"vowel \u180e":                 `vowel \u180e`,
		"annotated \ufff9\ufffb":       `annotated \ufff9\ufffb`,
		"lines \u2028\u2029\u0085":     `lines \u2028\u2029\u0085`,
		"tag \U000e0041":               `tag \U000e0041`,
		"fillers \u115f\u1160\u3164":   `fillers \u115f\u1160\u3164`,
		"half \uffa0":                  `half \uffa0`,
		"joiner \u034f":                `joiner \u034f`,
		"unassigned \u2065":            `unassigned \u2065`,
		"noncharacter \ufffe":          `noncharacter \ufffe`,
		"sign \u0600":                  "sign \u0600",
		"heart \u2764\ufe0f":           "heart \u2764\ufe0f", // which form of a sign is shown
		"no-break\u00a0space":          "no-break\u00a0space",
		"bad \xff\xfe":                 `bad \xff\xfe`,
		"bad \xef, like U+FFFD":        `bad \xef, like U+FFFD`,
		"bad \xf0\x9f\x98 cut":         `bad \xf0\x9f\x98 cut`,
		"replaced \ufffd":              "replaced \ufffd",
	} {
		if got := Escape(text); got != want {
			t.Errorf("Escape(%q) = %q, want %q", text, got, want)
		}
	}
}

// Whatever a text has, what is left of it is harmless, and stays as it is.
func FuzzEscape(f *testing.F) {
	f.Add("a\x1b\xff\u202e\ufeff")
	f.Fuzz(func(t *testing.T, text string) {
		got := Escape(text)
		if strings.ContainsFunc(got, Harmful) || !utf8.ValidString(got) {
			t.Errorf("Escape(%q) = %q", text, got)
		}
		if again := Escape(got); again != got {
			t.Errorf("Escape(%q) = %q", got, again)
		}
	})
}
