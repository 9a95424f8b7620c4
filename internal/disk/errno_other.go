//go:build !plan9 && !windows

package disk

import "syscall"

// systemError is the type of the errors that system calls return.
type systemError = syscall.Errno

// Errors of system calls by their meaning. The numbers differ between systems.
var (
	noSpace      = []error{syscall.ENOSPC, syscall.EDQUOT}
	tooManyFiles = []error{syscall.EMFILE, syscall.ENFILE}
	readOnly     = []error{syscall.EROFS}
	otherFaults  = []error{syscall.EIO, syscall.ENOMEM}
)
