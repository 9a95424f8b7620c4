package endpoint

import (
	"slices"
	"strings"
)

func isSystemField(name string) bool {
	return slices.Contains([]string{"@aws.account", "@aws.region", "@source.log"}, name)
}

// isSelection reports whether a text is a valid fieldSelectionCriteria: comparisons of system
// fields, such as
//
//	@aws.region = "us-east-1" AND @aws.account NOT IN ["123456789012"]
//
// joined by OR and AND, which has the higher precedence.
//
// Where the documents leave room: parentheses group, texts are quoted, keywords are in capitals,
// lists are not empty.
func isSelection(text string) bool {
	s := &selection{rest: text}
	return s.or(0) && s.skip() == ""
}

// selection parses criteria. Each method reads one element and returns false if it is absent.
type selection struct{ rest string }

// maxSelectionDepth is the maximum nesting of parentheses.
const maxSelectionDepth = 100

func (s *selection) or(depth int) bool {
	for ok := s.and(depth); ok; ok = s.and(depth) {
		if !s.take("OR") {
			return true
		}
	}
	return false
}

func (s *selection) and(depth int) bool {
	for ok := s.unit(depth); ok; ok = s.unit(depth) {
		if !s.take("AND") {
			return true
		}
	}
	return false
}

func (s *selection) unit(depth int) bool {
	if s.take("(") {
		return depth < maxSelectionDepth && s.or(depth+1) && s.take(")")
	}
	if !s.field() {
		return false
	}
	if s.take("=") || s.take("!=") {
		return s.text()
	}
	s.take("NOT")
	if !s.take("IN") || !s.take("[") {
		return false
	}
	for ok := s.text(); ok; ok = s.text() {
		if !s.take(",") {
			return s.take("]")
		}
	}
	return false
}

func (s *selection) field() bool {
	name := s.skip()
	if end := strings.IndexFunc(name, func(r rune) bool { return !isWord(r) && r != '@' && r != '.' }); end >= 0 {
		name = name[:end]
	}
	s.rest = s.rest[len(name):]
	return isSystemField(name)
}

// text reads a quoted text.
func (s *selection) text() bool {
	if !s.take(`"`) {
		return false
	}
	_, rest, closed := strings.Cut(s.rest, `"`)
	s.rest = rest
	return closed
}

// take skips a token if it comes next. A keyword must not be followed by a letter or digit.
func (s *selection) take(token string) bool {
	rest, ok := strings.CutPrefix(s.skip(), token)
	if ok && isWord(rune(token[0])) && rest != "" && isWord(rune(rest[0])) {
		return false
	}
	if ok {
		s.rest = rest
	}
	return ok
}

// skip skips white space and returns what follows.
func (s *selection) skip() string {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n")
	return s.rest
}
