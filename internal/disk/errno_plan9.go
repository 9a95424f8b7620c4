package disk

import (
	"errors"
	"syscall"
)

// systemError is the type of the errors that system calls return.
type systemError = syscall.ErrorString

// Errors of system calls by their meaning. Plan 9 has texts, which each file server words
// differently; without locks, no spool gets far enough to meet them.
var (
	noSpace      = []error{errors.New("no space left on device")}
	tooManyFiles = []error{syscall.EMFILE}
	readOnly     = []error(nil)
	otherFaults  = []error{syscall.EIO}
)
