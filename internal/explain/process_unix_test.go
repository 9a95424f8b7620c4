//go:build unix

package explain

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
)

// printing is what a credential_process prints, read by the SDK.
func printing(t *testing.T, output string) error {
	t.Helper()
	p := processcreds.NewProvider("echo '" + output + "'")
	_, err := aws.NewCredentialsCache(p).Retrieve(t.Context())
	if err == nil {
		t.Fatalf("no error for %s", output)
	}
	return err
}

// TestProcessErrorQuotesNoOutput: neither its text nor that of what it wraps, nor that of a
// request of the command, which has the SDK's own error.
func TestProcessErrorQuotesNoOutput(t *testing.T) {
	const canary = "4815162342"
	for _, row := range []struct{ output, want string }{
		{`{"SecretAccessKey":"` + canary + `"`, "credential_process: read output: unexpected end of JSON input"},
		{canary + `{"SecretAccessKey":"s"}`, "credential_process: read output: invalid character '{' after top-level value"},
		{canary, "credential_process: read output: not a JSON object"},
		{`{"Version":1,"SecretAccessKey":` + canary + `}`, "credential_process: read output: SecretAccessKey has the wrong JSON type"},
		{`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"` + canary + `"}`, "credential_process: read output: Expiration is not an RFC 3339 time"},
		{`{"Version":2,"SecretAccessKey":"` + canary + `"}`, "credential_process: wrong version in process output (not 1)"},
		{`{"Version":1,"SecretAccessKey":"` + canary + `"}`, "credential_process: missing AccessKeyId in process output"},
	} {
		err := printing(t, row.output)
		got := ProcessError(fmt.Errorf("around it: %w", errors.Join(errors.New("no keys"), err)))
		if got.Error() != row.want {
			t.Errorf("%s: got %q, want %q", row.output, got, row.want)
		}
		for inner := got; inner != nil; inner = errors.Unwrap(inner) {
			if strings.Contains(inner.Error(), canary) {
				t.Errorf("%s: it wraps %q", row.output, inner)
			}
		}
		for _, around := range []error{err, errors.Join(errors.New("no keys"), err)} {
			request := &Failure{Operation: "GetLogEvents", Err: &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "GetLogEvents", Err: around}}
			if text := request.Error(); strings.Contains(text, canary) || !strings.Contains(text, row.want) {
				t.Errorf("%s: the request: %s", row.output, text)
			}
		}
	}
	if got := ProcessError(io.EOF); got != io.EOF {
		t.Errorf("another error: %v", got)
	}
}
