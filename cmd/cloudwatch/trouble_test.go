package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

func answer(code string) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "PutLogEvents",
		Err: &smithy.GenericAPIError{Code: code, Message: "because"}}
}

func network(err error) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "PutLogEvents",
		Err: &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://logs.eu-central-1.amazonaws.com/", Err: err}}}
}

// failure is what the library makes of an error of the SDK.
func failure(operation string, err error) *explain.Failure {
	return &explain.Failure{Operation: operation, Target: explain.Target{Group: "app", Stream: "web", Region: "eu-central-1"}, At: time.Now(), Err: err}
}

func TestTrouble(t *testing.T) {
	const put = "PutLogEvents"
	endpoint := func(f *explain.Failure) { f.Target.Endpoint = "http://127.0.0.1:4586" }
	for _, test := range []struct {
		name      string
		set       func(*trouble)
		change    func(*explain.Failure)
		operation string
		err       error
		want      string
		code      int // 0: there is hope
	}{
		{"credentials", nil, nil, put, &cloudwatch.CredentialsError{Err: errors.New("none found")},
			"send events to log group app: no credentials in the environment, the shared config, or from a role of this machine: none found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (AWS_PROFILE, --profile), log in with 'aws sso login', or give this machine a role", exitDenied},
		{"denied", nil, nil, put, answer("AccessDeniedException"),
			"send events to log group app: access denied: AccessDeniedException: because; allow logs:PutLogEvents on log group app in eu-central-1", exitDenied},
		{"key", nil, nil, put, answer("InvalidClientTokenId"),
			"send events to log group app: the access key is unknown in eu-central-1: InvalidClientTokenId: because; check the access key and the session token (AWS_ACCESS_KEY_ID, or the profile), and the region", exitDenied},
		{"signature", nil, nil, put, answer("InvalidSignatureException"),
			"send events to log group app: the signature is refused: InvalidSignatureException: because; check the secret access key that belongs to the access key (AWS_ACCESS_KEY_ID, or the profile), and the clock of this machine", exitDenied},
		{"expired", nil, nil, put, answer("ExpiredTokenException"),
			"send events to log group app: the credentials have expired: ExpiredTokenException: because; get new ones, for example with 'aws sso login'", exitDenied},
		{"a clock that the SDK corrects", nil, nil, put, answer("RequestTimeTooSkewed"),
			"send events to log group app: the clock of this machine is wrong: RequestTimeTooSkewed: because; set the clock; retrying", 0},
		{"missing, never created", func(tr *trouble) { tr.noCreate = true }, func(f *explain.Failure) { f.Target.NoCreate = true }, put, answer("ResourceNotFoundException"),
			"send events to log group app: the log group or log stream web does not exist: ResourceNotFoundException: because; create it, or leave out --no-create", exitFailed},
		{"missing", nil, nil, put, answer("ResourceNotFoundException"),
			"send events to log group app: the log group or log stream web does not exist: ResourceNotFoundException: because; retrying", 0},
		{"a log group that can never be", nil, nil, "CreateLogGroup", answer("InvalidParameterException"),
			"create log group app: the request is refused as invalid: InvalidParameterException: because", exitFailed},
		{"a retention that can never be", nil, nil, "PutRetentionPolicy", answer("InvalidParameterException"),
			"set the retention of log group app: the request is refused as invalid: InvalidParameterException: because", 0},
		{"throttled", nil, nil, put, answer("ThrottlingException"),
			"send events to log group app: the service throttles requests: ThrottlingException: because; if it lasts, request a higher quota; retrying", 0},
		{"internal", nil, nil, put, answer("InternalFailure"),
			"send events to log group app: the service fails: InternalFailure: because; retrying", 0},
		{"refused", nil, endpoint, put, network(&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4586}, Err: syscall.ECONNREFUSED}),
			"send events to log group app: connection to logs.eu-central-1.amazonaws.com:443 (127.0.0.1:4586) refused: nothing listens there; start what should listen there, or correct the endpoint (AWS_ENDPOINT_URL, --endpoint); retrying", 0},
		{"refused by AWS", nil, nil, put, network(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}),
			"send events to log group app: connection to logs.eu-central-1.amazonaws.com:443 refused: nothing listens there; check the firewall, the proxy (HTTPS_PROXY) and the DNS of this machine; retrying", 0},
		{"no such host", nil, nil, put, network(&net.DNSError{Name: "logs.nowhere-1.amazonaws.com", IsNotFound: true}),
			"send events to log group app: no such host logs.nowhere-1.amazonaws.com; check the region \"eu-central-1\" (AWS_REGION, --region) and the DNS of this machine; retrying", 0},
		{"other", nil, nil, put, network(errors.New("strange")),
			"send events to log group app: no response from logs.eu-central-1.amazonaws.com:443: strange; if it lasts, check the proxy (HTTPS_PROXY), and what else is in between; retrying", 0},
		{"keep trying", func(tr *trouble) { tr.keepTrying = true }, nil, put, answer("AccessDeniedException"),
			"send events to log group app: access denied: AccessDeniedException: because; allow logs:PutLogEvents on log group app in eu-central-1; retrying", 0},
	} {
		var stderr strings.Builder
		tr := &trouble{screen: newScreen(&stderr), hopeless: make(chan int, 1)}
		if test.set != nil {
			test.set(tr)
		}
		f := failure(test.operation, test.err)
		if test.change != nil {
			test.change(f)
		}
		tr.tell(&cloudwatch.DeliveryError{Operation: test.operation, Failures: 1, Since: time.Now(), Err: f})
		// That events are left after it says nothing new.
		tr.tell(&cloudwatch.LossError{Events: 1, Reason: cloudwatch.LossUndelivered, Err: f})
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

// TestTroubleAtTheEnd: when the time is over before any attempt has failed, the loss says
// why.
func TestTroubleAtTheEnd(t *testing.T) {
	var stderr strings.Builder
	tr := &trouble{screen: newScreen(&stderr), hopeless: make(chan int, 1)}
	tr.tell(&cloudwatch.LossError{Events: 1, Reason: cloudwatch.LossUndelivered, Err: failure("PutLogEvents", network(&net.DNSError{Name: "logs.invalid", IsNotFound: true}))})
	if got := stderr.String(); !strings.HasPrefix(got, "cloudwatch: send events to log group app: no such host logs.invalid; ") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

// TestMessageOfTheSDK: what the command asks the SDK for itself is explained as well.
func TestMessageOfTheSDK(t *testing.T) {
	err := fmt.Errorf("read back: %w", &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "FilterLogEvents",
		Err: fmt.Errorf("https response error StatusCode: 0, RequestID: , %w", network(&net.DNSError{Name: "logs.invalid", IsNotFound: true}))})
	if got, want := message(err), "cloudwatch: read back: FilterLogEvents: no such host logs.invalid; "; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTroubleThatLasts(t *testing.T) {
	var stderr strings.Builder
	tr := &trouble{screen: newScreen(&stderr), hopeless: make(chan int, 1)}
	tr.tell(&cloudwatch.DeliveryError{Operation: "PutLogEvents", Failures: 17, Since: time.Now().Add(-2 * time.Minute), Err: failure("PutLogEvents", answer("ThrottlingException"))})
	if got, want := stderr.String(), "; retrying (17 failures in 2m0s)\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end in %q", got, want)
	}
}
