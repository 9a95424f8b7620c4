package filterpattern

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape decodes a JSON string. The text between the quotes must be valid. An unpaired surrogate
// becomes U+FFFD, as in encoding/json.
func unescape(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case 'u':
			r, _ := hex4(text, 0)
			text = text[4:]
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError
				if strings.HasPrefix(text, `\u`) {
					low, _ := hex4(text, 2)
					pair = utf16.DecodeRune(r, low)
				}
				if r = pair; r != utf8.RuneError {
					text = text[6:]
				}
			}
			out.WriteRune(r)
		default: // a quote, a backslash or a slash
			out.WriteByte(c)
		}
	}
}
