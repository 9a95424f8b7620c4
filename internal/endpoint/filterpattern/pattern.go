package filterpattern

import "unicode/utf8"

// MaxLength is the maximum length of a pattern, in characters. Source: the service's model
// (botocore, logs/2014-03-28).
const MaxLength = 1024

// Pattern is a parsed filter pattern. It is immutable and may be used concurrently.
type Pattern struct {
	matcher
	regexes int
}

// matcher is one of the forms of a pattern.
type matcher interface {
	// match reports whether the message matches the pattern.
	match(message string) bool

	// extract is match, and returns the values by the names that TestMetricFilter gives them.
	extract(message string) (map[string]string, bool)

	// field returns a field that a metric transformation refers to.
	field(name string) (reader, error)
}

// Parse parses a pattern. The error is a [*SyntaxError].
func Parse(pattern string) (*Pattern, error) {
	if utf8.RuneCountInString(pattern) > MaxLength {
		end := 0
		for range MaxLength {
			_, size := utf8.DecodeRuneInString(pattern[end:])
			end += size
		}
		return nil, syntaxError(pattern, end, "a pattern may have at most %d characters", MaxLength)
	}
	var m matcher
	var err error
	p := &parser{pattern: pattern}
	switch p.peek() {
	case '{':
		m, err = p.json()
	case '[':
		m, err = p.space()
	default:
		m, err = p.terms()
	}
	if err != nil {
		return nil, err
	}
	return &Pattern{m, p.regexes}, nil
}

// Match reports whether a message matches.
func (p *Pattern) Match(message string) bool { return p.match(message) }

// Regexes returns the number of regular expressions in the pattern.
func (p *Pattern) Regexes() int { return p.regexes }

// Extract reports whether a message matches, and returns the extractedValues of TestMetricFilter:
// for a pattern in square brackets all words, by the names of their fields ("$size") or by their
// number from 1 ("$3"); for a JSON pattern the values of its selectors ("$.latency"); for other
// patterns none. The map is nil if the message does not match.
func (p *Pattern) Extract(message string) (map[string]string, bool) { return p.extract(message) }

// Field is a part of matching messages that a metric transformation refers to, as its value or as a
// dimension.
type Field struct {
	reader
}

// reader finds the text of a field.
type reader interface {
	read(message string) (string, bool)
}

// Field returns the field with a name: "$size" or "$3" for a pattern in square brackets, a selector
// such as "$.latency" for a JSON pattern. Other patterns have no fields. The error is a
// [*SyntaxError] about the name.
func (p *Pattern) Field(name string) (*Field, error) {
	r, err := p.field(name)
	if err != nil {
		return nil, err
	}
	return &Field{r}, nil
}

// Read returns the text of the field in a message; false if it has none. It does not check whether
// the message matches the pattern.
func (f *Field) Read(message string) (string, bool) { return f.read(message) }
