package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
)

var (
	// ErrNoRegion is returned by a constructor if no AWS region is configured.
	ErrNoRegion = preflight.ErrNoRegion
	// ErrClosed is returned by log calls after Shutdown or Close was called. The event is
	// dropped and counted. slog and package log ignore the error, so the first one is also
	// printed to standard error, unless there is an [Options.OnError].
	ErrClosed = pipeline.ErrClosed
	// ErrBufferFull is returned by log calls if the event was dropped because the buffer was
	// full. The event is counted.
	ErrBufferFull = pipeline.ErrBufferFull
	// ErrOversize is returned by log calls if the event was dropped because it was larger than
	// MaxEventBytes, under [Drop]. The event is counted.
	ErrOversize = pipeline.ErrOversize
)

// ErrSpooled matches an *[UndeliveredError] if none of its events is lost: all of them are in the
// spool, and the next start of any program with the same directory, log group, region and
// endpoint delivers them.
//
//	if err := h.Close(); err != nil && !errors.Is(err, cloudwatch.ErrSpooled) {
var ErrSpooled = errors.New("cloudwatch: all undelivered events are in the spool")

// Silent is an [Options.OnError] that ignores all errors, so nothing is printed. Failures and
// losses then only appear in Stats, Healthy, the loss notices in the log stream, and the errors of
// Flush and Close.
func Silent(error) {}

// UndeliveredError is returned by Flush, Shutdown and AwaitRecovery if they gave up before
// everything was delivered. errors.Is(err, [ErrSpooled]) reports whether all of it is in the spool.
type UndeliveredError struct {
	Events   int64 // events that the service has not acknowledged
	Bytes    int64 // their size, without those of ended processes: after Flush the memory they use, after Shutdown as the service counts it
	Spooled  int64 // those of Events that are in the spool: after Shutdown, the next start of any program that uses it sends them
	Leftover int64 // those of Events that ended processes left; Flush does not wait for them
	Err      error // why the wait ended: the error of the context, or that the service cannot be reached
	Last     error // why they are not delivered: why requests fail, or what the request in flight waits for; nil if neither is known
}

// Error returns how much is left, why the wait ended and why delivery failed.
func (e *UndeliveredError) Error() string {
	var s string
	switch {
	case e.Events == 0: // it gave up before they were counted
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
	case e.Err == pipeline.ErrUnreachable && e.Last != nil: // Last says so in detail
	case e.Err != nil:
		s += ": " + strings.TrimPrefix(e.Err.Error(), "cloudwatch: ")
	}
	if e.Last != nil {
		s += ": " + e.Last.Error()
	}
	return s
}

// count returns the number of events, and how many of them ended processes left.
func (e *UndeliveredError) count() string {
	if e.Leftover > 0 {
		return fmt.Sprintf("%s, %d of them of ended processes", plural(e.Events, "event"), e.Leftover)
	}
	s := plural(e.Events, "event")
	if e.Bytes > 0 {
		s += " (" + plural(e.Bytes, "byte") + ")"
	}
	return s
}

// plural returns "1 event" or "2 events".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Is reports whether target is [ErrSpooled] and no event is lost.
func (e *UndeliveredError) Is(target error) bool {
	return target == ErrSpooled && e.Spooled == e.Events
}

