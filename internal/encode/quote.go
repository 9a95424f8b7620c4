package encode

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// The text of a Text record is quoted as slog.TextHandler does it, piece by piece:
// strconv.Quote looks at one rune at a time.

// quoted appends a string, in quotes or not.
func (s *state) quoted(text string, quote bool) {
	if quote {
		s.buf = append(s.buf, '"')
	}
	s.plain(text, quote)
	if quote {
		s.buf = append(s.buf, '"')
	}
}

// plain appends a string without quotes around it, in pieces. If it stands between
// quotes, it is escaped.
func (s *state) plain(text string, quote bool) {
	for len(text) > 0 && !s.done {
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

// textBytes is text for bytes, quotedBytes is quoted. A long text is not copied as a
// whole.
func (s *state) textBytes(text []byte) {
	quote := len(text) == 0
	for rest := text; len(rest) > 0 && !quote; {
		n := cutPiece(rest)
		quote = needsQuotes(string(rest[:n]))
		rest = rest[n:]
	}
	s.quotedBytes(text, quote)
}

func (s *state) quotedBytes(text []byte, quote bool) {
	if quote {
		s.buf = append(s.buf, '"')
	}
	for len(text) > 0 && !s.done {
		n := cutPiece(text)
		s.plain(string(text[:n]), quote)
		text = text[n:]
	}
	if quote {
		s.buf = append(s.buf, '"')
	}
}

// appendQuoted appends what strconv.Quote writes between the quotes.
func appendQuoted(dst []byte, text string) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && ' ' <= text[n] && text[n] <= '~' && text[n] != '"' && text[n] != '\\' {
			n++
		}
		dst = append(dst, text[:n]...)
		if text = text[n:]; text == "" {
			break
		}
		r, width := utf8.DecodeRuneInString(text)
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
			quoted := strconv.AppendQuote(memory[:0], text[:width])
			dst = append(dst, quoted[1:len(quoted)-1]...)
		}
		text = text[width:]
	}
	return dst
}

// needsQuotes reports whether slog.TextHandler puts the text in quotes.
func needsQuotes(text string) bool {
	if text == "" {
		return true
	}
	for _, r := range text { // an invalid byte comes as utf8.RuneError
		switch {
		case r <= ' ' || r == '"' || r == '=':
			return true
		case r >= utf8.RuneSelf && (r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r)):
			return true
		}
	}
	return false
}
