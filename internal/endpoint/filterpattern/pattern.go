package filterpattern

import "unicode/utf8"

// MaxLength is the greatest length of a pattern, in characters. Source: the
// service's model (botocore, logs/2014-03-28).
const MaxLength = 1024

// Pattern is a filter pattern that can be applied. It does not change and may be
// used by several goroutines at once.
type Pattern struct {
	matcher
	regexes int
}

// matcher is one of the forms of a pattern.
type matcher interface {
	// match tells whether the message fulfils the pattern.
	match(message string) bool

	// extract is match, and returns the values by the names that
	// TestMetricFilter gives them.
	extract(message string) (map[string]string, bool)

	// field finds what a metric transformation may name.
	field(name string) (reader, error)
}

// Parse reads a pattern. The error is a [*SyntaxError].
func Parse(pattern string) (*Pattern, error) {
	if utf8.RuneCountInString(pattern) > MaxLength {
		end := 0
		for range MaxLength {
			_, size := utf8.DecodeRuneInString(pattern[end:])
			end += size
		}
		return nil, syntaxError(pattern, end, "a pattern has at most %d characters", MaxLength)
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

// Match tells whether a message matches.
func (p *Pattern) Match(message string) bool { return p.match(message) }

// Regexes returns how many regular expressions are in the pattern.
func (p *Pattern) Regexes() int { return p.regexes }

// Extract tells whether a message matches, and returns what TestMetricFilter
// answers as extractedValues: of a pattern in square brackets all words, by the
// names of their fields ("$size"), those without a name by their number from 1
// ("$3"); of a JSON pattern what its selectors lead to ("$.latency"); nothing of
// other patterns. The map is nil if the message does not match.
func (p *Pattern) Extract(message string) (map[string]string, bool) { return p.extract(message) }

// Field is a part of matching messages that a metric transformation refers to, as
// its value or as a dimension.
type Field struct {
	reader
}

// reader finds the text of a field.
type reader interface {
	read(message string) (string, bool)
}

// Field returns the field of a name: "$size" or "$3" for a pattern in square
// brackets, a selector such as "$.latency" for a JSON pattern. Only these two
// have fields. The error is a [*SyntaxError] about the name.
func (p *Pattern) Field(name string) (*Field, error) {
	r, err := p.field(name)
	if err != nil {
		return nil, err
	}
	return &Field{r}, nil
}

// Read returns the text of the field in a message, false if it has none. It does
// not ask whether the message matches the pattern.
func (f *Field) Read(message string) (string, bool) { return f.read(message) }
