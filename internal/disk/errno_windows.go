package disk

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// systemError is the type of the errors that system calls return.
type systemError = syscall.Errno

// Errors of system calls by their meaning. The constants of package syscall that are named
// after POSIX errors are numbers which Windows never returns.
var (
	noSpace      = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
	tooManyFiles = []error{windows.ERROR_TOO_MANY_OPEN_FILES}
	readOnly     = []error{windows.ERROR_WRITE_PROTECT}
	otherFaults  = []error{windows.ERROR_IO_DEVICE, windows.ERROR_CRC, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES}
)
