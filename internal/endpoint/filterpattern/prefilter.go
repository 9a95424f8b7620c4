package filterpattern

import "strings"

// prefilter rules out most messages that do not match a JSON pattern without scanning them: those
// without a text that one of the conditions requires. It applies only to messages without a
// backslash, since escapes change the text.
type prefilter struct {
	text string // "" = none
}

func (f prefilter) excludes(message string) bool {
	return f.text != "" && !strings.Contains(message, f.text) && strings.IndexByte(message, '\\') < 0
}

// newPrefilter chooses the text that is likely the rarest: the longest text that a value must
// contain, otherwise the longest name that leads to a value.
func (p *jsonPattern) newPrefilter() prefilter {
	name, value := p.needs(p.expression)
	if value == "" {
		value = name
	}
	return prefilter{value}
}

// needs returns texts that a message without escapes contains if an expression holds: a name and a
// part of a value; "" if there is none.
func (p *jsonPattern) needs(e *expression) (name, value string) {
	switch e.kind {
	case one:
		c := &p.selection.conditions[e.condition]
		for _, s := range p.selection.selectors[c.selector].steps {
			name = longer(name, s.name)
		}
		if c.op == equal && c.regex == nil && c.number == nil {
			for _, part := range c.text.parts {
				value = longer(value, part)
			}
		}
	case allOf:
		for _, part := range e.parts {
			n, v := p.needs(part)
			name, value = longer(name, n), longer(value, v)
		}
	}
	return name, value
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}
