//go:build unix

package neterr

import "syscall"

// What system calls return for connections, by what it means.
var (
	Refused   = []error{syscall.ECONNREFUSED}
	NoRoute   = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.EADDRNOTAVAIL}
	Forbidden = []error{syscall.EACCES, syscall.EPERM}
	NoFiles   = []error{syscall.EMFILE, syscall.ENFILE}
	Reset     = []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
)
