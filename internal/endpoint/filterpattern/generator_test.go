package filterpattern_test

import (
	"fmt"
	"strings"
)

// generator generates patterns and messages from bytes. Without bytes it generates the simplest
// ones.
type generator struct {
	bytes    []byte
	regexes  int
	wildcard int
}

// upTo returns a number below n.
func (g *generator) upTo(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	b := g.bytes[0]
	g.bytes = g.bytes[1:]
	return int(b) % n
}

func (g *generator) one(of ...string) string { return of[g.upTo(len(of))] }

func (g *generator) space() string { return g.one("", " ", "\n\t") }

// expression generates an expression and its text.
func (g *generator) expression(depth int, condition func() (refExpression, string)) (refExpression, string) {
	kind := g.upTo(4)
	if depth == 0 || kind < 2 {
		e, text := condition()
		if g.upTo(4) == 3 {
			text = "(" + g.space() + text + g.space() + ")"
		}
		return e, text
	}
	e := refExpression{all: kind == 2}
	operator := "||"
	if e.all {
		operator = "&&"
	}
	var texts []string
	for range 2 + g.upTo(2) {
		part, text := g.expression(depth-1, condition)
		if part.condition == nil && (e.all || g.upTo(2) == 0) {
			text = "(" + text + ")" // required if || is inside &&
		}
		e.parts = append(e.parts, part)
		texts = append(texts, g.space()+text+g.space())
	}
	return e, strings.Join(texts, operator)
}

var generatedNames = []string{"a", "b", "c", "a.b", "", "é"}

// path generates a selector of up to four steps.
func (g *generator) path() (path []refStep, text string) {
	text = "$"
	wild := false
	for len(path) == 0 || len(path) < 4 && g.upTo(2) == 1 {
		kind := g.upTo(6)
		if kind > 3 && (wild || g.wildcard == 3) {
			kind -= 4
		}
		if len(path) == 0 && (kind == 2 || kind == 5) {
			kind = 0
		}
		switch kind {
		case 0, 3:
			name := g.one("a", "b", "c")
			path, text = append(path, name), text+"."+name
		case 1:
			name := g.one(generatedNames...)
			path, text = append(path, name), text+g.one(".", "")+"['"+name+"']"
		case 2:
			index := g.upTo(3)
			path, text = append(path, index), text+fmt.Sprintf("[%d]", index)
		case 4:
			path, text, wild = append(path, anyMember{}), text+".*", true
		case 5:
			path, text, wild = append(path, anyElement{}), text+"[*]", true
		}
	}
	if wild {
		g.wildcard++
	}
	return path, text
}

// comparison generates an operator and a value.
func (g *generator) comparison() (operator string, v refValue, text string) {
	operator = g.one("=", "!=", "<", "<=", ">", ">=")
	kind := g.upTo(4)
	if len(operator) == 1 && operator != "=" || operator == "<=" || operator == ">=" {
		kind = 0
	}
	if kind == 3 && g.regexes == 2 {
		kind = 1
	}
	switch kind {
	case 0:
		v.text = g.one("1", "-1", "1.0", "10e-1", "+1", "12", "0.5", "0", "-0.0", "1e2")
		text = v.text
	case 1:
		v.text = g.one("a", "ab", "*", "a*", "*b", "*a*", "a*b", "1*", "*1", "a*a", "1.2.3", "true", "null")
		text = v.text
	case 2:
		v.quoted = true
		v.text = g.one("a", "", "*", "1", "1.0", "a b", "a\"*", "\\", "é*", "*\n*", "- *", "[a", "a*b*a")
		text = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(v.text) + `"`
	case 3:
		g.regexes++
		v.regex = g.one("a", "^a", "b$", "[ab]{2}", "a{0,2}$", `\d`, "a.b", "^$", `\x5b`, "a|b", "é")
		text = strings.ReplaceAll(v.regex, "{0,", "{,")
		if v.regex == "é" { // not allowed in patterns
			v.regex, text = "a b", "a b"
		}
		text = "%" + text + "%"
	}
	return operator, v, operator + g.space() + text
}

// json generates a JSON pattern.
func (g *generator) json() (refExpression, string) {
	e, text := g.expression(2, func() (refExpression, string) {
		c := &refCondition{}
		var selector, rest string
		c.path, selector = g.path()
		switch g.upTo(6) {
		case 4:
			c.operator, c.value.text = "IS", g.one("NULL", "TRUE", "FALSE")
			rest = " IS " + c.value.text
		case 5:
			c.operator, rest = "NOT EXISTS", " NOT EXISTS"
		default:
			c.operator, c.value, rest = g.comparison()
			rest = g.space() + rest
		}
		return refExpression{condition: c}, selector + rest
	})
	return e, "{" + g.space() + text + g.space() + "}"
}

// line generates a space-delimited pattern.
func (g *generator) line() (e refExpression, fields, ellipsis int, pattern string) {
	e.all = true
	ellipsis = -1
	var texts []string
	n := 1 + g.upTo(4)
	at := g.upTo(2 * n)
	for i := range n {
		if i == at {
			ellipsis = fields
			texts = append(texts, g.space()+"..."+g.space())
			continue
		}
		name := fmt.Sprintf("w%d", i)
		text := g.one(name, "", name)
		if g.upTo(2) == 1 {
			var part refExpression
			part, text = g.expression(1, func() (refExpression, string) {
				c := &refCondition{field: fields}
				var rest string
				c.operator, c.value, rest = g.comparison()
				return refExpression{condition: c}, name + g.space() + rest
			})
			e.parts = append(e.parts, part)
		}
		texts = append(texts, g.space()+text+g.space())
		fields++
	}
	pattern = "[" + strings.Join(texts, ",") + "]"
	if strings.TrimSpace(strings.Trim(pattern, "[]")) == "" { // no fields: any words
		return e, 0, 0, pattern
	}
	return e, fields, ellipsis, pattern
}

// document generates a JSON text.
func (g *generator) document(depth int) string {
	kind := g.upTo(8)
	if depth == 3 {
		kind = 6 // an object
	} else if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0, 1:
		return g.one("1", "-1", "1.0", "0.5", "0", "12", "1e2", "100e-2", "123")
	case 2, 3:
		return `"` + g.one("a", "ab", "b", "", "1", "1.0", `\u0061b`, `a \"`, `\\`, "é", `\u00e9x`, `a\nb`, `\ud83d\ude00`, `\ud83d`, "[a", "true") + `"`
	case 4:
		return g.one("true", "false", "null")
	case 5:
		return g.one("{}", "[]", "null")
	}
	var parts []string
	for range g.upTo(5) {
		part := g.document(depth - 1)
		if kind == 6 {
			name := g.one("a", "b", "c", "a.b", "", "é", `\u0061`, `\u00E9`, "d")
			part = g.space() + `"` + name + `"` + g.space() + ":" + g.space() + part + g.space()
		}
		parts = append(parts, part)
	}
	if kind == 6 {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, g.space()+",") + "]"
}

// text generates a line.
func (g *generator) text() string {
	var b strings.Builder
	for range g.upTo(8) {
		b.WriteString(g.one("a", "1", `"`, "[", "]", "ab", "b", "-1", "1.0", "0.5", "é", "12", `\`, "a b", `"a b"`, "[1 2]"))
		b.WriteString(g.one(" ", " ", "", "\t", "\n", "  "))
	}
	return b.String()
}
