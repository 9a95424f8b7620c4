package disk

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// stat returns what List does of a file; fs.ErrInvalid if it is not a regular one. A spool
// may have tens of thousands, and a start waits for all of them: this is a system call and
// little else.
func (d *Dir) stat(name string) (Entry, error) {
	var info unix.Stat_t
	err := control(d.self, func(fd uintptr) error {
		return unix.Fstatat(int(fd), name, &info, unix.AT_SYMLINK_NOFOLLOW)
	})
	if err == nil && info.Mode&unix.S_IFMT != unix.S_IFREG {
		err = fs.ErrInvalid
	}
	return Entry{name, info.Blocks * 512, info.Size}, err
}
