package explain

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/plaintext"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// The most bytes that are shown of a whole text, of what a response or another package
// says, of a code or an id, and of a header. A response can be as large as it wants.
const (
	maxText   = 3000
	maxSaid   = 600
	maxCode   = 100
	maxDetail = 80
)

// openURL is a URL at the end of a text that was cut: it may have been in a password.
var openURL = regexp.MustCompile(`://[^\s"]*$`)

// signed is where a text begins to quote the signed headers of a request.
var signed = regexp.MustCompile(`(?i)x-amz-security-token|authorization\s*[:=]|aws4-hmac-sha256|aws4-ecdsa`)

// clean returns at most so many bytes of a text, on one line, and harmless for terminals and
// log files.
func clean(s string, most int) string {
	s = redact.Text(s)
	whole := len(s) <= most
	if !whole {
		s = s[:most]
	}
	if at := signed.FindStringIndex(s); at != nil {
		s, whole = s[:at[0]], false
	}
	if !whole { // the cut may be inside a rune
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, _ := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && len(s) > 0 {
			s = s[:len(s)-1]
		}
		s = openURL.ReplaceAllString(strings.TrimRight(s, " "), "://") + "…"
	}
	return strings.TrimSpace(plaintext.Escape(blanks.Replace(s)))
}

// blanks are what a text in one line has for the ends of lines and tabs.
var blanks = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// line is the first line of a text, without the full stop.
func line(s string) string {
	s = strings.TrimSpace(s)
	if end := strings.IndexAny(s, "\r\n"); end >= 0 {
		s = s[:end]
	}
	return strings.TrimSuffix(clean(s, maxSaid), ".")
}

// sentence is the first one of the first line.
func sentence(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s, _, _ = strings.Cut(s, ". ")
	return s
}

// plain is the text of an error without what the SDK puts around the cause.
func plain(err error) string {
	err = ProcessError(err)
	text := err.Error()
	for outer := err; outer != nil; outer = errors.Unwrap(outer) {
		if inner := cause(outer); inner != nil {
			text = strings.Replace(text, outer.Error(), inner.Error(), 1)
		}
	}
	var redacted *redact.Redacted
	if errors.As(err, &redacted) {
		text = redact.Details(text)
	}
	return line(text)
}

// cause returns what an error that only adds steps is about, or nil.
func cause(err error) error {
	switch e := err.(type) {
	case *smithy.OperationError:
		return e.Err
	case *awshttp.ResponseError:
		return e.Err
	case *smithyhttp.ResponseError:
		return e.Err
	case *smithy.DeserializationError:
		return e.Err
	case *smithyhttp.RequestSendError:
		return e.Err
	case *smithy.CanceledError:
		return e.Err
	case *redact.Redacted: // clean does that as well, once the steps around it are gone
		return e.Unwrap()
	case *url.Error:
		return e.Err
	}
	return nil
}
