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
	return volume{
		kind:  kindOfName(unix.ByteSliceToString(st.Fstypename[:]), st.Flags&unix.MNT_LOCAL != 0),
		free:  inBytes(uint64(max(free, 0)), uint64(st.Bsize)),
		total: inBytes(uint64(st.Blocks), uint64(st.Bsize)),
	}, nil
}
