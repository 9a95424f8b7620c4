package cloudwatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

var (
	// ErrNoRegion is returned by a constructor when no AWS region is set
	// anywhere.
	ErrNoRegion = errors.New("no AWS region found: set Options.Region, the variable AWS_REGION, or region in the shared config")
	// ErrClosed is returned by Handle and Write after Shutdown or Close was called. The
	// event is dropped and counted.
	ErrClosed = fmt.Errorf("cloudwatch: %w", queue.ErrClosed)
	// ErrBufferFull is returned by Handle when the event was dropped because
	// the buffer was full. The event is counted.
	ErrBufferFull = fmt.Errorf("cloudwatch: %w", queue.ErrFull)
	// ErrOversize is returned by Handle when the event was dropped because it
	// was larger than MaxEventBytes, under Drop. The event is counted.
	ErrOversize = errors.New("cloudwatch: event larger than MaxEventBytes, dropped")
)

// UndeliveredError is returned by Flush and Shutdown when their time was over
// before everything was delivered.
type UndeliveredError struct {
	Events  int64 // how many events the service has not confirmed
	Bytes   int64 // their size: after Flush the memory they take, after Shutdown as the service counts them
	Spooled int64 // how many of them are in the spool: after Shutdown, the next start of the program sends them
	Err     error // why the wait ended: the error of the context
	Last    error // why the last request failed; nil if none did
}

// Error says how much is left, why the wait ended and why delivery failed.
func (e *UndeliveredError) Error() string {
	s := fmt.Sprintf("cloudwatch: %d events (%d bytes) not delivered", e.Events, e.Bytes)
	if e.Spooled > 0 {
		s += fmt.Sprintf(", %d of them are in the spool", e.Spooled)
	}
	s += fmt.Sprintf(": %v", e.Err)
	if e.Last != nil {
		s += fmt.Sprintf("; last failure: %v", e.Last)
	}
	return s
}

// Unwrap returns both causes, for errors.Is and errors.As.
func (e *UndeliveredError) Unwrap() []error {
	if e.Last == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Last}
}

// DeliveryError is told to OnError when a request fails. The events are kept
// and the request will be made again. It is told once for each kind of failure;
// one that lasts is told again after a minute, two minutes, four and so on, at
// last every hour.
type DeliveryError struct {
	Operation string    // PutLogEvents, CreateLogStream, CreateLogGroup or PutRetentionPolicy
	Failures  int       // requests that failed in a row
	Since     time.Time // when the first of them failed
	Err       error     // of the last one: an error of the SDK, see errors.As and smithy.APIError
}

// Error names the operation and the failure.
func (e *DeliveryError) Error() string {
	return fmt.Sprintf("cloudwatch: %s failed (%d in a row), will try again: %v", e.Operation, e.Failures, e.Err)
}

// Unwrap returns the error of the request.
func (e *DeliveryError) Unwrap() error { return e.Err }

// CredentialsError is in the chain of a DeliveryError when no credentials could
// be had for the request; its field Err says why. No request was made then.
type CredentialsError = deliver.CredentialsError
