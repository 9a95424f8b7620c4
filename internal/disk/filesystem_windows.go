package disk

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

func volumeOf(f *os.File) (volume, error) {
	path, err := windows.UTF16PtrFromString(f.Name())
	if err != nil {
		return volume{}, err
	}
	root := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(path, &root[0], uint32(len(root))); err != nil {
		return volume{}, err
	}
	v := volume{kind: Local} // a RAM disk as well: nothing is mapped on Windows
	if windows.GetDriveType(&root[0]) == windows.DRIVE_REMOTE {
		v.kind = Remote
	}
	var free, total uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &total, nil); err != nil {
		return volume{}, err
	}
	v.free = int64(min(free, math.MaxInt64))
	v.total = int64(min(total, math.MaxInt64))
	return v, nil
}
