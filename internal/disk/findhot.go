package disk

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// FindHot opens the directory in RAM that belongs to the directory of a spool, if some
// process has made one: in ram, or in /dev/shm if that is empty. It makes nothing and
// takes no lock. fs.ErrNotExist: nobody has made one. ErrGone: it was deleted since, as a
// reboot does. *UnsafeError: it does not belong to the owner of the spool, or others can
// write to it: nothing in it is trusted.
func FindHot(spool *Dir, ram string) (*Dir, error) {
	id, err := readID(spool)
	if err != nil {
		return nil, err
	}
	info, err := spool.self.Stat()
	if err != nil {
		return nil, fail("look at", spool.path, err)
	}
	owner := ownerOf(info)
	path, err := absolute(hotPath(cmp.Or(ram, sharedMemory), owner, id))
	if err != nil {
		return nil, err
	}
	info, err = os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail("open", path, ErrGone)
	}
	if err != nil {
		return nil, fail("open", path, err)
	}
	if err := checkParents(path, owner); err != nil {
		return nil, err
	}
	return openSeen(path, info, owner, Options{})
}

// readID returns the id of a spool, or fs.ErrNotExist if there is none.
func readID(spool *Dir) (string, error) {
	f, err := spool.Inspect(idName)
	if err != nil {
		return "", err
	}
	defer f.Close()
	id := make([]byte, idBytes)
	if _, err := f.ReadAt(id, 0); err != nil || strings.Trim(string(id), "0123456789abcdef") != "" {
		return "", fail("read", idName, fs.ErrNotExist) // nobody has used it yet
	}
	return string(id), nil
}
