package filterpattern

import "strings"

// prepareValues builds the conditions that find the values to extract: any value of a selector, or
// for a wildcard one that satisfies a condition of the pattern.
func (p *jsonPattern) prepareValues() {
	p.values.selectors = p.selection.selectors
	for i, sel := range p.values.selectors {
		if sel.wild < 0 {
			p.values.conditions = append(p.values.conditions, selectedCondition{condition{op: isScalar}, i})
		}
	}
	for _, c := range p.selection.conditions {
		if p.values.selectors[c.selector].wild >= 0 && c.op != exists {
			p.values.conditions = append(p.values.conditions, c)
		}
	}
	p.values.prepare()
}

func (p *jsonPattern) extract(message string) (map[string]string, bool) {
	if !p.match(message) {
		return nil, false
	}
	values := make(map[string]string)
	p.values.read(message, func(selector int, text string) {
		name := p.values.selectors[selector].text
		if _, known := values[name]; !known {
			values[name] = strings.Clone(text)
		}
	})
	return values, true
}

// read calls found for each condition that holds, with the value it holds for.
func (s *selection) read(message string, found func(selector int, text string)) {
	r := scan{selection: s, texts: make([]string, len(s.conditions)), textsAside: make([]string, len(s.conditions))}
	if !r.message(message) {
		return
	}
	for i, c := range s.conditions {
		if r.results.has(i) {
			found(c.selector, r.texts[i])
		}
	}
}

// jsonField is a selector that a metric transformation refers to.
type jsonField struct{ selection }

func (p *jsonPattern) field(name string) (reader, error) {
	at := &parser{pattern: name}
	sel, err := at.selector()
	if err != nil {
		return nil, err
	}
	if !at.done() {
		return nil, at.unexpected("the end of the selector")
	}
	f := &jsonField{selection{selectors: []selector{sel}, conditions: []selectedCondition{{condition{op: isScalar}, 0}}}}
	f.prepare()
	return f, nil
}

func (f *jsonField) read(message string) (value string, ok bool) {
	f.selection.read(message, func(_ int, text string) { value, ok = strings.Clone(text), true })
	return value, ok
}

func (p *spacePattern) extract(message string) (map[string]string, bool) {
	if !p.match(message) {
		return nil, false
	}
	return p.values(message), true
}

// values returns all words of a line by field name.
func (p *spacePattern) values(message string) map[string]string {
	values := make(map[string]string)
	p.words(message, func(number int, f *field, text string) {
		values[f.key(number)] = strings.Clone(text)
	})
	return values
}

// spaceField is a field that a metric transformation refers to.
type spaceField struct {
	pattern *spacePattern
	key     string
}

func (p *spacePattern) field(name string) (reader, error) {
	at := &parser{pattern: name}
	if !at.skip("$") {
		return nil, at.unexpected("'$' and the name or number of a field")
	}
	plain := at.run(isName)
	if plain == "" || !at.done() {
		return nil, at.unexpected("the name or number of a field")
	}
	if !p.has(plain) {
		at.pos = 1
		return nil, at.fail("the pattern has no field %s", plain)
	}
	return &spaceField{p, name}, nil
}

func (f *spaceField) read(message string) (value string, ok bool) {
	value, ok = f.pattern.values(message)[f.key]
	return value, ok
}
