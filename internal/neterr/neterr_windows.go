package neterr

import "golang.org/x/sys/windows"

// ErrRefused is the system's error for a port without a listener.
const ErrRefused = windows.WSAECONNREFUSED

// Errors of Winsock for connections, by their meaning. Package syscall uses the same names for
// other numbers.
var (
	Refused   = []error{ErrRefused}
	NoRoute   = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN, windows.WSAEADDRNOTAVAIL}
	Forbidden = []error{windows.WSAEACCES}
	NoFiles   = []error{windows.WSAEMFILE}
	Reset     = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED}
)
