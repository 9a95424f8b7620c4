package filterpattern

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser parses a pattern from left to right.
type parser struct {
	pattern string
	pos     int // position of the next byte

	regexes, wildcards int // number of regular expressions, and of wildcards in selectors
}

// fail returns an error at the next byte.
func (p *parser) fail(format string, args ...any) error {
	return syntaxError(p.pattern, p.pos, format, args...)
}

// unexpected returns an error at the next character.
func (p *parser) unexpected(expected string) error {
	if p.done() {
		return p.fail("expected %s, but the pattern ends", expected)
	}
	return p.fail("expected %s, found %s", expected, p.char())
}

func (p *parser) done() bool { return p.pos == len(p.pattern) }

// peek returns the next byte, 0 at the end. A 0 in a pattern is refused everywhere except in
// quotes, where done distinguishes them.
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

// skip skips a text if it comes next.
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

// run skips the bytes of a class and returns them.
func (p *parser) run(class func(byte) bool) string {
	start := p.pos
	for !p.done() && class(p.peek()) {
		p.pos++
	}
	return p.pattern[start:p.pos]
}

// quoted parses a text in double quotes, the first of which comes next.
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

// closed checks that a pattern in brackets ends with the closing bracket, as the service does
// before it parses the rest.
func (p *parser) closed(bracket string) error {
	if strings.HasSuffix(p.pattern, bracket) && len(p.pattern) > 1 {
		return nil
	}
	p.pos = len(p.pattern)
	return p.fail("a pattern that starts with '%c' must end with '%s'", p.pattern[0], bracket)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord reports whether a byte may be part of an unquoted term.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

// isName reports whether a byte may be part of a property or field name.
func isName(c byte) bool { return isWord(c) || c == '-' }
