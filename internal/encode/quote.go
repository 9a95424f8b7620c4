package encode

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// The text of a Text record is quoted as slog.TextHandler does it, piece by piece:
// strconv.Quote looks at one rune at a time.

// quoted appends a text, in quotes or not.
func quoted[T string | []byte](s *state, text T, quote bool) {
	if quote {
		s.buf = append(s.buf, '"')
	}
	plain(s, text, quote)
	if quote {
		s.buf = append(s.buf, '"')
	}
}

// plain appends a text without quotes around it, in pieces. If it stands between
// quotes, it is escaped.
func plain[T string | []byte](s *state, text T, quote bool) {
	for len(text) > 0 {
		n := cutPiece(text)
		if quote {
			s.buf = appendQuoted(s.buf, text[:n])
		} else {
			s.buf = append(s.buf, text[:n]...)
		}
		text = text[n:]
		s.check()
	}
}

// appendQuoted appends what strconv.Quote writes between the quotes.
func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && ' ' <= text[n] && text[n] <= '~' && text[n] != '"' && text[n] != '\\' {
			n++
		}
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		r, width := firstRune(text)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', text[0])
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case width > 1 && strconv.IsPrint(r):
			dst = append(dst, text[:width]...)
		default:
			var memory [16]byte
			quoted := strconv.AppendQuote(memory[:0], string(text[:width]))
			dst = append(dst, quoted[1:len(quoted)-1]...)
		}
		text = text[width:]
	}
	return dst
}

func firstRune[T string | []byte](text T) (r rune, width int) {
	return utf8.DecodeRuneInString(string(text[:min(utf8.UTFMax, len(text))]))
}

// needsQuotes reports whether slog.TextHandler puts the text in quotes.
func needsQuotes[T string | []byte](text T) bool {
	if len(text) == 0 {
		return true
	}
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c <= ' ' || c == '"' || c == '=' {
				return true
			}
			i++
			continue
		}
		r, width := firstRune(text[i:]) // of an invalid byte utf8.RuneError
		if r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return true
		}
		i += width
	}
	return false
}
