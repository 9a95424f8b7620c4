package neterr

import "golang.org/x/sys/windows"

// What Winsock returns for connections, by what it means. Package syscall has other numbers
// by these names.
var (
	Refused   = []error{windows.WSAECONNREFUSED}
	NoRoute   = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN, windows.WSAEADDRNOTAVAIL}
	Forbidden = []error{windows.WSAEACCES}
	NoFiles   = []error{windows.WSAEMFILE}
	Reset     = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED}
)
