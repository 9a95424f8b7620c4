package main

import (
	"errors"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// kind classifies failed requests by who can act on them.
type kind int

const (
	kindPassing     kind = iota // no one needs to act: throttling, service faults
	kindAccess                  // the user: keys, permissions, clock
	kindFinal                   // permanent: the same response would come again
	kindRefused                 // permanent for some events; the library bisects the request
	kindNoHost                  // the host name does not resolve
	kindUnreachable             // no response, or none from the service
)

// patience returns how long consecutive failures of a kind may last before a run is gave up: first
// before anything was delivered, later after that, because a service that has worked may work again.
// 0 means forever. It is several seconds at least: a new permission takes seconds to become effective,
// and the library corrects a wrong clock by the responses.
func (k kind) patience() (first, later time.Duration) {
	switch k {
	case kindAccess:
		return 5 * time.Second, time.Minute
	case kindFinal:
		return 1500 * time.Millisecond, time.Minute
	case kindRefused:
		return 30 * time.Second, 30 * time.Second
	case kindNoHost:
		return 5 * time.Second, 0
	case kindUnreachable:
		return 30 * time.Second, 0
	}
	return 0, 0
}

// diagnosis is the meaning of a failed request for the user of the command.
type diagnosis struct {
	kind  kind
	cause string // the cause
	text  string // operation, cause and next step
}

// code returns the exit code of a run given up because of it.
func (d diagnosis) code() int {
	if d.kind == kindAccess {
		return exitDenied
	}
	return exitFailed
}

// diagnose classifies a failed request.
func diagnose(f *explain.Failure, noCreate bool) diagnosis {
	return diagnosis{kindOf(f, noCreate), f.Cause(), f.Text(flagNames)}
}

func kindOf(f *explain.Failure, noCreate bool) kind {
	creates, writes := strings.HasPrefix(f.Operation, "Create"), f.Operation == "PutLogEvents"
	switch f.Kind() {
	case explain.Credentials, explain.Denied, explain.Clock:
		return kindAccess
	case explain.Missing: // a writer creates what is missing
		if noCreate || !creates && !writes && f.Operation != setRetention {
			return kindFinal
		}
	case explain.Quota: // for resources other than log groups and log streams it is a rate
		if creates {
			return kindFinal
		}
	case explain.Invalid:
		if writes {
			return kindRefused
		}
		return kindFinal
	case explain.Unsupported:
		return kindFinal
	case explain.NoHost:
		return kindNoHost
	case explain.Unreachable:
		return kindUnreachable
	}
	return kindPassing
}

// setRetention is the operation whose failure does not hold up events.
const setRetention = "PutRetentionPolicy"

// failureOf returns the failed request behind an error of the library or of the SDK, or nil.
func failureOf(err error) *explain.Failure {
	if f, ok := errors.AsType[*explain.Failure](err); ok {
		return f
	}
	if sdk, ok := errors.AsType[*smithy.OperationError](err); ok {
		return &explain.Failure{Operation: sdk.OperationName, At: time.Now(), Err: sdk}
	}
	return nil
}

// explained returns the text of an error. For a failed request, it includes the next step in terms of
// flags.
func explained(err error) string {
	text, f := err.Error(), failureOf(err)
	switch {
	case f == nil:
		return text
	case f.Err != nil && !strings.Contains(text, f.Error()):
		return strings.Replace(text, f.Err.Error(), f.Text(flagNames), 1)
	}
	return strings.Replace(text, f.Error(), f.Text(flagNames), 1)
}
