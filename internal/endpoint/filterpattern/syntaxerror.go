package filterpattern

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxError describes why a pattern is invalid, and where.
type SyntaxError struct {
	Offset  int    // index of the first invalid byte, from 0; the length of the pattern at its end
	Char    int    // number of that character, from 1
	Problem string // what is wrong and what was expected
}

// Error returns "invalid filter pattern: character 7: ...".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid filter pattern: character %d: %s", e.Char, e.Problem)
}

// syntaxError returns the error for a byte of a pattern.
func syntaxError(pattern string, offset int, format string, args ...any) error {
	return &SyntaxError{
		Offset:  offset,
		Char:    utf8.RuneCountInString(pattern[:offset]) + 1,
		Problem: fmt.Sprintf(format, args...),
	}
}
