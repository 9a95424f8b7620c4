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

// class is what an answer means for the events in the request.
type class int

const (
	// delivered: the service has acknowledged the events, except those it names as rejected.
	delivered class = iota
	// transient: a network failure, a timeout, or a fault of the service. Retrying the same
	// request will do.
	transient
	// throttled: transient, and the rate must be lowered.
	throttled
	// environment: credentials, permissions, region, a KMS key. Retrying helps only after
	// somebody has changed something, so the service is probed slowly.
	environment
	// missing: the log group or the log stream does not exist.
	missing
	// refused: something in the request is invalid and always will be.
	refused
	// foreign: an intermediary does not let the request pass. If other requests pass, the content
	// of this one is the reason; otherwise it is treated like environment.
	foreign
	// tooLarge: the service or an intermediary refuses the request for its size.
	tooLarge
)

// CredentialsError reports that no credentials could be obtained for a request.
type CredentialsError struct{ Err error }

func (e *CredentialsError) Error() string { return "no credentials: " + e.Err.Error() }
func (e *CredentialsError) Unwrap() error { return e.Err }

// classify returns the class of the result of any request. It decides by types and codes only,
// never by the text of an error. Anything not listed keeps the events:
//
//	code or kind                                            class
//	no error                                                delivered
//	ResourceNotFoundException                               missing
//	InvalidParameterException, SerializationException, ...  refused
//	RequestEntityTooLargeException, HTTP 413                tooLarge
//	ThrottlingException, ServiceUnavailable, ..., HTTP 429  throttled
//	LimitExceeded, OperationAborted, timeouts               transient
//	HTTP 408 and 425 from any sender                        transient
//	no credentials                                          environment
//	other service codes; service answers HTTP 3xx and 4xx   environment
//	HTTP 511 from any sender                                environment
//	other answers of intermediaries, except HTTP 5xx        foreign
//	everything else: HTTP 5xx, network, truncated answers   transient
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
	var foreignErr *ForeignError
	var response *smithyhttp.ResponseError
	switch {
	case errors.As(err, &foreignErr):
		return ofStatus(foreignErr.Status, foreign)
	case !errors.As(err, &response) || response.HTTPStatusCode() < 300: // no response, or a truncated one
		return transient
	case fromService(response.Response.Header):
		return ofStatus(response.HTTPStatusCode(), environment)
	default:
		return ofStatus(response.HTTPStatusCode(), foreign)
	}
}

// ofStatus returns the class of an answer without a known code. refusal is the class of an answer
// that refuses the request.
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

// credentialsRejected reports whether other credentials may help.
func credentialsRejected(err error) bool {
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

// Code returns a short identifier of an error: the service's error code, or its kind.
func Code(err error) string {
	var api smithy.APIError
	var credentials *CredentialsError
	var foreignErr *ForeignError
	switch {
	case errors.As(err, &credentials):
		return "NoCredentials"
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.As(err, &foreignErr):
		return fmt.Sprintf("HTTP%d", foreignErr.Status)
	case errors.Is(err, context.DeadlineExceeded):
		return "Timeout"
	default:
		return "Network"
	}
}

// withoutMessage returns the error of a refused request without the service's message, which may
// quote an event.
func withoutMessage(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	return &smithy.GenericAPIError{Code: api.ErrorCode(), Message: "(its text is left out, since it may quote the event)", Fault: api.ErrorFault()}
}

// rejected returns which of the n events of a request were rejected for their timestamps: [0,
// tooOld) are too old, [tooOld, expired) older than the group's retention, and [tooNew, n) too
// new.
//
// The service returns three indexes into the events as sent: those before tooOldLogEventEndIndex
// and those before expiredLogEventEndIndex are too old, those from tooNewLogEventStartIndex on
// are too new. Indexes out of range are clamped: a server's answer is not trusted.
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
