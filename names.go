package cloudwatch

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Rules of names, from the API reference of CreateLogGroup and CreateLogStream.
const maxNameLength = 512

var (
	groupChars  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	notInGroup  = regexp.MustCompile(`[^.\-_/#A-Za-z0-9]`)
	notInStream = regexp.MustCompile(`[:*]`)
	// unfitStream is what no placeholder brings into the name of a log stream. The service
	// takes control characters, but nobody can type them.
	unfitStream = regexp.MustCompile(`[:*[:cntrl:]]`)
)

func checkLogGroup(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("log group: a name is required")
	case utf8.RuneCountInString(name) > maxNameLength:
		return fmt.Errorf("log group %q: longer than %d characters", name, maxNameLength)
	case !groupChars.MatchString(name):
		return fmt.Errorf("log group %q: only letters, digits and . - _ / # are allowed", name)
	case strings.HasPrefix(name, "aws/"):
		return fmt.Errorf("log group %q: names that start with aws/ are reserved", name)
	}
	return nil
}

func checkLogStream(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("Options.LogStream: the template gives an empty name")
	case utf8.RuneCountInString(name) > maxNameLength:
		return fmt.Errorf("Options.LogStream %q: longer than %d characters", name, maxNameLength)
	case !utf8.ValidString(name):
		return fmt.Errorf("Options.LogStream %q: not valid UTF-8", name)
	case notInStream.MatchString(name):
		return fmt.Errorf("Options.LogStream %q: the characters : and * are not allowed", name)
	}
	return nil
}

// generatedStream returns the name of a stream nobody named: the UTC time to
// the microsecond and three random digits, so that many processes can share a
// log group.
func generatedStream(now time.Time) string {
	now = now.UTC()
	return fmt.Sprintf("%s%06d%03d", now.Format("20060102150405"), now.Nanosecond()/1000, rand.IntN(1000))
}
