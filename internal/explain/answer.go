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

// unknownCode is the SDK's code for a response without an error code.
const unknownCode = "UnknownError"

// maxSkew is the clock difference that the service tolerates in signatures.
const maxSkew = 5 * time.Minute

// answer explains an error response of the service. Codes are from "Common Errors" and the API
// reference of CloudWatch Logs.
func (f *Failure) answer(api smithy.APIError, n Names) explanation {
	response := f.response(api.ErrorCode(), api.ErrorMessage())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation":
		return explanation{Denied, "access denied: " + response, f.permissionAdvice()}
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId":
		return explanation{Credentials, "the access key is unknown" + f.Target.inRegion() + ": " + response,
			fmt.Sprintf("check the access key and the session token (%s), and the region", n.Keys)}
	case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException":
		// These messages continue with the signed headers, which include the session token.
		response = f.response(api.ErrorCode(), sentence(api.ErrorMessage()))
		if skew := f.skew(); skew != "" {
			return explanation{Clock, "the clock of this machine is " + skew + ": " + response, "set the clock"}
		}
		return explanation{Credentials, "the signature was rejected: " + response,
			fmt.Sprintf("check that the secret access key matches the access key (%s), and check the clock of this machine", n.Keys)}
	case "RequestExpired", "RequestExpiredException", "RequestTimeTooSkewed":
		skew := f.skew()
		if skew == "" {
			skew = "wrong"
		}
		return explanation{Clock, "the clock of this machine is " + skew + ": " + response, "set the clock"}
	case "ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired":
		return explanation{Credentials, "the credentials have expired: " + response, "get new credentials, for example with 'aws sso login'"}
	case "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return explanation{Credentials, "the request has no credentials: " + response, fmt.Sprintf("set an access key (%s)", n.Keys)}
	case "OptInRequired", "SubscriptionRequiredException", "RegionDisabledException":
		return explanation{Credentials, "the account is not enabled for the service: " + response, "enable the region and the service for the account"}
	case "ResourceNotFoundException":
		return explanation{Missing, f.missing() + ": " + response, f.createAdvice(n)}
	case "LimitExceededException":
		return explanation{Quota, "an account quota is exhausted: " + response, "delete unused resources, or request a higher quota"}
	case "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown":
		return explanation{Throttled, "the service is throttling requests: " + response, "if this persists, request a higher quota"}
	case "UnknownOperationException", "InvalidOperationException":
		return explanation{Unsupported, "the endpoint does not support the operation: " + response, fmt.Sprintf("check the endpoint (%s)", n.Endpoint)}
	case "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "InternalError", "InternalServerError":
		return explanation{Other, "the service failed: " + response, ""}
	case "InvalidParameterException", "ValidationException", "ValidationError", "SerializationException",
		"MalformedHttpRequestException", "RequestEntityTooLargeException":
		return explanation{Invalid, "the request was refused as invalid: " + response, ""}
	}
	return explanation{Other, response, ""}
}

// response returns the code and message of the response, with its status and request ID.
func (f *Failure) response(code, message string) string {
	s := clean(code, maxCode)
	if message = line(message); message != "" && message != code && message != unknownCode {
		s += ": " + message
	}
	if from := f.origin(); from != "" {
		s += " (" + from + ")"
	}
	return s
}

// origin returns the status and the request ID.
func (f *Failure) origin() string {
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

// skew returns how far the clock of this machine is off compared with the Date of the response;
// "" if it is right or the difference is not known.
func (f *Failure) skew() string {
	var response *smithyhttp.ResponseError
	if !errors.As(f.Err, &response) || response.Response == nil {
		return ""
	}
	header := response.Response.Header
	value := header.Get("Date")
	if value == "" {
		value = header.Get(deliver.DoubtedDate) // the service refused the signature's time, so its own is right
	}
	date, err := http.ParseTime(value)
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

// permissionAdvice returns which permission to grant.
func (f *Failure) permissionAdvice() string {
	if f.Operation == "" {
		return ""
	}
	actions := "logs:" + f.Operation
	if f.Operation == "CreateLogGroup" && f.Target.Tags {
		actions += " and logs:TagResource"
	}
	s := "allow " + actions
	if f.Target.Group != "" {
		s += " on log group " + f.Target.Group + f.Target.inRegion()
	}
	return s
}

// missing names what does not exist.
func (f *Failure) missing() string {
	switch {
	case f.Target.Group == "":
		return "not found"
	case f.Operation == "PutLogEvents" && f.Target.Stream != "":
		return "the log group or log stream " + f.Target.Stream + " does not exist"
	}
	return "the log group does not exist"
}

func (f *Failure) createAdvice(n Names) string {
	if !f.Target.NoCreate {
		return ""
	}
	return "create it, or leave out " + n.NoCreate
}

// foreign explains a response that is not from an AWS service, but from a proxy, a firewall, a
// load balancer or another program.
func (f *Failure) foreign(e *deliver.ForeignError, n Names) explanation {
	details := ""
	for _, detail := range []string{e.Server, cmp.Or(e.Title, e.Text)} {
		if detail = line(clean(detail, maxDetail)); detail != "" {
			details += ", " + fmt.Sprintf("%q", detail)
		}
	}
	if e.TooLong {
		details += ", longer than 64 KiB"
	}
	if details != "" {
		details = " (" + details[len(", "):] + ")"
	}
	kind := Unreachable
	if e.Status >= 500 && e.Status != http.StatusNetworkAuthenticationRequired || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout { // temporary
		kind = Other
	}
	cause := fmt.Sprintf("HTTP %d response is not from the service%s", e.Status, details)
	switch {
	case e.Status == http.StatusProxyAuthRequired:
		return explanation{Unreachable, cause, "set the proxy's user name and password in HTTPS_PROXY"}
	case e.Status == http.StatusRequestEntityTooLarge:
		return explanation{Unreachable, cause, "raise the request body limit of the proxy or load balancer to at least 1 MiB"}
	case e.Status >= 500 && f.Target.Endpoint == "":
		return explanation{Other, cause, "if this persists, check the proxy (HTTPS_PROXY), firewall or load balancer"}
	case f.Target.Endpoint == "":
		return explanation{kind, cause, fmt.Sprintf("check the proxy (HTTPS_PROXY), and whether a firewall allows requests to %s", f.service())}
	}
	return explanation{kind, cause, fmt.Sprintf("check that %s is a %s endpoint (%s), and check the proxy or load balancer in front of it", f.service(), f.Target.serviceName(), n.Endpoint)}
}
