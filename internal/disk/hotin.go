package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// KeepHot has a directory of a spool belong to the same directory in RAM as before, if
// somebody has deleted what says so. It reports whether that was so.
func KeepHot(spool, hot *Dir) (made bool, err error) {
	name := filepath.Base(hot.path)
	id := name[strings.LastIndexByte(name, '-')+1:]
	if len(id) != idBytes || spool.kind == RAM { // it is the same directory
		return false, nil
	}
	f, err := spool.Create(idName, idBytes)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = f.WriteAt([]byte(id), 0)
	return true, errors.Join(err, f.Close())
}

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
	return openHotDir(ram, id)
}
