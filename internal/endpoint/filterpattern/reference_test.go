package filterpattern_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// A slow matcher that shares no code with the package: patterns are generated instead of parsed,
// messages are decoded by encoding/json and package regexp, numbers by math/big.

// refExpression is a condition, or all or any of several expressions.
type refExpression struct {
	condition *refCondition
	all       bool
	parts     []refExpression
}

type refCondition struct {
	path     []refStep // of JSON
	field    int       // of a line
	operator string    // = != < > <= >=, IS, NOT EXISTS
	value    refValue  // NULL, TRUE or FALSE after IS
}

// refStep is a name (a string), an index (an int), or a wildcard.
type refStep any

type (
	anyMember  struct{}
	anyElement struct{}
)

type refValue struct {
	text   string // without quotes and escapes
	quoted bool
	regex  string // in the syntax of package regexp; "" = the value is a text
}

// refMember is a member of an object. An object is a list of members, since names may repeat.
type refMember struct {
	name  string
	value any
}

// refParse decodes a message as encoding/json does.
func refParse(message string) (tree any, ok bool) {
	if !json.Valid([]byte(message)) {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	tree = refRead(d)
	_, ok = tree.([]refMember)
	return tree, ok
}

func refRead(d *json.Decoder) any {
	token, err := d.Token()
	if err != nil {
		panic(err) // not reached: the message is valid
	}
	switch token {
	case json.Delim('{'):
		object := []refMember{}
		for d.More() {
			name, _ := d.Token()
			object = append(object, refMember{name.(string), refRead(d)})
		}
		d.Token()
		return object
	case json.Delim('['):
		array := []any{}
		for d.More() {
			array = append(array, refRead(d))
		}
		d.Token()
		return array
	}
	return token
}

func (e refExpression) holds(condition func(*refCondition) bool) bool {
	if e.condition != nil {
		return condition(e.condition)
	}
	for _, part := range e.parts {
		if part.holds(condition) != e.all {
			return !e.all
		}
	}
	return e.all
}

// refSelect returns all values that a path leads to.
func refSelect(value any, path []refStep) (found []any) {
	if len(path) == 0 {
		return []any{value}
	}
	switch step := path[0].(type) {
	case string:
		members, _ := value.([]refMember)
		for i := len(members) - 1; i >= 0; i-- {
			if members[i].name == step {
				return refSelect(members[i].value, path[1:])
			}
		}
	case int:
		if elements, _ := value.([]any); step < len(elements) {
			return refSelect(elements[step], path[1:])
		}
	case anyMember:
		members, _ := value.([]refMember)
		for _, m := range members {
			found = append(found, refSelect(m.value, path[1:])...)
		}
	case anyElement:
		elements, _ := value.([]any)
		for _, e := range elements {
			found = append(found, refSelect(e, path[1:])...)
		}
		members, _ := value.([]refMember)
		for _, m := range members {
			found = append(found, refSelect(m.value, path[1:])...)
		}
	}
	return found
}

func (c *refCondition) holdsIn(tree any) bool {
	found := refSelect(tree, c.path)
	if c.operator == "NOT EXISTS" {
		return len(found) == 0
	}
	for _, value := range found {
		switch value := value.(type) {
		case string:
			if c.compare(value, false) {
				return true
			}
		case json.Number:
			if c.compare(string(value), true) {
				return true
			}
		case bool:
			if c.operator == "IS" && c.value.text == strings.ToUpper(fmt.Sprint(value)) {
				return true
			}
		case nil:
			if c.operator == "IS" && c.value.text == "NULL" {
				return true
			}
		case []any:
			if c.operator == "IS" && c.value.text == "NULL" && slices.Contains(value, nil) {
				return true
			}
		}
	}
	return false
}

var refNumber = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// compare compares a text, which may represent a number.
func (c *refCondition) compare(text string, number bool) bool {
	order, numeric := 0, false
	if number && !c.value.quoted && c.value.regex == "" && refNumber.MatchString(c.value.text) && refNumber.MatchString(text) {
		a, _ := new(big.Rat).SetString(text)
		b, _ := new(big.Rat).SetString(c.value.text)
		order, numeric = a.Cmp(b), true
	}
	equal := order == 0
	if !numeric {
		regex := c.value.regex
		if regex == "" {
			regex = `\A` + strings.ReplaceAll(regexp.QuoteMeta(c.value.text), `\*`, ".*") + `\z`
		}
		equal = regexp.MustCompile("(?s)" + regex).MatchString(text)
	}
	switch c.operator {
	case "=":
		return equal
	case "!=":
		return !equal
	case "<":
		return numeric && order < 0
	case "<=":
		return numeric && order <= 0
	case ">":
		return numeric && order > 0
	case ">=":
		return numeric && order >= 0
	}
	return false
}

var refWord = regexp.MustCompile(`"[^"]*"[^ \t\r\n]*|\[[^\]]*\][^ \t\r\n]*|[^ \t\r\n]+`)

// refWords splits a line into at most n words, the last of which is the rest; into all of them if n
// < 0.
func refWords(line string, n int) (words []string) {
	at := refWord.FindAllStringIndex(line, -1)
	for i, w := range at {
		word := line[w[0]:w[1]]
		if i == n-1 && i < len(at)-1 {
			return append(words, line[w[0]:at[len(at)-1][1]])
		}
		if regexp.MustCompile(`^("[^"]*"|\[[^\]]*\])$`).MatchString(word) {
			word = word[1 : len(word)-1]
		}
		words = append(words, word)
	}
	return words
}

// refFields returns the words of the fields, if the line has enough. ellipsis is the number of
// fields before it, -1 = no ellipsis.
func refFields(line string, fields, ellipsis int) (words []string, ok bool) {
	if ellipsis < 0 {
		words = refWords(line, fields)
		return words, len(words) == fields
	}
	words = refWords(line, -1)
	if len(words) < fields {
		return nil, false
	}
	return append(words[:ellipsis:ellipsis], words[len(words)-fields+ellipsis:]...), true
}
