// Package plaintext makes text of others harmless for terminals and log files.
package plaintext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns a text with what is harmful, and bytes that are not UTF-8, as escapes of
// Go: \x1b, \u202e, \U000e0041. Tabs and newlines are harmful as well: who wants something
// else for them, replaces them before.
func Escape(text string) string {
	if !strings.ContainsFunc(text, Harmful) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !Harmful(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Harmful reports whether a rune controls a terminal, is not seen, or changes the
// direction of writing or the lines: control characters, formatting characters (category
// Cf, but for the Arabic signs of it that are seen), separators of lines, fillers and
// others that are not shown, and noncharacters.
func Harmful(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0xa0:
		return false
	case unicode.Is(unicode.Cf, r):
		return !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	case r == 0x2028, r == 0x2029:
		return true
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}
