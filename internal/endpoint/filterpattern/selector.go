package filterpattern

import "strconv"

// selector selects values of a JSON event.
type selector struct {
	text  string // text in the pattern
	steps []step // at least one; the first selects a member
	wild  int    // index of the wildcard step, -1 = none
}

// step leads from an object to a member, or from an array to an element.
type step struct {
	array bool
	any   bool // wildcard: every member or element
	name  string
	index int
}

// maxWildcards is the maximum number of wildcards in the selectors of a pattern, at most one in
// each. Source: the AWS page "Filter pattern syntax".
const maxWildcards = 3

// selector parses a selector.
func (p *parser) selector() (selector, error) {
	start := p.pos
	s := selector{wild: -1}
	if !p.skip("$") {
		return s, p.unexpected("a selector such as $.name")
	}
	for p.peek() == '.' || p.peek() == '[' {
		at := p.pos
		next, err := p.step()
		if err != nil {
			return s, err
		}
		if next.array && len(s.steps) == 0 {
			p.pos = at
			return s, p.fail("an array element must follow a property; expected a name such as $.name")
		}
		if next.any {
			if s.wild >= 0 {
				p.pos = at
				return s, p.fail("a selector may have at most one wildcard")
			}
			s.wild = len(s.steps)
		}
		s.steps = append(s.steps, next)
	}
	if len(s.steps) == 0 {
		return s, p.unexpected("'.' and a name after '$'")
	}
	s.text = p.pattern[start:p.pos]
	return s, nil
}

// step parses .name, .*, ['name'], .['name'], [n] or [*].
func (p *parser) step() (step, error) {
	if p.skip(".") {
		if p.skip("*") {
			return step{any: true}, nil
		}
		if p.peek() != '[' {
			name := p.run(isName)
			if name == "" {
				return step{}, p.unexpected("a name of letters, digits, - and _; write ['...'] for others")
			}
			return step{name: name}, nil
		}
		if !p.skip("['") {
			return step{}, p.fail("expected [' and a name after '.'")
		}
		return p.quotedStep()
	}
	if p.skip("['") {
		return p.quotedStep()
	}
	p.pos++ // the bracket
	s := step{array: true}
	if s.any = p.skip("*"); !s.any {
		at := p.pos
		digits := p.run(isDigit)
		if digits == "" {
			return s, p.unexpected("a number, * or a name in single quotes after '['")
		}
		var err error
		if s.index, err = strconv.Atoi(digits); err != nil {
			p.pos = at
			return s, p.fail("this number is too large")
		}
	}
	if !p.skip("]") {
		return s, p.unexpected("']'")
	}
	return s, nil
}

// quotedStep parses the rest of a name in single quotes and brackets.
func (p *parser) quotedStep() (step, error) {
	name := p.run(func(c byte) bool { return c != '\'' })
	if !p.skip("']") {
		return step{}, p.unexpected("'] after the name")
	}
	return step{name: name}, nil
}
