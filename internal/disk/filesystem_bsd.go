//go:build darwin || dragonfly || freebsd

package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

func volumeOf(f *os.File) (volume, error) {
	var st unix.Statfs_t
	if err := control(f, func(fd uintptr) error { return unix.Fstatfs(int(fd), &st) }); err != nil {
		return volume{}, err
	}
	free := int64(st.Bavail) // below 0 while root uses what is kept for it
	name := unix.ByteSliceToString(st.Fstypename[:])
	return volume{
		kind:   kindOfName(name, st.Flags&unix.MNT_LOCAL != 0),
		pseudo: pseudoName(name),
		free:   inBytes(uint64(max(free, 0)), uint64(st.Bsize)),
		total:  inBytes(uint64(st.Blocks), uint64(st.Bsize)),
	}, nil
}

// pseudoAt returns the name of the file system of a path if it is one of the kernel,
// else "".
func pseudoAt(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "" // opening it will say why
	}
	return pseudoName(unix.ByteSliceToString(st.Fstypename[:]))
}
