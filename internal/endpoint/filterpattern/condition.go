package filterpattern

import (
	"regexp"
	"strings"
)

// condition is a comparison with a value of the message. Exactly one of regex, text and number is
// used, except that a bare number also has a text.
type condition struct {
	op     operator
	regex  *regexp.Regexp // a regular expression, or
	text   wildcard       // a text, and
	number *number        // its value, if it is an unquoted number
}

// operator is the operator of a condition.
type operator byte

const (
	equal operator = iota + 1
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
	isNull
	isTrue
	isFalse
	isScalar // not in patterns: matches a value to extract
	exists
)

// ordered reports whether an operator compares by size.
func (o operator) ordered() bool { return less <= o && o <= greaterOrEqual }

// kind is the type of a value in a message.
type kind byte

const (
	kindString kind = iota + 1
	kindNumber
	kindTrue
	kindFalse
	kindNull
	kindContainer // object or array
	kindWord      // word of a line, not JSON
)

// holds reports whether the condition holds for a value. text is the decoded string, the number as
// written, or the word.
func (c *condition) holds(k kind, text string) bool {
	switch c.op {
	case exists:
		return true
	case isNull:
		return k == kindNull
	case isTrue:
		return k == kindTrue
	case isFalse:
		return k == kindFalse
	case isScalar:
		return k != kindContainer
	}
	switch k {
	case kindString, kindNumber, kindWord:
	default:
		return false
	}
	switch c.op {
	case equal:
		return c.equals(k, text)
	case notEqual:
		return !c.equals(k, text)
	}
	n, ok := parseNumber(text)
	if !ok || k == kindString {
		return false
	}
	order := n.compare(*c.number)
	switch c.op {
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	}
	return order >= 0
}

func (c *condition) equals(k kind, text string) bool {
	if c.regex != nil {
		return c.regex.MatchString(text)
	}
	if c.number != nil && k != kindString {
		if n, ok := parseNumber(text); ok {
			return n.compare(*c.number) == 0
		}
	}
	return c.text.match(text)
}

// comparison reads an operator and the value after it.
func (p *parser) comparison() (condition, error) {
	c := condition{op: p.operator()}
	if c.op == 0 {
		return c, p.unexpected("one of = != < > <= >=")
	}
	p.spaces()
	start := p.pos
	var err error
	switch p.peek() {
	case '%':
		c.regex, err = p.regex()
	case '"':
		var text string
		text, err = p.quoted()
		c.text = newWildcard(text)
	default:
		err = p.bareValue(&c)
	}
	if err != nil {
		return c, err
	}
	if c.op.ordered() && c.number == nil {
		p.pos = start
		return c, p.unexpected("an unquoted number after < > <= >=")
	}
	return c, nil
}

func (p *parser) operator() operator {
	for _, o := range []struct {
		text string
		op   operator
	}{{"!=", notEqual}, {"<=", lessOrEqual}, {">=", greaterOrEqual}, {"=", equal}, {"<", less}, {">", greater}} {
		if p.skip(o.text) {
			return o.op
		}
	}
	return 0
}

// bareValue reads an unquoted value.
func (p *parser) bareValue(c *condition) error {
	start := p.pos
	text := p.run(func(b byte) bool { return isWord(b) || b == '.' || b == '*' || b == '+' || b == '-' })
	if text == "" {
		return p.unexpected("a value: a word, a number, a double-quoted text or a regular expression")
	}
	if n, ok := parseNumber(text); ok {
		c.number = &n
	} else if i := strings.IndexAny(text, "+-"); i >= 0 {
		p.pos = start + i
		return p.fail("invalid character(s) in term %s: put values with other characters than letters, digits, underscores, dots and * in double quotes", p.char())
	}
	c.text = newWildcard(text)
	return nil
}