// Unwrap returns Err and Last, those that are not nil.
func (e *UndeliveredError) Unwrap() (causes []error) {
	for _, err := range []error{e.Err, e.Last} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// DeliveryError is reported to [Options.OnError] when a request fails. The events are kept, and the
// request is retried. Each kind of failure is reported once; one that lasts is reported again
// after a minute, two more minutes, four and so on, at most an hour apart.
type DeliveryError struct {
	Operation string    // PutLogEvents, CreateLogStream, CreateLogGroup or PutRetentionPolicy
	Failures  int       // failed requests in a row
	Since     time.Time // when the first of them failed
	Err       error     // why the last one failed, and what to do; it wraps the error of the SDK, see errors.As and smithy.APIError
}

// Error returns what failed, why, and what to do.
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

// Unwrap returns Err.
func (e *DeliveryError) Unwrap() error { return e.Err }

// CredentialsError is in the chain of a [DeliveryError] when no credentials could
// be had for the request; its field Err says why. No request was made then. With
// Options.RoleARN that includes a role that could not be assumed.
type CredentialsError = deliver.CredentialsError

// ForeignError is in the chain of a [DeliveryError] when the answer was not one of CloudWatch
// Logs: something between this program and the service gave it.
type ForeignError = deliver.ForeignError

// LossError is reported to [Options.OnError], or printed, when events are lost. By the end of
// Shutdown the counts of all LossErrors add up to Rejected and Dropped of [Stats], except empty
// messages, unless OnError has not returned by then. Losses after that are only counted.
//
// The log stream records the same losses, except those after Close, as soon as a request
// succeeds again. For each reason it gets one loss notice like this, whatever the Format;
// {$.msg = "log events lost"} is a filter pattern that matches it:
//
//	{"time":"2026-11-22T12:00:00.123Z","level":"ERROR","msg":"log events lost","number":1,"reason":"buffer full","events":12,"bytes":3456,
//	"from":"2026-11-22T11:58:00.123Z","to":"2026-11-22T11:59:59.999Z","levels":{"DEBUG":10,"INFO":2,"WARN":0,"ERROR":0,"NONE":0}}
//
// number counts the loss notices of a handler: a notice that is delivered twice, because a
// response was lost, has the same number both times.
type LossError struct {
	Events   int64       // lost since the last LossError of this reason
	Bytes    int64       // UTF-8 bytes of their messages
	From, To time.Time   // times of the oldest and the newest of them
	Levels   LevelCounts // by level
	Reason   LossReason
	Err      error // the response that refused a request, without its text, which may quote the event; why events are undelivered; else nil
}

// LossReason is why events were lost. [Stats] has a counter for each.
type LossReason string

// The reasons. [Rejected] has the counters of the first four, [Dropped] those of the others.
const (
	LossTooOld      LossReason = "too old"
	LossExpired     LossReason = "older than the log group's retention"
	LossTooNew      LossReason = "too far in the future"
	LossRefused     LossReason = "refused" // by the service, or by something between the program and the service
	LossBufferFull  LossReason = "buffer full"
	LossOversize    LossReason = "larger than an event may be"
	LossUnformatted LossReason = "could not be formatted"
	LossClosed      LossReason = "logged after close"
	LossUndelivered LossReason = "undelivered at shutdown"
	LossDamaged     LossReason = "damaged in the spool"
)

// LevelCounts counts events by level. A level between two of slog's counts as the lower one.
type LevelCounts struct {
	Debug int64 // below INFO
	Info  int64 // INFO and above
	Warn  int64 // WARN and above
	Error int64 // ERROR and above
	None  int64 // without a level: lines of a Writer
}

// Error returns how many events were lost and why.
func (e *LossError) Error() string {
	s := fmt.Sprintf("cloudwatch: %s lost: %s", plural(e.Events, "event"), e.Reason)
	var f *explain.Failure
	switch {
	case errors.As(e.Err, &f):
		s += ": " + f.Cause()
	case e.Err != nil:
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *LossError) Unwrap() error { return e.Err }

func newLossError(l *pipeline.Loss) *LossError {
	return &LossError{
		Events: l.Events,
		Bytes:  l.Bytes,
		From:   time.UnixMilli(l.First).UTC(),
		To:     time.UnixMilli(l.Last).UTC(),
		Levels: LevelCounts{
			Debug: l.Levels[account.Debug],
			Info:  l.Levels[account.Info],
			Warn:  l.Levels[account.Warn],
			Error: l.Levels[account.Error],
			None:  l.Levels[account.None],
		},
		Reason: LossReason(pipeline.Label(l.Reason)),
		Err:    l.Err,
	}
}

// public converts a notice of the pipeline to the error that the program gets.
func public(notice any) error {
	switch n := notice.(type) {
	case *pipeline.Loss:
		return newLossError(n)
	case *pipeline.DeliveryFailure:
		return (*DeliveryError)(n)
	case *pipeline.SpoolFailure:
		return (*SpoolError)(n)
	case *pipeline.Undelivered:
		return (*UndeliveredError)(n)
	}
	err, _ := notice.(error)
	return err
}

// advice returns what the reader of an error on standard error can do. Failed requests already
// say so.
func advice(err error) string {
	switch e := err.(type) {
	case *LossError:
		return lossAdvice[e.Reason]
	case *SpoolError:
		return e.advice()
	case *UndeliveredError:
		switch {
		case errors.Is(err, ErrSpooled):
			return "the next start with the same spool delivers them"
		case e.Last == nil:
			return "give Close more time (Options.CloseTimeout), or keep events in a spool (Options.Spool)"
		}
	}
	return ""
}

var lossAdvice = map[LossReason]string{
	LossTooOld:      "log events sooner, or leave Options.Untimely at Restamp",
	LossExpired:     "raise the retention of the log group, or leave Options.Untimely at Restamp",
	LossTooNew:      "set the clock of this machine, or leave Options.Untimely at Restamp",
	LossRefused:     "Stats.Rejected counts them, the log stream has a notice with their times",
	LossBufferFull:  "log less, raise Options.BufferBytes, or set Options.Spool",
	LossOversize:    "raise Options.MaxEventBytes, or set Options.Oversize to Split or Truncate",
	LossUnformatted: "check the handler given to Using, Handle returns its error",
	LossDamaged:     "check the disk of the spool (Options.Spool)",
}
