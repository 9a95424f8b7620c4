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
	return volumeFrom(&st), nil
}

// pseudoAt returns the name of the file system of a path if it is one of the kernel,
// else "".
func pseudoAt(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "" // opening it will say why
	}
	return pseudoMagic[uint32(st.Type)]
}

func volumeFrom(st *unix.Statfs_t) volume {
	magic := uint32(st.Type)
	block := uint64(st.Frsize) // the unit of the counts; old systems leave it out
	if block == 0 {
		block = uint64(st.Bsize)
	}
	return volume{
		kind:    kindOfMagic(magic),
		pseudo:  pseudoMagic[magic],
		overlay: magic == magicOverlay,
		free:    inBytes(st.Bavail, block),
		total:   inBytes(st.Blocks, block),
	}
}
