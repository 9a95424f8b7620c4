package filterpattern

import (
	"slices"
	"strconv"
)

// spacePattern is a pattern in square brackets: one field for each word of a line, except those
// that the ellipsis stands for.
type spacePattern struct {
	fields     []field // without the ellipsis
	ellipsis   int     // number of fields before the ellipsis, -1 = no ellipsis
	conditions []condition
	expression *expression // all conditions; nil = none
}

// field is a field of the pattern, for one word of a line.
type field struct {
	name       string // "" = identified by its number
	conditions []int
}

// key returns the name under which the value of a field is extracted: the name of the field, or the
// number of its word.
func (f *field) key(number int) string {
	if f == nil || f.name == "" {
		return "$" + strconv.Itoa(number)
	}
	return "$" + f.name
}

// has reports whether a field has this name, or may have this number.
func (p *spacePattern) has(name string) bool {
	if slices.ContainsFunc(p.fields, func(f field) bool { return f.name == name }) {
		return true
	}
	number, err := strconv.Atoi(name)
	if err != nil || number < 1 || name[0] == '0' {
		return false
	}
	if p.ellipsis >= 0 {
		return number > p.ellipsis || p.fields[number-1].name == ""
	}
	return number <= len(p.fields) && p.fields[number-1].name == ""
}

func (p *spacePattern) match(message string) bool {
	var results results
	fits := p.words(message, func(_ int, f *field, text string) {
		if f == nil {
			return
		}
		for _, i := range f.conditions {
			if p.conditions[i].holds(kindWord, text) {
				results.add(i)
			}
		}
	})
	return fits && (p.expression == nil || p.expression.holds(&results))
}

// words calls found for each word of a line, with its number from 1 and its field, nil for words of
// the ellipsis. It returns false if the line has fewer words than fields.
func (p *spacePattern) words(line string, found func(number int, f *field, text string)) bool {
	before, after := len(p.fields), 0
	if p.ellipsis >= 0 {
		before, after = p.ellipsis, len(p.fields)-p.ellipsis
	}
	count := 0 // number of words, if needed
	if after > 0 {
		for w := (words{line: line}); w.next(); count++ {
		}
		if count < before+after {
			return false
		}
	}
	w := words{line: line}
	number := 0
	for ; number < before; number++ {
		if p.ellipsis < 0 && number == before-1 {
			w.rest = true
		}
		if !w.next() {
			return false
		}
		found(number+1, &p.fields[number], w.word)
	}
	if p.ellipsis < 0 {
		return true
	}
	for ; w.next(); number++ {
		var f *field
		if i := number - (count - after); after > 0 && i >= 0 {
			f = &p.fields[before+i]
		}
		found(number+1, f, w.word)
	}
	return true
}

// space parses a pattern in square brackets.
func (p *parser) space() (matcher, error) {
	if err := p.closed("]"); err != nil {
		return nil, err
	}
	p.pos++
	pattern := &spacePattern{ellipsis: -1}
	conditions := &expression{kind: allOf}
	p.spaces()
	if p.peek() == ']' {
		pattern.ellipsis = 0 // no fields: any words
	} else if err := p.fields(pattern, conditions); err != nil {
		return nil, err
	}
	p.pos++
	if !p.done() {
		return nil, p.unexpected("the end of the pattern after ']'")
	}
	if len(conditions.parts) > 0 {
		pattern.expression = conditions
	}
	return pattern, nil
}

// fields parses fields up to the closing bracket.
func (p *parser) fields(pattern *spacePattern, conditions *expression) error {
	for {
		p.spaces()
		start := p.pos
		if p.skip("...") {
			if pattern.ellipsis >= 0 {
				p.pos = start
				return p.fail("a pattern may have at most one ellipsis")
			}
			pattern.ellipsis = len(pattern.fields)
		} else {
			f, e, err := p.field(pattern)
			if err != nil {
				return err
			}
			if f.name != "" && slices.ContainsFunc(pattern.fields, func(g field) bool { return g.name == f.name }) {
				p.pos = start
				return p.fail("the field name %s is used twice", f.name)
			}
			pattern.fields = append(pattern.fields, f)
			if e != nil {
				conditions.parts = append(conditions.parts, e)
			}
		}
		p.spaces()
		if p.peek() == ']' {
			return nil
		}
		if !p.skip(",") {
			return p.unexpected("',' or ']'")
		}
	}
}

// field parses a name, conditions on a name, or nothing.
func (p *parser) field(pattern *spacePattern) (field, *expression, error) {
	var f field
	if p.peek() == ',' || p.peek() == ']' {
		return f, nil, nil
	}
	start := p.pos
	f.name = p.run(isName)
	if f.name == "" && p.peek() != '(' {
		return f, nil, p.unexpected("a field: a name of letters, digits, - and _, or ...")
	}
	if p.spaces(); f.name != "" && (p.peek() == ',' || p.peek() == ']') {
		return f, nil, nil
	}
	p.pos = start
	f.name = ""
	e, err := p.expression(func() (*expression, error) {
		at := p.pos
		name := p.run(isName)
		switch {
		case name == "":
			return nil, p.unexpected("the name of the field")
		case f.name == "":
			f.name = name
		case f.name != name:
			p.pos = at
			return nil, p.fail("the conditions of field %s refer to another field, %s", f.name, name)
		}
		p.spaces()
		c, err := p.comparison()
		if err != nil {
			return nil, err
		}
		number := len(pattern.conditions)
		pattern.conditions = append(pattern.conditions, c)
		f.conditions = append(f.conditions, number)
		return &expression{condition: number}, nil
	})
	return f, e, err
}
