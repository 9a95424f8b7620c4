//go:build !unix && !windows

package neterr

// What system calls return for connections is not known here.
var Refused, NoRoute, Forbidden, NoFiles, Reset []error
