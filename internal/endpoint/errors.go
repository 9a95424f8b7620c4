package endpoint

import (
	"fmt"
	"time"
)

// APIError is an error response of the service, from a fault or from an operation.
type APIError struct {
	Status  int    // HTTP status
	Code    string // name of the error, such as "ThrottlingException"
	Message string // text of the error

	// RetryAfter is sent in the Retry-After header, in whole seconds, rounded up. 0 or less = no
	// such header.
	RetryAfter time.Duration
}

// newError returns an error without RetryAfter.
func newError(status int, code, message string) *APIError {
	return &APIError{Status: status, Code: code, Message: message}
}

// Error returns "Code: Message".
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Throttled returns the error for a request above the account's quota.
func Throttled() *APIError {
	return newError(400, "ThrottlingException", "Rate exceeded")
}

// ServiceUnavailable returns the error of a service that is overloaded or down.
func ServiceUnavailable() *APIError {
	return newError(503, "ServiceUnavailableException", "The service cannot complete the request.")
}

// InternalFailure returns the error of a service that failed internally.
func InternalFailure() *APIError {
	return newError(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

// ExpiredToken returns the error for temporary credentials that have expired.
func ExpiredToken() *APIError {
	return newError(400, "ExpiredTokenException", "The security token included in the request is expired")
}

// UnrecognizedClient returns the error for an unknown access key.
func UnrecognizedClient() *APIError {
	return newError(400, "UnrecognizedClientException", "The security token included in the request is invalid.")
}

// AccessDenied returns the error for credentials without permission for an operation, such as
// "PutLogEvents".
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
