package main

import (
	"errors"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// kind sorts failed requests by who can do something about them.
type kind int

const (
	kindPassing     kind = iota // nobody has to: throttling, faults of the service
	kindAccess                  // whoever runs the command: keys, permissions, the clock
	kindFinal                   // the service has decided: the same answer will come again
	kindRefused                 // so it has about events; the library looks for the bad ones
	kindNoHost                  // the name of the host does not resolve
	kindUnreachable             // nobody answers, or not the service
)

// patience says how long trouble of a kind may last before a run is given up,
// from its first failure to its last one in a row. It must be more than a moment:
// a permission that was just given takes seconds to be seen, and a clock that is
// off is put right by the answers. What has worked before may work again, so a run
// that has delivered something waits longer. 0 = for ever.
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

// diagnosis is what a failed request means for whoever runs the command.
type diagnosis struct {
	kind  kind
	cause string // what is wrong
	text  string // that, what was to be done, and what to do about it
}

// code is the exit code of a run that ends for it.
func (d diagnosis) code() int {
	if d.kind == kindAccess {
		return exitDenied
	}
	return exitFailed
}

// diagnose says what a failed request means.
func diagnose(f *explain.Failure, noCreate bool) diagnosis {
	return diagnosis{kindOf(f, noCreate), f.Cause(), f.Text(flagNames)}
}

func kindOf(f *explain.Failure, noCreate bool) kind {
	creates, writes := strings.HasPrefix(f.Operation, "Create"), f.Operation == "PutLogEvents"
	switch f.Kind() {
	case explain.Credentials, explain.Denied, explain.Clock:
		return kindAccess
	case explain.Missing: // what a writer misses, it creates
		if noCreate || !creates && !writes && f.Operation != setRetention {
			return kindFinal
		}
	case explain.Quota: // of others than log groups and log streams it is one of a rate
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

// setRetention is the operation that events do not wait for.
const setRetention = "PutRetentionPolicy"

// failureOf returns the failed request that an error of the library or of the SDK is
// about, or nil.
func failureOf(err error) *explain.Failure {
	if f, ok := errors.AsType[*explain.Failure](err); ok {
		return f
	}
	if sdk, ok := errors.AsType[*smithy.OperationError](err); ok {
		return &explain.Failure{Operation: sdk.OperationName, At: time.Now(), Err: sdk}
	}
	return nil
}

// explained is the text of an error. That of a request says what to do, in the words of
// the command.
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
