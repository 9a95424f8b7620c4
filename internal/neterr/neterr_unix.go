//go:build unix

package neterr

import "syscall"

// ErrRefused is the system's error for a port without a listener.
const ErrRefused = syscall.ECONNREFUSED

// Errors of system calls for connections, by their meaning.
var (
	Refused   = []error{ErrRefused}
	NoRoute   = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.EADDRNOTAVAIL}
	Forbidden = []error{syscall.EACCES, syscall.EPERM}
	NoFiles   = []error{syscall.EMFILE, syscall.ENFILE}
	Reset     = []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
)
