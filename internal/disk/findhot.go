package disk

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// FindHot opens the directory in RAM that belongs to the directory of a spool, if some
// process has made one: in ram, or in /dev/shm if that is empty. It makes nothing and
// takes no lock. fs.ErrNotExist: there is none.
func FindHot(spool *Dir, ram string) (*Dir, error) {
	f, err := spool.OpenReadOnly(idName)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	id := make([]byte, idBytes)
	if _, err := f.ReadAt(id, 0); err != nil || !goodName(string(id)) {
		return nil, fail("read", idName, os.ErrNotExist) // nobody has used it yet
	}
	path := filepath.Join(cmp.Or(ram, sharedMemory), fmt.Sprintf("cloudwatch-%d-%s", os.Geteuid(), id))
	if _, err := os.Lstat(path); err != nil { // or OpenDir would make it
		return nil, fail("open", path, err)
	}
	return OpenDir(path, Options{})
}
