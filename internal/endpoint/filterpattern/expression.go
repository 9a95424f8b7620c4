package filterpattern

// expression combines conditions: it is one of them, the negation of one, or all or any of several
// expressions.
type expression struct {
	kind      expressionKind
	condition int           // number of the condition, for one and oneNot
	parts     []*expression // for allOf and anyOf
}

type expressionKind byte

const (
	one expressionKind = iota
	oneNot
	allOf
	anyOf
)

// holds reports whether the expression holds, given the conditions that hold. Its recursion is as
// deep as the parentheses of the pattern.
func (e *expression) holds(results *results) bool {
	switch e.kind {
	case one:
		return results.has(e.condition)
	case oneNot:
		return !results.has(e.condition)
	}
	decides := e.kind == anyOf
	for _, part := range e.parts {
		if part.holds(results) == decides {
			return decides
		}
	}
	return !decides
}

// results is a set of conditions, by number.
type results [maxConditions / 64]uint64

// maxConditions is more than a pattern can have: one in square brackets has room for 204 (a=b||).
const maxConditions = 256

func (r *results) has(i int) bool { return r[i/64]>>(i%64)&1 != 0 }

func (r *results) add(i int) { r[i/64] |= 1 << (i % 64) }

func (r *results) remove(mask *results) {
	for i := range r {
		r[i] &^= mask[i]
	}
}

// move moves the members of from that are in mask to r.
func (r *results) move(from, mask *results) {
	for i := range r {
		r[i] |= from[i] & mask[i]
	}
	from.remove(mask)
}

// expression parses conditions combined with || and &&, which has the higher precedence, and
// parentheses. unit parses a condition.
func (p *parser) expression(unit func() (*expression, error)) (*expression, error) {
	parenthesized := func() (*expression, error) {
		if p.spaces(); !p.skip("(") {
			return unit()
		}
		e, err := p.expression(unit)
		if err != nil {
			return nil, err
		}
		if p.spaces(); !p.skip(")") {
			return nil, p.unexpected("')', && or ||")
		}
		return e, nil
	}
	return p.combination(anyOf, "||", func() (*expression, error) {
		return p.combination(allOf, "&&", parenthesized)
	})
}

// combination parses one or more parts separated by an operator.
func (p *parser) combination(kind expressionKind, operator string, part func() (*expression, error)) (*expression, error) {
	combined := &expression{kind: kind}
	for {
		e, err := part()
		if err != nil {
			return nil, err
		}
		combined.parts = append(combined.parts, e)
		if p.spaces(); !p.skip(operator) {
			break
		}
	}
	if len(combined.parts) == 1 {
		return combined.parts[0], nil
	}
	return combined, nil
}
