package endpoint

import (
	"fmt"
	"time"
)

// APIError is an error answer of the service. It is what [Fault.Error] makes
// the endpoint answer, and what the methods that prepare state return.
type APIError struct {
	Status  int    // HTTP status
	Code    string // the error's name, such as "ThrottlingException"
	Message string // the text the service gives with it

	// RetryAfter is sent in the Retry-After header, in whole seconds, rounded
	// up. 0 or less = no such header.
	RetryAfter time.Duration
}

// refusal is an error without a RetryAfter, as nearly all are.
func newError(status int, code, message string) *APIError {
	return &APIError{Status: status, Code: code, Message: message}
}

// Error returns "Code: Message".
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Throttled is the answer to a request above the account's quota.
func Throttled() *APIError {
	return newError(400, "ThrottlingException", "Rate exceeded")
}

// ServiceUnavailable is the answer of a service that is overloaded or down.
func ServiceUnavailable() *APIError {
	return newError(503, "ServiceUnavailableException", "The service cannot complete the request.")
}

// InternalFailure is the answer of a service that failed.
func InternalFailure() *APIError {
	return newError(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

// ExpiredToken is the answer to temporary credentials that have run out.
func ExpiredToken() *APIError {
	return newError(400, "ExpiredTokenException", "The security token included in the request is expired")
}

// UnrecognizedClient is the answer to an access key the service does not know.
func UnrecognizedClient() *APIError {
	return newError(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
}

// AccessDenied is the answer to credentials without permission for the
// operation, such as "PutLogEvents".
func AccessDenied(operation string) *APIError {
	return newError(400, "AccessDeniedException", fmt.Sprintf("User: arn:aws:iam::%s:user/test is not authorized to perform: logs:%s on resource: %s because no identity-based policy allows the logs:%s action",
		account, operation, groupARN(DefaultRegion, "*"), operation))
}

func invalidParameter(format string, args ...any) *APIError {
	return newError(400, "InvalidParameterException", fmt.Sprintf(format, args...))
}

func groupNotFound() *APIError {
	return newError(400, "ResourceNotFoundException", "The specified log group does not exist.")
}

func streamNotFound() *APIError {
	return newError(400, "ResourceNotFoundException", "The specified log stream does not exist.")
}

func groupExists() *APIError {
	return newError(400, "ResourceAlreadyExistsException", "The specified log group already exists")
}

func streamExists() *APIError {
	return newError(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
}

func invalidToken() *APIError {
	return invalidParameter("The specified nextToken is invalid.")
}
