package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

var (
	// ErrNoRegion is returned by a constructor when no AWS region is set
	// anywhere.
	ErrNoRegion = preflight.ErrNoRegion
	// ErrClosed is returned by Handle and Write after Shutdown or Close was called. The
	// event is dropped and counted. slog and package log ignore the error, so the first one
	// is also printed to standard error, unless there is an Options.OnError.
	ErrClosed = fmt.Errorf("cloudwatch: %w", queue.ErrClosed)
	// ErrBufferFull is returned by Handle when the event was dropped because
	// the buffer was full. The event is counted.
	ErrBufferFull = fmt.Errorf("cloudwatch: %w", queue.ErrFull)
	// ErrOversize is returned by Handle when the event was dropped because it
	// was larger than MaxEventBytes, under Drop. The event is counted.
	ErrOversize = errors.New("cloudwatch: event larger than MaxEventBytes, dropped")
)

// ErrSpooled is matched by errors.Is for an *UndeliveredError if none of the events it
// counts is lost: all of them are in the spool, and the next start of any program with that
// directory, log group, region and endpoint delivers them.
//
//	if err := h.Close(); err != nil && !errors.Is(err, cloudwatch.ErrSpooled) {
var ErrSpooled = errors.New("cloudwatch: all undelivered events are in the spool")

// UndeliveredError is returned by Flush, Shutdown and AwaitRecovery when they gave up
// before everything was delivered. errors.Is(err, ErrSpooled) reports whether all of it is
// in the spool.
type UndeliveredError struct {
	Events   int64 // how many events the service has not confirmed
	Bytes    int64 // the size of those of this program: after Flush the memory they take, after Shutdown as the service counts them
	Spooled  int64 // how many of them are in the spool: after Shutdown, the next start of any program that uses it sends them
	Leftover int64 // how many of those processes left that ended before; Flush does not wait for them
	Err      error // why the wait ended: the error of the context, or that the service cannot be reached
	Last     error // why they are not delivered: why requests fail, or else what the request in flight waits for; nil if neither is known
}

// Error says how much is left, why the wait ended and why delivery failed.
func (e *UndeliveredError) Error() string {
	var s string
	switch {
	case e.Events == 0: // time was over before they were counted
		s = "cloudwatch: kept in the spool, events of ended processes:"
	case e.Spooled == e.Events:
		s = "cloudwatch: kept in the spool, " + e.count() + ":"
	case e.Spooled > 0:
		s = fmt.Sprintf("cloudwatch: %s, %d of them kept in the spool:", e.count(), e.Spooled)
	default:
		s = "cloudwatch: " + e.count()
	}
	s += " not delivered"
	switch {
	case errors.Is(e.Err, context.DeadlineExceeded):
		s += " in time"
	case errors.Is(e.Err, context.Canceled):
		s += " before the context was canceled"
	case e.Err == errUnreachable && e.Last != nil: // which says it, and how
	case e.Err != nil:
		s += ": " + strings.TrimPrefix(e.Err.Error(), "cloudwatch: ")
	}
	if e.Last != nil {
		s += ": " + e.Last.Error()
	}
	return s
}

// count says how many events there are, and how many of them ended processes left.
func (e *UndeliveredError) count() string {
	if e.Leftover == 0 {
		return countOf(e.Events, e.Bytes)
	}
	return fmt.Sprintf("%s, %d of them of ended processes", countOf(e.Events, 0), e.Leftover)
}

// countOf says how many events, and how large they are if that is known.
func countOf(events, bytes int64) string {
	s := counted(events, "event")
	if bytes > 0 {
		s += " (" + counted(bytes, "byte") + ")"
	}
	return s
}

// counted says how many there are of something.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Is reports whether the target is ErrSpooled and nothing is lost.
func (e *UndeliveredError) Is(target error) bool {
	return target == ErrSpooled && e.Spooled == e.Events
}

// Unwrap returns the causes, for errors.Is and errors.As.
func (e *UndeliveredError) Unwrap() (causes []error) {
	for _, err := range []error{e.Err, e.Last} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// DeliveryError is reported to OnError when a request fails. The events are kept,
// and the request is retried. Each kind of failure is reported once; one that
// lasts is reported again after a minute, two minutes, four and so on, at last
// every hour.
type DeliveryError struct {
	Operation string    // PutLogEvents, CreateLogStream, CreateLogGroup or PutRetentionPolicy
	Failures  int       // requests that failed in a row
	Since     time.Time // when the first of them failed
	Err       error     // why the last one failed, and what to do; it wraps the error of the SDK, see errors.As and smithy.APIError
}

// Error says what failed, why, and what to do.
func (e *DeliveryError) Error() string {
	s := "cloudwatch: " + e.Err.Error()
	var f *explain.Failure
	if errors.As(e.Err, &f) && f.Final() {
		return s + "; not retried"
	}
	if e.Failures > 1 {
		return fmt.Sprintf("%s; retrying after %d failed attempts", s, e.Failures)
	}
	return s + "; retrying"
}

// Unwrap returns the error of the request.
func (e *DeliveryError) Unwrap() error { return e.Err }

// CredentialsError is in the chain of a DeliveryError when no credentials could
// be had for the request; its field Err says why. No request was made then. With
// Options.RoleARN that includes a role that could not be assumed.
type CredentialsError = deliver.CredentialsError

// ForeignError is in the chain of a DeliveryError when the answer was not one of CloudWatch
// Logs: something between this program and the service gave it.
type ForeignError = deliver.ForeignError
