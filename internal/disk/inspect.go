package disk

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// What follows is for people who take care of a spool: whatever is wrong with owners and
// modes, they want to read what is there.

// Inspect opens a directory that exists, whoever it belongs to and whoever can write to
// it. Symbolic links are followed. Its Unsafe says whether OpenDir would take it.
func Inspect(path string, o Options) (*Dir, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fail("open", path, err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fail("open", real, err)
	}
	self, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fail("open", real, err)
	}
	d := &Dir{path: real, root: root, self: self, uid: os.Geteuid()}
	err = d.find()
	if err == nil {
		err = o.accept(d.volume, real)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Unsafe returns the *UnsafeError of OpenDir, nil if there is none.
func (d *Dir) Unsafe() error {
	if err := d.Intact(); err != nil {
		return err
	}
	return checkParents(d.path, d.uid)
}

// Inspect opens a file for reading without its lock, whoever it belongs to and whoever
// can write to it. *UnsafeError: it is not a regular file.
func (d *Dir) Inspect(name string) (*File, error) {
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, fail("open", name, err)
	}
	if !seen.Mode().IsRegular() { // opening a pipe would wait
		return nil, notRegular(name)
	}
	f, _, err := d.openSame(name, os.O_RDONLY|nonblock, seen)
	return f, err
}

// UnsafeFile returns the *UnsafeError of Open, nil if there is none.
func (d *Dir) UnsafeFile(name string) error {
	info, err := d.root.Lstat(name)
	if err != nil {
		return fail("look at", name, err)
	}
	if unsafe := unsafeFile(d.path, name, info); unsafe != nil {
		return unsafe
	}
	return nil
}

// Locked reports whether the owner of a file lives. To ask is to have the lock for a
// moment.
func (d *Dir) Locked(name string) bool {
	f, err := d.Inspect(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(f.claim(), ErrLocked)
}

// Discard removes a file, whoever it belongs to. ErrLocked: its owner lives.
func (d *Dir) Discard(name string) error {
	f, err := d.Inspect(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.claim(); err != nil {
		return fail("remove", name, err)
	}
	if err := d.root.Remove(name); err != nil {
		return fail("remove", name, err)
	}
	return nil
}

// UnsafeID returns an error if others can have changed what ties a directory in RAM to
// the directory of a spool.
func (d *Dir) UnsafeID() error { return cmp.Or(d.Unsafe(), d.UnsafeFile(idName)) }

// DiscardID removes what ties a directory in RAM to the directory of a spool. A file of
// that name in which something else is stays.
func (d *Dir) DiscardID() error {
	if _, err := readID(d); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return d.Discard(idName)
}

// Secure gives the directory the mode 0700 if that is all OpenDir has against it.
func (d *Dir) Secure() error {
	info, err := d.self.Stat()
	if err != nil {
		return fail("look at", d.path, err)
	}
	return secure(d.self, d.path, 0o700, unsafeDir(d.path, info, d.uid))
}

// SecureFile gives a file the mode 0600 if that is all Open has against it.
func (d *Dir) SecureFile(name string) error {
	f, err := d.Inspect(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.file.Stat()
	if err != nil {
		return fail("look at", name, err)
	}
	return secure(f.file, name, 0o600, unsafeFile(d.path, name, info))
}

func secure(f *os.File, name string, mode fs.FileMode, unsafe *UnsafeError) error {
	switch {
	case unsafe == nil:
		return nil
	case !unsafe.ByMode():
		return unsafe
	}
	if err := f.Chmod(mode); err != nil {
		return fail("change the mode of", name, err)
	}
	return nil
}
