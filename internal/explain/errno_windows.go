package explain

import "golang.org/x/sys/windows"

// What Winsock returns for connections, by what it means. Package syscall has other numbers
// by these names.
var (
	errRefused   = []error{windows.WSAECONNREFUSED}
	errNoRoute   = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN, windows.WSAEADDRNOTAVAIL}
	errForbidden = []error{windows.WSAEACCES}
	errNoFiles   = []error{windows.WSAEMFILE}
	errReset     = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED}
)
