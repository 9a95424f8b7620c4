package disk

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the exclusive lock of a file, or returns ErrLocked. It locks one
// byte far behind the end: whoever lists the spool must be able to read.
func lock(f *os.File) error {
	err := control(f, func(fd uintptr) error {
		where := windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32}
		return windows.LockFileEx(windows.Handle(fd), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &where)
	})
	if err == windows.ERROR_LOCK_VIOLATION {
		return ErrLocked
	}
	return err
}
