package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// reserve makes a file as large as to, and reserves the space from the one offset to
// the other if the file system can do that.
func reserve(f *os.File, from, to int64) error {
	err := control(f, func(fd uintptr) error { return unix.Fallocate(int(fd), 0, from, to-from) })
	switch err {
	case unix.EOPNOTSUPP, unix.ENOSYS, unix.EINVAL: // EINVAL also for no bytes
		return f.Truncate(to)
	}
	return err
}

// punch gives back the space between two offsets.
func punch(f *os.File, from, to int64) error {
	err := control(f, func(fd uintptr) error {
		return unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, to-from)
	})
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS { // then it stays allocated
		return nil
	}
	return err
}
