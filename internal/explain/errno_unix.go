//go:build unix

package explain

import "syscall"

// What system calls return for connections, by what it means.
var (
	errRefused   = []error{syscall.ECONNREFUSED}
	errNoRoute   = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.EADDRNOTAVAIL}
	errForbidden = []error{syscall.EACCES, syscall.EPERM}
	errNoFiles   = []error{syscall.EMFILE, syscall.ENFILE}
	errReset     = []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
)
