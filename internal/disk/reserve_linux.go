package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// reserve gives a new file its size, and the space for it if the file system
// can do that.
func reserve(f *os.File, size int64) error {
	err := control(f, func(fd uintptr) error { return unix.Fallocate(int(fd), 0, 0, size) })
	switch err {
	case unix.EOPNOTSUPP, unix.ENOSYS, unix.EINVAL: // EINVAL also for size 0
		return f.Truncate(size)
	}
	return err
}
