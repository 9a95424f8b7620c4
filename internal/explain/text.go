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

// Limits in bytes of a whole text; of a message from a response or another package; of a code or
// an ID; and of a header. A response can be of any size.
const (
	maxText    = 3000
	maxMessage = 600
	maxCode    = 100
	maxDetail  = 80
)

// openURL matches a URL at the end of truncated text: it may have been cut inside a password.
var openURL = regexp.MustCompile(`://[^\s"]*$`)

// signed matches the start of quoted signed headers.
var signed = regexp.MustCompile(`(?i)x-amz-security-token|authorization\s*[:=]|aws4-hmac-sha256|aws4-ecdsa`)

// clean returns at most most bytes of a text, on one line and safe for terminals and log files.
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

// blanks replaces line breaks and tabs by spaces.
var blanks = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// line returns the first line of a text without a final period.
func line(s string) string {
	s = strings.TrimSpace(s)
	if end := strings.IndexAny(s, "\r\n"); end >= 0 {
		s = s[:end]
	}
	return strings.TrimSuffix(clean(s, maxMessage), ".")
}

// sentence returns the first sentence of the first line.
func sentence(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s, _, _ = strings.Cut(s, ". ")
	return s
}

// plain returns the text of an error without the SDK's wrapping.
func plain(err error) string {
	err = ProcessError(err)
	text := err.Error()
	for outer := err; outer != nil; outer = errors.Unwrap(outer) {
		if inner := unwrapSDK(outer); inner != nil {
			text = strings.Replace(text, outer.Error(), inner.Error(), 1)
		}
	}
	var redacted *redact.Redacted
	if errors.As(err, &redacted) {
		text = redact.Details(text)
	}
	return line(text)
}

// unwrapSDK returns the cause of an error that only adds context, or nil.
func unwrapSDK(err error) error {
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
	case *redact.Redacted: // clean redacts too, once the wrapping is gone
		return e.Unwrap()
	case *url.Error:
		return e.Err
	}
	return nil
}
