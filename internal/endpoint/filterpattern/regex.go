package filterpattern

import (
	"regexp"
	"strconv"
	"strings"
)

// Characters allowed in a regular expression, besides letters and digits. Source: the AWS page on
// regular expressions.
const (
	regexSymbols   = ":_#=@/;,-"
	regexOperators = `^$?[]{}|\*+.`
)

// maxRepeat is the maximum sum of the repetition bounds of a regular expression. It limits the work
// per byte of a message; 1,000 is also the limit of package regexp for a single bound.
const maxRepeat = 1000

// maxRegexes is the maximum number of regular expressions in a JSON or space-delimited pattern.
// Source: the AWS page on regular expressions.
const maxRegexes = 2

// regex is a pattern that is a single regular expression.
type regex struct{ *regexp.Regexp }

func (r regex) match(message string) bool { return r.MatchString(message) }

func (r regex) extract(message string) (map[string]string, bool) {
	return noValues(r.match(message))
}

func (r regex) field(name string) (reader, error) { return noField(name) }

// onlyRegex parses a pattern that is a single regular expression.
func (p *parser) onlyRegex() (matcher, error) {
	re, err := p.regex()
	if err != nil {
		return nil, err
	}
	if p.spaces(); !p.done() {
		return nil, p.fail("a regular expression must be alone, without terms; expected the end of the pattern, found %s", p.char())
	}
	return regex{re}, nil
}

// regex parses a regular expression between percent signs, the first of which comes next, and
// rewrites it for package regexp, which matches in linear time. Little has to be rewritten, but
// what is not allowed must be refused.
func (p *parser) regex() (*regexp.Regexp, error) {
	open := p.pos
	if p.regexes++; p.regexes > maxRegexes {
		return nil, p.fail("a pattern may have at most %d regular expressions", maxRegexes)
	}
	if !strings.Contains(p.pattern[open+1:], "%") {
		return nil, p.fail("this regular expression is not closed with '%%'")
	}
	if p.pos++; p.peek() == '%' {
		return nil, p.fail("this regular expression is empty")
	}
	var out strings.Builder
	out.WriteString("(?s)") // a dot matches any character
	repeats := 0
	for p.peek() != '%' {
		var part string
		var err error
		switch p.peek() {
		case '\\':
			part, err = p.regexEscape()
		case '[':
			part, err = p.regexClass()
		case '{':
			part, err = p.regexRepeat(&repeats)
		case '}': // stands for itself
			p.pos++
			part = `\}`
		default:
			part, err = p.regexChar()
		}
		if err != nil {
			return nil, err
		}
		out.WriteString(part)
	}
	re, err := regexp.Compile(out.String())
	if err != nil {
		p.pos = open
		return nil, p.fail("%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	p.pos++
	return re, nil
}

// regexChar parses an operator or a character that stands for itself.
func (p *parser) regexChar() (string, error) {
	c := p.pattern[p.pos : p.pos+1]
	if !isWord(c[0]) && !strings.Contains(" "+regexSymbols+regexOperators, c) {
		return "", p.fail(`invalid character(s) in term %s: in a regular expression, write \xhh for other characters than letters, digits and %s`, p.char(), regexSymbols)
	}
	p.pos++
	return c, nil
}

// regexEscape parses a backslash and what belongs to it. Characters that are not allowed are not
// allowed after a backslash either.
func (p *parser) regexEscape() (string, error) {
	rest := p.pattern[p.pos+1:] // not empty: a percent sign follows
	size := 2
	switch c := rest[0]; {
	case c == 'x':
		hex := rest[1:min(3, len(rest))]
		if len(hex) != 2 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" || hex[0] > '7' {
			return "", p.fail(`expected \x and two hexadecimal digits of an ASCII character, 00 to 7F`)
		}
		size = 4
	case !strings.Contains("dDsSwW"+regexSymbols+regexOperators, rest[:1]):
		p.pos++
		return "", p.fail("invalid character(s) in term %s: after a backslash, expected an operator, a symbol, or one of d D s S w W x", p.char())
	}
	part := p.pattern[p.pos : p.pos+size]
	p.pos += size
	return part, nil
}

// regexClass parses a character class.
func (p *parser) regexClass() (string, error) {
	open := p.pos
	var out strings.Builder
	out.WriteByte('[')
	p.pos++
	if p.skip("^") {
		out.WriteByte('^')
	}
	if p.peek() == ']' {
		return "", p.fail(`this character class is empty; write \] for the bracket itself`)
	}
	for p.peek() != ']' {
		var part string
		var err error
		switch p.peek() {
		case '%':
			p.pos = open
			return "", p.fail("this character class is not closed with ']'")
		case '[':
			return "", p.fail(`in a character class, write \[ for the bracket itself`)
		case '\\':
			part, err = p.regexEscape()
		default:
			part, err = p.regexChar()
		}
		if err != nil {
			return "", err
		}
		out.WriteString(part)
	}
	p.pos++
	out.WriteByte(']')
	return out.String(), nil
}

// regexRepeat parses {m}, {m,n}, {m,} or {,n} and adds the bound to the sum.
func (p *parser) regexRepeat(sum *int) (string, error) {
	open := p.pos
	p.pos++
	low := p.run(isDigit)
	comma := p.skip(",")
	high := p.run(isDigit)
	if !p.skip("}") || low == "" && high == "" {
		p.pos = open
		return "", p.fail(`expected {m}, {m,n}, {m,} or {,n}; write \{ for the brace itself`)
	}
	if *sum += max(repeatBound(low), repeatBound(high)); *sum > maxRepeat {
		p.pos = open
		return "", p.fail("the bounds of all repetitions may add up to at most %d", maxRepeat)
	}
	if low == "" {
		low = "0"
	}
	if !comma {
		return "{" + low + "}", nil
	}
	return "{" + low + "," + high + "}", nil
}

// repeatBound returns the value of some digits, at most maxRepeat + 1.
func repeatBound(digits string) int {
	if digits == "" {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxRepeat {
		return maxRepeat + 1
	}
	return n
}
