package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Exit codes. A run ended by a signal exits with 128 plus the number of the signal.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitLoss   = 3 // finished, but events were rejected or dropped
	exitDenied = 4 // no credentials, or access denied
)

// exitError ends the program with a code. With a nil err, nothing more is printed.
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

// exit returns an exitError that prints nothing; nil for code 0.
func exit(code int) error {
	if code == exitDone {
		return nil
	}
	return &exitError{code: code}
}

func failed(err error) *exitError     { return &exitError{exitFailed, err} }
func wrongUsage(err error) *exitError { return &exitError{exitUsage, err} }

// bySignal returns the error of a run that a signal ended. It prints nothing.
func bySignal(s os.Signal) *exitError { return &exitError{code: exitSignal(s)} }

// exitSignal returns the exit code of a run that the signal ended, by the convention of shells.
func exitSignal(s os.Signal) int {
	if s == syscall.SIGTERM {
		return 128 + int(syscall.SIGTERM)
	}
	return 128 + int(syscall.SIGINT)
}

// closedPipe reports whether the reader of our output has closed the pipe, as head does. That is not
// an error.
func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
