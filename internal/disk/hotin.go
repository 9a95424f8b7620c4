package disk

import (
	"fmt"
	"os"
	"path/filepath"
)

// OpenHotIn is OpenHot in a directory that somebody knows to outlive the process. On
// anything but a RAM file system: *NoHotError.
func OpenHotIn(spool *Dir, ram string) (*Dir, error) {
	v, err := volumeAt(ram)
	if err != nil {
		return nil, err
	}
	if v.kind != RAM {
		return nil, &NoHotError{ram + " is not on a RAM file system"}
	}
	id, err := hotID(spool)
	if err != nil {
		return nil, err
	}
	return OpenDir(filepath.Join(ram, fmt.Sprintf("cloudwatch-%d-%s", os.Geteuid(), id)), Options{})
}
