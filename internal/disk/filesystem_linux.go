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
	magic := uint32(st.Type)
	block := uint64(st.Frsize) // the unit of the counts; old systems leave it out
	if block == 0 {
		block = uint64(st.Bsize)
	}
	return volume{
		kind:    kindOfMagic(magic),
		overlay: magic == magicOverlay,
		free:    inBytes(st.Bavail, block),
		total:   inBytes(st.Blocks, block),
	}, nil
}
