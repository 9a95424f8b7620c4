// Package redact removes user names and passwords of URLs from what is shown or stored.
package redact

import (
	"regexp"
	"strings"
)

// URL returns a URL without its user name and password. The text need not be a valid
// URL: whatever stands before the last @ can be a part of a password.
func URL(url string) string {
	end := strings.LastIndexByte(url, '@')
	if end < 0 {
		return url
	}
	scheme, _, found := strings.Cut(url[:end], "//")
	if !found {
		return url[end+1:]
	}
	return scheme + "//" + url[end+1:]
}

// The places of a text where a URL can have a user name and a password: a quoted string
// up to its last @, for a URL that cannot be parsed is quoted as it is, and after ://
// whatever has no blank. A quote inside of a quoted string has a backslash before it.
var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	unquoted = regexp.MustCompile(`://[^\s"]*@`)
	detail   = regexp.MustCompile(`(invalid (?:URL escape|port|character)) "(?:[^"\\]|\\.)*"`) // of net/url: a piece of it
)

// Text returns a text, such as that of an error, without the user names and passwords of
// the URLs in it.
func Text(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	clean := quoted.ReplaceAllStringFunc(s, func(q string) string { return `"` + URL(q[1:len(q)-1]) + `"` })
	clean = unquoted.ReplaceAllString(clean, "://")
	if clean != s {
		clean = Details(clean)
	}
	return clean
}

// Details returns a text without what errors of net/url quote of a URL, which can be a piece
// of a password: for the error inside of one that is [Redacted].
func Details(s string) string { return detail.ReplaceAllString(s, "$1") }

// Error returns an error whose text is without the user names and passwords of URLs. It
// wraps err, which is returned as it is if its text has none.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := Text(text); clean != text {
		return &Redacted{clean, err}
	}
	return err
}

// Redacted is an error whose text has lost something. That of the error it wraps has not.
type Redacted struct {
	text string
	err  error
}

func (e *Redacted) Error() string { return e.text }
func (e *Redacted) Unwrap() error { return e.err }
