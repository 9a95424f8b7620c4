package cloudwatchtest

import (
	"errors"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
)

// filterPattern reads the pattern of a request, the empty one if there is none.
func filterPattern(text *string) (*filterpattern.Pattern, *APIError) {
	pattern, err := filterpattern.Parse(value(text))
	if e := (*filterpattern.SyntaxError)(nil); errors.As(err, &e) {
		return nil, invalidParameter("Invalid filter pattern: character %d: %s", e.Char, e.Problem)
	}
	return pattern, nil
}
