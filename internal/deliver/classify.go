package deliver

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// class is what an answer of the service means for the events in the request.
type class int

const (
	// delivered: the service has them, but for those it names as rejected.
	delivered class = iota
	// transient: network trouble, a time-out, a fault of the service. Sending
	// the same again will do.
	transient
	// throttled: transient, and it asks to send less often.
	throttled
	// environment: credentials, permission, region, a key. Sending again only
	// helps once somebody has changed something, so the probes are slow.
	environment
	// missing: the log group or the log stream does not exist.
	missing
	// refused: something in the request is invalid and always will be.
	refused
	// foreign: something between us and the service does not let the request pass. If
	// others pass, that is about what is in this one; otherwise it is an environment.
	foreign
	// tooLarge: whoever answers does not take so large a request.
	tooLarge
)

// CredentialsError says that no credentials could be had for a request.
type CredentialsError struct{ Err error }

func (e *CredentialsError) Error() string { return "no credentials: " + e.Err.Error() }
func (e *CredentialsError) Unwrap() error { return e.Err }

// classify sorts the answer to any request we make. Only types and codes
// decide, never the text of an error. What is not listed keeps the events:
//
//	code or kind                                            class
//	no error                                                delivered
//	ResourceNotFoundException                               missing
//	InvalidParameterException, SerializationException, ...  refused
//	RequestEntityTooLargeException, HTTP 413                tooLarge
//	ThrottlingException, ServiceUnavailable, ..., HTTP 429  throttled
//	LimitExceeded, OperationAborted, timeouts               transient
//	HTTP 408 and 425 of anybody                             transient
//	no credentials                                          environment
//	other codes of the service, of HTTP 3xx and 4xx         environment
//	HTTP 511 of anybody                                     environment
//	other answers that are not the service's, but HTTP 5xx  foreign
//	everything else: HTTP 5xx, network, cut answers         transient
//
// Codes are from "Common Errors" and the API reference of CloudWatch Logs.
func classify(err error) class {
	if err == nil {
		return delivered
	}
	var credentials *CredentialsError
	if errors.As(err, &credentials) {
		return environment
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "ResourceNotFoundException":
			return missing
		case "InvalidParameterException", "ValidationException", "SerializationException",
			"MalformedHttpRequestException":
			return refused
		case "RequestEntityTooLargeException":
			return tooLarge
		case "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException",
			"RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown",
			"ServiceUnavailable", "ServiceUnavailableException":
			return throttled
		case "LimitExceededException", "OperationAbortedException",
			"RequestTimeout", "RequestTimeoutException",
			"InternalFailure", "InternalError", "InternalServerError":
			return transient
		}
	}
	var alien *ForeignError
	var response *smithyhttp.ResponseError
	switch {
	case errors.As(err, &alien):
		return ofStatus(alien.Status, foreign)
	case !errors.As(err, &response) || response.HTTPStatusCode() < 300: // none, or one that was cut
		return transient
	case fromService(response.Response.Header):
		return ofStatus(response.HTTPStatusCode(), environment)
	default:
		return ofStatus(response.HTTPStatusCode(), foreign)
	}
}

// ofStatus returns the class of an answer without a code that is known. refusal is the one
// of those that refuse the request.
func ofStatus(status int, refusal class) class {
	switch status {
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return transient
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusNetworkAuthenticationRequired:
		return environment
	}
	if status >= 500 && status < 600 {
		return transient
	}
	return refusal
}

// badKeys reports whether other credentials may help.
func badKeys(err error) bool {
	var credentials *CredentialsError
	if errors.As(err, &credentials) {
		return true
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
		"InvalidAccessKeyId", "TokenRefreshRequired", "InvalidToken",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation", "OptInRequired", "SubscriptionRequiredException":
		return true
	}
	return false
}

// Code names an error for telling it from others: the service's own code, or
// the kind of trouble.
func Code(err error) string {
	var api smithy.APIError
	var credentials *CredentialsError
	var alien *ForeignError
	switch {
	case errors.As(err, &credentials):
		return "NoCredentials"
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.As(err, &alien):
		return fmt.Sprintf("HTTP%d", alien.Status)
	case errors.Is(err, context.DeadlineExceeded):
		return "Timeout"
	default:
		return "Network"
	}
}

// withoutText returns the error of a refused request without the text of the
// service, which may quote what it refuses.
func withoutText(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	return &smithy.GenericAPIError{Code: api.ErrorCode(), Message: "(its text is left out, since it may quote the event)", Fault: api.ErrorFault()}
}

// rejected says which of the n events of a request were rejected by their times:
// [0, tooOld) are too old, [tooOld, expired) beyond the group's retention, and
// [tooNew, n) too new.
//
// The service tells three indexes into the events as sent: those before
// tooOldLogEventEndIndex and those before expiredLogEventEndIndex are too old,
// those from tooNewLogEventStartIndex on are too new. An index out of range is
// clamped, for the answer of a server is not to be trusted.
func rejected(n int, info *types.RejectedLogEventsInfo) (tooOld, expired, tooNew int) {
	if info == nil {
		return 0, 0, n
	}
	clamp := func(i *int32, low, absent int) int {
		if i == nil {
			return absent
		}
		return min(max(int(*i), low), n)
	}
	tooOld = clamp(info.TooOldLogEventEndIndex, 0, 0)
	expired = clamp(info.ExpiredLogEventEndIndex, tooOld, tooOld)
	tooNew = clamp(info.TooNewLogEventStartIndex, expired, n)
	return tooOld, expired, tooNew
}
