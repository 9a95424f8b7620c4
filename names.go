package cloudwatch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Rules of names, from the API reference of CreateLogGroup and CreateLogStream.
const maxNameLength = 512

var (
	groupChars  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	notInGroup  = regexp.MustCompile(`[^.\-_/#A-Za-z0-9]`)
	notInStream = regexp.MustCompile(`[:*]`)
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

// expandName fills in the placeholders of a name:
//
//	{hostname} {pid} {program} {random} {time:2006/01/02}
//
// {{ and }} stand for the braces themselves. What a placeholder gives is made
// fit for the name: unfit characters, those that match unfit, become "-". The
// time is now, in UTC.
func expandName(template string, now time.Time, unfit *regexp.Regexp) (string, error) {
	var b strings.Builder
	err := encode.Walk(template, func(text string) { b.WriteString(text) }, func(name, layout string) error {
		if layout != "" && name != "time" {
			return fmt.Errorf("placeholder {%s} takes no argument", name)
		}
		var value string
		switch name {
		case "hostname":
			host, err := os.Hostname()
			if err != nil {
				return fmt.Errorf("{hostname}: %w", err)
			}
			value = host
		case "pid":
			value = strconv.Itoa(os.Getpid())
		case "program":
			value = filepath.Base(os.Args[0])
		case "random":
			value = fmt.Sprintf("%08x", rand.Uint32())
		case "time":
			if layout == "" {
				return fmt.Errorf("{time} needs a layout, such as {time:2006/01/02}")
			}
			value = now.UTC().Format(layout)
		default:
			return fmt.Errorf("unknown placeholder {%s}; there are {hostname}, {pid}, {program}, {random} and {time:layout}", name)
		}
		b.WriteString(unfit.ReplaceAllString(strings.ToValidUTF8(value, "-"), "-"))
		return nil
	})
	return b.String(), err
}

// isRandom reports whether a name is a new one each time.
func isRandom(template string) bool {
	random := false
	_ = encode.Walk(template, func(string) {}, func(name, _ string) error { // checked by expandName
		random = random || name == "random"
		return nil
	})
	return random
}
