package cloudwatchtest

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// APIError is an error response of the service. [Fault.Error] makes the endpoint return one, and
// the methods that prepare state, such as [Server.CreateLogGroup], return it as their error.
type APIError struct {
	Status  int    // HTTP status
	Code    string // name of the error, such as "ThrottlingException"
	Message string // text of the error

	// RetryAfter is sent in the Retry-After header, in whole seconds, rounded up. 0 or less = no
	// such header.
	RetryAfter time.Duration
}

// Error returns "Code: Message".
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Throttled returns the error for a request above the account's quota.
func Throttled() *APIError { return (*APIError)(endpoint.Throttled()) }

// ServiceUnavailable returns the error of a service that is overloaded or down.
func ServiceUnavailable() *APIError { return (*APIError)(endpoint.ServiceUnavailable()) }

// InternalFailure returns the error of a service that failed internally.
func InternalFailure() *APIError { return (*APIError)(endpoint.InternalFailure()) }

// ExpiredToken returns the error for temporary credentials that have expired.
func ExpiredToken() *APIError { return (*APIError)(endpoint.ExpiredToken()) }

// UnrecognizedClient returns the error for an unknown access key.
func UnrecognizedClient() *APIError { return (*APIError)(endpoint.UnrecognizedClient()) }

// AccessDenied returns the error for credentials without permission for an operation, such as
// "PutLogEvents".
func AccessDenied(operation string) *APIError {
	return (*APIError)(endpoint.AccessDenied(operation))
}
