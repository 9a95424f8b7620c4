package explain

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/plaintext"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

func TestClean(t *testing.T) {
	for _, row := range []struct {
		about, text string
		most        int
		want        string
	}{
		{"harmless", "as it is: ü, \U0001f600, \ufffd", 100, "as it is: ü, \U0001f600, \ufffd"},
		{"control characters", "a\x1b[2Jb\x00c\u009bd\x7f", 100, `a\x1b[2Jb\x00c\u009bd\x7f`},
		{"another direction of writing", "a\u202eb\u2066c\u200f", 100, `a\u202eb\u2066c\u200f`},
		{"what is not seen", "a\u200bb\u2060c\ufeffd\u00ad\U000e0041", 100, `a\u200bb\u2060c\ufeffd\u00ad\U000e0041`},
		{"an invalid byte of U+FFFD", "a\xefb", 100, `a\xefb`},
		{"lines", "a\r\nb\u2028c\td", 100, `a  b\u2028c d`},
		{"invalid bytes", "a\xff\xc3", 100, `a\xff\xc3`},
		{"too long", "abcdef", 3, "abc…"},
		{"too long, inside a rune", "abü", 3, "ab…"},
		{"a password", "get http://user:canary@host/x and https://canary@b?c@d", 100, "get http://host/x and https://d"},
		{"a password with an at sign", "http://user:p@canary@host", 100, "http://host"},
		{"a password with a slash", "parse http://user:ca/nary@127.0.0.1:9 and http://u:canary?x@host/", 100, "parse http://127.0.0.1:9 and http://host/"},
		{"a password that was cut before", "see http://user:ca/nary", 22, "see http://…"},
		{"a host that was cut", "see http://host.example", 16, "see http://…"},
		{"no password", "mail me@example.com, arn:aws:sts::1:role/a@b", 100, "mail me@example.com, arn:aws:sts::1:role/a@b"},
		{"signed headers", "The Canonical String 'POST / host:x X-Amz-Security-Token:canary'", 100, "The Canonical String 'POST / host:x…"},
		{"a header", "Authorization: AWS4-HMAC-SHA256 Credential=canary", 100, "…"},
	} {
		if got := clean(row.text, row.most); got != row.want {
			t.Errorf("%s: got %q, want %q", row.about, got, row.want)
		}
	}
}

// FuzzClean: whatever a response holds, the text has no control character, and no more than
// four bytes for each.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\x1b\xff\u202e", "http://a:b@c", "http://a:b", "\xe2\x80", strings.Repeat("ü", 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s, 40)
		if len(got) > 6*40+len("…") {
			t.Errorf("%d bytes of %q", len(got), s)
		}
		for _, r := range got {
			if plaintext.Harmful(r) {
				t.Errorf("%q has %U", got, r)
			}
		}
		if redact.Text(got) != got {
			t.Errorf("%q has a user", got)
		}
		if again := clean(got, 1000); again != got {
			t.Errorf("%q is not clean: %q", got, again)
		}
	})
}

// TestPlain: what the SDK puts around a cause is left out, what others add stays.
func TestPlain(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	sdk := func(status int, err error) error {
		return &smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: &awshttp.ResponseError{
			ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err},
		}}
	}
	for _, row := range []struct {
		err  error
		want string
	}{
		{errors.New("as it is."), "as it is"},
		{refused, "dial tcp: refused"},
		{sdk(0, &smithyhttp.RequestSendError{Err: &url.Error{Op: "Put", URL: "http://user:canary@169.254.169.254", Err: refused}}), "dial tcp: refused"},
		{fmt.Errorf("no EC2 IMDS role found, %w", sdk(0, &smithy.CanceledError{Err: refused})), "no EC2 IMDS role found, dial tcp: refused"},
		{fmt.Errorf("assume role, %w", sdk(403, &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"})), "assume role, api error AccessDenied: no"},
		{errors.New("one\ntwo"), "one"},
	} {
		if got := plain(row.err); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
