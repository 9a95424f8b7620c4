//go:build !plan9

package endpoint

import "syscall"

// errRefused is what a client gets from the operating system when nothing listens.
const errRefused = syscall.ECONNREFUSED
