package filterpattern

import "slices"

// jsonPattern is a pattern in braces.
type jsonPattern struct {
	prefilter  prefilter
	selection  selection
	expression *expression
	values     selection // what is extracted: one condition per value
}

func (p *jsonPattern) match(message string) bool {
	if p.prefilter.excludes(message) {
		return false
	}
	s := scan{selection: &p.selection}
	return s.message(message) && p.expression.holds(&s.results)
}

// json parses a pattern in braces.
func (p *parser) json() (matcher, error) {
	if err := p.closed("}"); err != nil {
		return nil, err
	}
	p.pos++
	pattern := &jsonPattern{}
	var err error
	pattern.expression, err = p.expression(func() (*expression, error) { return p.jsonCondition(pattern) })
	if err != nil {
		return nil, err
	}
	if !p.skip("}") {
		return nil, p.unexpected("&&, || or '}'")
	}
	if !p.done() {
		return nil, p.unexpected("the end of the pattern after '}'")
	}
	pattern.prefilter = pattern.newPrefilter()
	pattern.selection.prepare()
	pattern.prepareValues()
	return pattern, nil
}

// jsonCondition parses a condition: a selector and a comparison.
func (p *parser) jsonCondition(pattern *jsonPattern) (*expression, error) {
	start := p.pos
	sel, err := p.selector()
	if err != nil {
		return nil, err
	}
	if sel.wild >= 0 {
		if p.wildcards++; p.wildcards > maxWildcards {
			p.pos = start
			return nil, p.fail("the selectors of a pattern may have at most %d wildcards", maxWildcards)
		}
	}
	p.spaces()
	e := &expression{}
	c, err := p.jsonComparison(e)
	if err != nil {
		return nil, err
	}
	s := &pattern.selection
	number := slices.IndexFunc(s.selectors, func(known selector) bool { return slices.Equal(known.steps, sel.steps) })
	if number < 0 {
		number = len(s.selectors)
		s.selectors = append(s.selectors, sel)
	}
	e.condition = len(s.conditions)
	s.conditions = append(s.conditions, selectedCondition{c, number})
	return e, nil
}

// jsonComparison parses what follows a selector. For NOT EXISTS it also negates the expression.
func (p *parser) jsonComparison(e *expression) (condition, error) {
	start := p.pos
	if !isWord(p.peek()) {
		return p.comparison()
	}
	switch word := p.run(isWord); word {
	case "IS":
		p.spaces()
		at := p.pos
		switch p.run(isWord) {
		case "NULL":
			return condition{op: isNull}, nil
		case "TRUE":
			return condition{op: isTrue}, nil
		case "FALSE":
			return condition{op: isFalse}, nil
		case "NOT":
			p.pos = at
			return condition{}, p.fail("IS NOT is not supported; expected NULL, TRUE or FALSE")
		}
		p.pos = at
		return condition{}, p.unexpected("NULL, TRUE or FALSE")
	case "NOT":
		p.spaces()
		at := p.pos
		if p.run(isWord) == "EXISTS" {
			e.kind = oneNot
			return condition{op: exists}, nil
		}
		p.pos = at
		return condition{}, p.unexpected("EXISTS")
	case "EXISTS":
		p.pos = start
		return condition{}, p.fail("EXISTS is not supported, only NOT EXISTS; for a value that exists, write = *")
	}
	p.pos = start
	return condition{}, p.unexpected("an operator, IS or NOT EXISTS")
}
