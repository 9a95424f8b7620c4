package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Exit codes. A run that a signal ended has 128 and the number of the signal.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitLoss   = 3 // finished, but events were rejected or dropped
	exitDenied = 4 // no credentials, or access denied
)

// exitError ends the program with a code. With err nil, everything has been
// said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit is an exitError for what has been said already; nil for code 0.
func exit(code int) error {
	if code == exitDone {
		return nil
	}
	return &exitError{code: code}
}

func failed(err error) *exitError     { return &exitError{exitFailed, err} }
func wrongUsage(err error) *exitError { return &exitError{exitUsage, err} }

// bySignal is the end of a run that a signal ended. There is nothing to say.
func bySignal(s os.Signal) *exitError { return &exitError{code: exitSignal(s)} }

// exitSignal is the code of a run that the signal ended, as shells have it.
func exitSignal(s os.Signal) int {
	if s == syscall.SIGTERM {
		return 128 + int(syscall.SIGTERM)
	}
	return 128 + int(syscall.SIGINT)
}

// closedPipe reports whether the reader of our output has gone away. That is
// how `| head` works, and no error.
func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
