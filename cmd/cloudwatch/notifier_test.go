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

func answer(operation, code string) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: operation,
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
	for _, test := range []struct {
		name      string
		noCreate  bool
		endpoint  string
		operation string
		err       error
		want      string
		kind      kind
	}{
		{"credentials", false, "", put, &cloudwatch.CredentialsError{Err: errors.New("none found")},
			"send events to log group app: no credentials in the environment, the shared config, or from an IAM role of this machine: none found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (AWS_PROFILE, --profile), log in with 'aws sso login', or give this machine an IAM role; retrying", kindAccess},
		{"denied", false, "", put, answer(put, "AccessDeniedException"),
			"send events to log group app: access denied: AccessDeniedException: because; allow logs:PutLogEvents on log group app in eu-central-1; retrying", kindAccess},
		{"denied to create", false, "", "CreateLogGroup", answer("CreateLogGroup", "AccessDeniedException"),
			"create log group app: access denied: AccessDeniedException: because; allow logs:CreateLogGroup on log group app in eu-central-1; retrying", kindAccess},
		{"key", false, "", put, answer(put, "InvalidClientTokenId"),
			"send events to log group app: the access key is unknown in eu-central-1: InvalidClientTokenId: because; check the access key and the session token (AWS_ACCESS_KEY_ID, or the profile), and the region; retrying", kindAccess},
		{"signature", false, "", put, answer(put, "InvalidSignatureException"),
			"send events to log group app: the signature was rejected: InvalidSignatureException: because; check that the secret access key matches the access key (AWS_ACCESS_KEY_ID, or the profile), and check the clock of this machine; retrying", kindAccess},
		{"expired", false, "", put, answer(put, "ExpiredTokenException"),
			"send events to log group app: the credentials have expired: ExpiredTokenException: because; get new credentials, for example with 'aws sso login'; retrying", kindAccess},
		{"a clock that the SDK corrects", false, "", put, answer(put, "RequestTimeTooSkewed"),
			"send events to log group app: the clock of this machine is wrong: RequestTimeTooSkewed: because; set the clock; retrying", kindAccess},
		{"missing, never created", true, "", put, answer(put, "ResourceNotFoundException"),
			"send events to log group app: the log group or log stream web does not exist: ResourceNotFoundException: because; create it, or leave out --no-create; retrying", kindFinal},
		{"missing", false, "", put, answer(put, "ResourceNotFoundException"),
			"send events to log group app: the log group or log stream web does not exist: ResourceNotFoundException: because; retrying", kindPassing},
		{"a log group that can never be", false, "", "CreateLogGroup", answer("CreateLogGroup", "InvalidParameterException"),
			"create log group app: the request was refused as invalid: InvalidParameterException: because; retrying", kindFinal},
		{"too many log groups", false, "", "CreateLogGroup", answer("CreateLogGroup", "LimitExceededException"),
			"create log group app: an account quota is exhausted: LimitExceededException: because; delete unused resources, or request a higher quota; retrying", kindFinal},
		{"an invalid event", false, "", put, answer(put, "InvalidParameterException"),
			"send events to log group app: the request was refused as invalid: InvalidParameterException: because; retrying", kindRefused},
		{"a retention that can never be", false, "", "PutRetentionPolicy", answer("PutRetentionPolicy", "InvalidParameterException"),
			"set the retention of log group app: the request was refused as invalid: InvalidParameterException: because", kindFinal},
		{"throttled", false, "", put, answer(put, "ThrottlingException"),
			"send events to log group app: the service is throttling requests: ThrottlingException: because; if this persists, request a higher quota; retrying", kindPassing},
		{"internal", false, "", put, answer(put, "InternalFailure"),
			"send events to log group app: the service failed: InternalFailure: because; retrying", kindPassing},
		{"refused", false, "http://127.0.0.1:4586", put, network(&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4586}, Err: syscall.ECONNREFUSED}),
			"send events to log group app: connection to logs.eu-central-1.amazonaws.com:443 (127.0.0.1:4586) refused: nothing is listening there; start the server, or correct the endpoint (AWS_ENDPOINT_URL, --endpoint); retrying", kindUnreachable},
		{"refused by AWS", false, "", put, network(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}),
			"send events to log group app: connection to logs.eu-central-1.amazonaws.com:443 refused: nothing is listening there; check the firewall, the proxy (HTTPS_PROXY) and the DNS of this machine; retrying", kindUnreachable},
		{"no such host", false, "", put, network(&net.DNSError{Name: "logs.nowhere-1.amazonaws.com", IsNotFound: true}),
			"send events to log group app: no such host logs.nowhere-1.amazonaws.com; check the region \"eu-central-1\" (AWS_REGION, --region) and the DNS of this machine; retrying", kindNoHost},
		{"other", false, "", put, network(errors.New("strange")),
			"send events to log group app: no response from logs.eu-central-1.amazonaws.com:443: strange; if this persists, check the proxy (HTTPS_PROXY) and any firewall on the path; retrying", kindUnreachable},
	} {
		var stderr strings.Builder
		tr := &notifier{screen: newScreen(&stderr), noCreate: test.noCreate}
		f := failure(test.operation, test.err)
		f.Target.NoCreate, f.Target.Endpoint = test.noCreate, test.endpoint
		tr.report(&cloudwatch.DeliveryError{Operation: test.operation, Failures: 1, Since: time.Now(), Err: f})
		// That events are left after it says nothing new.
		tr.report(&cloudwatch.LossError{Events: 1, Reason: cloudwatch.LossUndelivered, Err: f})
		if got, want := stderr.String(), "cloudwatch: "+test.want+"\n"; got != want {
			t.Errorf("%s:\ngot  %swant %s", test.name, got, want)
		}
		if got := kindOf(f, test.noCreate); got != test.kind {
			t.Errorf("%s: kind %d, want %d", test.name, got, test.kind)
		}
	}
	if got := kindOf(failure("FilterLogEvents", answer("FilterLogEvents", "ResourceNotFoundException")), false); got != kindFinal {
		t.Errorf("what is read does not exist: kind %d", got)
	}
	if got := kindOf(failure(put, answer(put, "LimitExceededException")), false); got != kindPassing {
		t.Errorf("a limit of events: kind %d", got)
	}
}

// TestTroubleAtTheEnd: when the time is over before any attempt has failed, the loss says
// why.
func TestTroubleAtTheEnd(t *testing.T) {
	var stderr strings.Builder
	tr := &notifier{screen: newScreen(&stderr)}
	tr.report(&cloudwatch.LossError{Events: 1, Reason: cloudwatch.LossUndelivered, Err: failure("PutLogEvents", network(&net.DNSError{Name: "logs.invalid", IsNotFound: true}))})
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
	tr := &notifier{screen: newScreen(&stderr)}
	tr.report(&cloudwatch.DeliveryError{Operation: "PutLogEvents", Failures: 17, Since: time.Now().Add(-2 * time.Minute), Err: failure("PutLogEvents", answer("PutLogEvents", "ThrottlingException"))})
	if got, want := stderr.String(), "; retrying (17 failures in 2m0s)\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end in %q", got, want)
	}
}
