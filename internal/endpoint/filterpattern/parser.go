package filterpattern

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser reads a pattern from left to right.
type parser struct {
	pattern string
	pos     int // the next byte

	regexes, wildcards int // how many were read; wildcards of selectors
}

// fail makes an error for the next byte.
func (p *parser) fail(format string, args ...any) error {
	return syntaxError(p.pattern, p.pos, format, args...)
}

// unexpected makes an error for the next character, where something else was
// expected.
func (p *parser) unexpected(expected string) error {
	if p.done() {
		return p.fail("expected %s, but the pattern ends", expected)
	}
	return p.fail("expected %s, found %s", expected, p.char())
}

func (p *parser) done() bool { return p.pos == len(p.pattern) }

// peek returns the next byte, 0 at the end. A 0 in a pattern is refused
// everywhere but in quotes, where done tells the difference.
func (p *parser) peek() byte {
	if p.done() {
		return 0
	}
	return p.pattern[p.pos]
}

// char returns the next character in quotes, for errors.
func (p *parser) char() string {
	r, _ := utf8.DecodeRuneInString(p.pattern[p.pos:])
	if !unicode.IsPrint(r) {
		return strconv.QuoteRune(r)
	}
	return "'" + string(r) + "'"
}

// skip passes over a text if it comes next.
func (p *parser) skip(text string) bool {
	if !strings.HasPrefix(p.pattern[p.pos:], text) {
		return false
	}
	p.pos += len(text)
	return true
}

func (p *parser) spaces() {
	for !p.done() && isSpace(p.peek()) {
		p.pos++
	}
}

// run passes over the bytes that belong to a class and returns them.
func (p *parser) run(class func(byte) bool) string {
	start := p.pos
	for !p.done() && class(p.peek()) {
		p.pos++
	}
	return p.pattern[start:p.pos]
}

// quoted reads a text in double quotes, the first of which comes next.
func (p *parser) quoted() (string, error) {
	open := p.pos
	p.pos++
	var text []byte
	for ; !p.done(); p.pos++ {
		c := p.peek()
		if c == '"' {
			p.pos++
			return string(text), nil
		}
		if c == '\\' && p.pos+1 < len(p.pattern) {
			if c = p.pattern[p.pos+1]; c != '"' && c != '\\' {
				return "", p.fail(`after a backslash in quotes, expected " or \; write \\ for the backslash itself`)
			}
			p.pos++
		}
		text = append(text, c)
	}
	p.pos = open
	return "", p.fail("this quote is not closed")
}

// closed checks that a pattern in brackets ends with the closing one, as the
// service does before it looks at the rest.
func (p *parser) closed(bracket string) error {
	if strings.HasSuffix(p.pattern, bracket) && len(p.pattern) > 1 {
		return nil
	}
	p.pos = len(p.pattern)
	return p.fail("a pattern that starts with '%c' must end with '%s'", p.pattern[0], bracket)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord tells whether a byte may stand in a term without quotes.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

// isName tells whether a byte may stand in the name of a property or field.
func isName(c byte) bool { return isWord(c) || c == '-' }
