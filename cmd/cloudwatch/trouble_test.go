package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
)

func answer(code string) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "PutLogEvents",
		Err: &smithy.GenericAPIError{Code: code, Message: "because"}}
}

func network(err error) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "PutLogEvents",
		Err: fmt.Errorf("request send failed, %w", &url.Error{Op: "Post", URL: "https://logs.eu-central-1.amazonaws.com/", Err: err})}
}

func TestTrouble(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*trouble)
		err  error
		want string
		code int // 0: there is hope
	}{
		{"credentials", nil, &cloudwatch.CredentialsError{Err: errors.New("none found")},
			"no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, use --profile, or log in with 'aws sso login' (none found)", exitDenied},
		{"denied", nil, answer("AccessDeniedException"),
			"access denied: allow logs:PutLogEvents on log group app (AccessDeniedException: because)", exitDenied},
		{"key", nil, answer("InvalidClientTokenId"),
			"the access key is not known: check AWS_ACCESS_KEY_ID, or the profile (InvalidClientTokenId: because)", exitDenied},
		{"signature", nil, answer("InvalidSignatureException"),
			"the signature is refused: check AWS_SECRET_ACCESS_KEY, or the profile, and the clock (InvalidSignatureException: because)", exitDenied},
		{"expired", nil, answer("ExpiredTokenException"),
			"the credentials have expired: get new ones, such as with 'aws sso login' (ExpiredTokenException: because)", exitDenied},
		{"missing, never created", func(tr *trouble) { tr.noCreate = true }, answer("ResourceNotFoundException"),
			"log group app or its log stream does not exist: create it, or leave out --no-create (ResourceNotFoundException: because)", exitFailed},
		{"missing", nil, answer("ResourceNotFoundException"),
			"PutLogEvents failed (ResourceNotFoundException: because); trying again", 0},
		{"throttled", nil, answer("ThrottlingException"),
			"the service asks to slow down, nothing is lost (ThrottlingException: because); trying again", 0},
		{"internal", nil, answer("InternalFailure"),
			"PutLogEvents failed (InternalFailure: because); trying again", 0},
		{"refused", func(tr *trouble) { tr.endpoint = "http://127.0.0.1:4586" }, network(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}),
			"http://127.0.0.1:4586 refuses connections: check that the endpoint is running; trying again", 0},
		{"refused by AWS", nil, network(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}),
			"logs.eu-central-1.amazonaws.com refuses connections: check the network; trying again", 0},
		{"no such host", nil, network(&net.DNSError{Name: "logs.nowhere-1.amazonaws.com", IsNotFound: true}),
			"host logs.nowhere-1.amazonaws.com not found: check the network and the region or endpoint; trying again", 0},
		{"no answer", nil, network(context.DeadlineExceeded),
			"no answer from logs.eu-central-1.amazonaws.com: check the network; trying again", 0},
		{"other", nil, network(syscall.ECONNRESET),
			"cannot reach logs.eu-central-1.amazonaws.com: connection reset by peer; trying again", 0},
		{"keep trying", func(tr *trouble) { tr.keepTrying = true }, answer("AccessDeniedException"),
			"access denied: allow logs:PutLogEvents on log group app (AccessDeniedException: because); trying again", 0},
	} {
		var stderr strings.Builder
		tr := &trouble{screen: newScreen(&stderr), group: "app", hopeless: make(chan int, 1)}
		if test.set != nil {
			test.set(tr)
		}
		tr.tell(&cloudwatch.DeliveryError{Operation: "PutLogEvents", Failures: 1, Since: time.Now(), Err: test.err})
		if got, want := stderr.String(), "cloudwatch: "+test.want+"\n"; got != want {
			t.Errorf("%s:\ngot  %swant %s", test.name, got, want)
		}
		code := 0
		select {
		case code = <-tr.hopeless:
		default:
		}
		if code != test.code {
			t.Errorf("%s: code %d, want %d", test.name, code, test.code)
		}
	}
}

func TestTroubleThatLasts(t *testing.T) {
	var stderr strings.Builder
	tr := &trouble{screen: newScreen(&stderr), hopeless: make(chan int, 1)}
	tr.tell(&cloudwatch.DeliveryError{Operation: "PutLogEvents", Failures: 17, Since: time.Now().Add(-2 * time.Minute), Err: answer("ThrottlingException")})
	if got, want := stderr.String(), "; trying again (17 failures in 2m0s)\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end in %q", got, want)
	}
}
