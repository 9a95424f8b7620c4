//go:build unix && !aix

package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the exclusive lock of a file, or returns ErrLocked. The lock
// belongs to this opening of the file, not to the process, so that a second
// opening in the same process is refused as well, and it ends with the process,
// however that dies.
func lock(f *os.File) error {
	err := control(f, func(fd uintptr) error {
		return unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB)
	})
	if err == unix.EWOULDBLOCK {
		return ErrLocked
	}
	return err
}
