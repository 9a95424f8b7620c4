package filterpattern

import "strings"

// terms is a pattern of terms: the message contains all included terms, none of the excluded ones,
// and one of the optional ones if there are only optional terms. Without terms it matches
// everything.
type terms struct {
	include, exclude, optional []string
}

func (t *terms) match(message string) bool {
	for _, term := range t.include {
		if !strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range t.exclude {
		if strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range t.optional {
		if strings.Contains(message, term) {
			return true
		}
	}
	return len(t.optional) == 0
}

func (t *terms) extract(message string) (map[string]string, bool) {
	return noValues(t.match(message))
}

func (t *terms) field(name string) (reader, error) { return noField(name) }

// noValues is extract for patterns that are neither JSON nor space-delimited.
func noValues(matches bool) (map[string]string, bool) {
	if !matches {
		return nil, false
	}
	return map[string]string{}, true
}

func noField(name string) (reader, error) {
	return nil, syntaxError(name, 0, "only JSON and space-delimited patterns have fields")
}

// terms parses a pattern of terms, or a single regular expression.
func (p *parser) terms() (matcher, error) {
	t := &terms{}
	for p.spaces(); !p.done(); p.spaces() {
		if p.peek() == '%' && len(t.include)+len(t.exclude)+len(t.optional) == 0 {
			return p.onlyRegex()
		}
		list, sign := &t.include, p.peek()
		switch sign {
		case '?':
			list = &t.optional
		case '-':
			list = &t.exclude
		}
		if list != &t.include {
			p.pos++
			p.spaces()
		}
		term, err := p.term()
		if err != nil {
			return nil, err
		}
		*list = append(*list, term)
		if !p.done() && !isSpace(p.peek()) {
			return nil, p.badTerm("separate terms by spaces")
		}
	}
	if len(t.include)+len(t.exclude) > 0 {
		t.optional = nil // documented: optional terms are ignored beside others
	}
	return t, nil
}

// term parses a word or a phrase.
func (p *parser) term() (string, error) {
	switch c := p.peek(); {
	case p.done():
		return "", p.unexpected("a term")
	case c == '"':
		return p.quoted()
	case c == '%':
		return "", p.fail("a regular expression must be alone, without terms, '?' or '-'")
	case (c == '{' || c == '[') && strings.TrimLeft(p.pattern[:p.pos], whiteSpace) == "":
		return "", p.fail("invalid character(s) in term '%c': nothing may come before the bracket of a pattern, not even a space", c)
	case isWord(c):
		return p.run(isWord), nil
	}
	return "", p.badTerm("expected a term")
}

// badTerm returns an error for a character that is not allowed, in the service's words.
func (p *parser) badTerm(advice string) error {
	return p.fail("invalid character(s) in term %s: %s, and put those with other characters than letters, digits and underscores in double quotes", p.char(), advice)
}
