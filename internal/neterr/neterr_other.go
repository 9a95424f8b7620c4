//go:build !unix && !windows

package neterr

import "errors"

// ErrRefused stands for the system's error for a port without a listener.
var ErrRefused = errors.New("connection refused")

// Errors of system calls for connections, by their meaning. Those of the systems without numbers of
// their own (Plan 9, WebAssembly) are not distinguished.
var (
	Refused                            = []error{ErrRefused}
	NoRoute, Forbidden, NoFiles, Reset []error
)
