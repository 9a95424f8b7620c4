//go:build !unix && !windows

package explain

// What system calls return for connections is not known here.
var errRefused, errNoRoute, errForbidden, errNoFiles, errReset []error
