package explain

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// unknownCode is what the SDK makes of a response that names no error.
const unknownCode = "UnknownError"

// maxSkew is how far the service lets the time of a signature be off.
const maxSkew = 5 * time.Minute

// answer explains an error response of the service. Codes are from "Common Errors" and the
// API reference of CloudWatch Logs.
func (f *Failure) answer(api smithy.APIError, n Names) explained {
	said := f.said(api.ErrorCode(), api.ErrorMessage())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation":
		return explained{Denied, "access denied: " + said, f.permission()}
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId":
		return explained{Credentials, "the access key is unknown" + f.Target.in() + ": " + said,
			fmt.Sprintf("check the access key and the session token (%s), and the region", n.Keys)}
	case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException":
		// These texts go on with what was signed, with the session token.
		said = f.said(api.ErrorCode(), sentence(api.ErrorMessage()))
		if skew := f.skew(); skew != "" {
			return explained{Clock, "the clock of this machine is " + skew + ": " + said, "set the clock"}
		}
		return explained{Credentials, "the signature is refused: " + said,
			fmt.Sprintf("check the secret access key that belongs to the access key (%s), and the clock of this machine", n.Keys)}
	case "RequestExpired", "RequestExpiredException", "RequestTimeTooSkewed":
		skew := f.skew()
		if skew == "" {
			skew = "wrong"
		}
		return explained{Clock, "the clock of this machine is " + skew + ": " + said, "set the clock"}
	case "ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired":
		return explained{Credentials, "the credentials have expired: " + said, "get new ones, for example with 'aws sso login'"}
	case "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return explained{Credentials, "the request has no credentials: " + said, fmt.Sprintf("set an access key (%s)", n.Keys)}
	case "OptInRequired", "SubscriptionRequiredException", "RegionDisabledException":
		return explained{Credentials, "the account may not use the service: " + said, "enable the region and the service for the account"}
	case "ResourceNotFoundException":
		return explained{Missing, f.missing() + ": " + said, f.create(n)}
	case "LimitExceededException":
		return explained{Quota, "a quota of the account is exhausted: " + said, "delete what is not needed, or request a higher quota"}
	case "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown":
		return explained{Throttled, "the service throttles requests: " + said, "if it lasts, request a higher quota"}
	case "UnknownOperationException", "InvalidOperationException":
		return explained{Unsupported, "the endpoint does not support the operation: " + said, fmt.Sprintf("check the endpoint (%s)", n.Endpoint)}
	case "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "InternalError", "InternalServerError":
		return explained{Other, "the service fails: " + said, ""}
	case "InvalidParameterException", "ValidationException", "ValidationError", "SerializationException",
		"MalformedHttpRequestException", "RequestEntityTooLargeException":
		return explained{Invalid, "the request is refused as invalid: " + said, ""}
	}
	return explained{Other, said, ""}
}

// said is what the response says: code, text, status, and request id.
func (f *Failure) said(code, message string) string {
	s := clean(code, maxCode)
	if message = line(message); message != "" && message != code && message != unknownCode {
		s += ": " + message
	}
	if from := f.from(); from != "" {
		s += " (" + from + ")"
	}
	return s
}

// from is the status and the request id.
func (f *Failure) from() string {
	var response *smithyhttp.ResponseError
	if !errors.As(f.Err, &response) || response.Response == nil || response.HTTPStatusCode() == 0 {
		return ""
	}
	s := fmt.Sprintf("HTTP %d", response.HTTPStatusCode())
	var withID *awshttp.ResponseError
	if errors.As(f.Err, &withID) && withID.RequestID != "" {
		s += ", request id " + clean(withID.RequestID, maxCode)
	}
	return s
}

// skew says how far the clock of this machine is off, by that of the response. "" if it is
// right, as far as known.
func (f *Failure) skew() string {
	var response *smithyhttp.ResponseError
	if !errors.As(f.Err, &response) || response.Response == nil {
		return ""
	}
	header := response.Response.Header
	told := header.Get("Date")
	if told == "" {
		told = header.Get(deliver.DoubtedDate) // the service refuses the time of the signature: it is right
	}
	date, err := http.ParseTime(told)
	if err != nil || f.At.IsZero() {
		return ""
	}
	switch ahead := f.At.Sub(date).Round(time.Minute); {
	case ahead > maxSkew:
		return ahead.String() + " ahead"
	case ahead < -maxSkew:
		return (-ahead).String() + " behind"
	}
	return ""
}

// permission is what to allow.
func (f *Failure) permission() string {
	if f.Operation == "" {
		return ""
	}
	actions := "logs:" + f.Operation
	if f.Operation == "CreateLogGroup" && f.Target.Tags {
		actions += " and logs:TagResource"
	}
	s := "allow " + actions
	if f.Target.Group != "" {
		s += " on log group " + f.Target.Group + f.Target.in()
	}
	return s
}

// missing says what may be.
func (f *Failure) missing() string {
	switch {
	case f.Target.Group == "":
		return "not found"
	case f.Operation == "PutLogEvents" && f.Target.Stream != "":
		return "the log group or log stream " + f.Target.Stream + " does not exist"
	}
	return "the log group does not exist"
}

func (f *Failure) create(n Names) string {
	if !f.Target.NoCreate {
		return ""
	}
	return "create it, or leave out " + n.NoCreate
}

// foreign explains a response that no service of AWS gives: that of a proxy, a firewall, a
// load balancer, or of another program.
func (f *Failure) foreign(e *deliver.ForeignError, n Names) explained {
	said := ""
	for _, detail := range []string{e.Server, cmp.Or(e.Title, e.Text)} {
		if detail = line(clean(detail, maxDetail)); detail != "" {
			said += ", " + fmt.Sprintf("%q", detail)
		}
	}
	if e.TooLong {
		said += ", without end or longer than 64 KiB"
	}
	if said != "" {
		said = " (" + said[len(", "):] + ")"
	}
	kind := Unreachable
	if e.Status >= 500 && e.Status != http.StatusNetworkAuthenticationRequired || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout { // that passes
		kind = Other
	}
	cause := fmt.Sprintf("HTTP %d from something between this program and the service%s", e.Status, said)
	switch {
	case e.Status == http.StatusProxyAuthRequired:
		return explained{Unreachable, cause, "give user and password for the proxy in HTTPS_PROXY"}
	case e.Status == http.StatusRequestEntityTooLarge:
		return explained{Unreachable, cause, "have it accept request bodies of 1 MiB and more"}
	case e.Status >= 500 && f.Target.Endpoint == "":
		return explained{Other, cause, "if it lasts, check the proxy (HTTPS_PROXY), firewall or load balancer"}
	case f.Target.Endpoint == "":
		return explained{kind, cause, fmt.Sprintf("check the proxy (HTTPS_PROXY), and whether a firewall lets requests to %s pass", f.service())}
	}
	return explained{kind, cause, fmt.Sprintf("check that %s is a %s endpoint (%s), and the proxy or load balancer before it", f.service(), f.Target.service(), n.Endpoint)}
}
