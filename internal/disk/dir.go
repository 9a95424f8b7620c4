// Package disk is what the spool needs of the operating system: a directory
// that no other user can have made or can write to, files in it that are locked
// by their owner and have their space reserved, and memory mapping of such
// files, but only where they are in RAM.
//
// A store into a mapping of a file on a disk waits for the disk inside a page
// fault, and the Go runtime cannot stop the world for as long. Hence the rule:
// map RAM, use system calls for disks.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Dir is a checked directory. What is in it is reached through its descriptor,
// not through its path, which others may change. Its methods may be called at
// the same time.
type Dir struct {
	path string   // absolute
	root *os.Root // opens everything in it
	self *os.File // the directory itself
	uid  int      // user it must belong to
	volume
}

// Options of OpenDir and Inspect.
type Options struct {
	AllowRemote bool // take a network or FUSE file system
}

// OpenDir opens a directory, and makes it (mode 0700) and its parents if they
// are missing. The directory itself has to belong to the effective user, with no write
// permission for group and others, and its path may not end in a symbolic link. Nor may
// others be able to replace it or one of its parents: *UnsafeError. On a network or FUSE
// file system: *RemoteError; on one of the kernel: *PseudoError.
func OpenDir(path string, o Options) (*Dir, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	if err := checkParents(path, os.Geteuid()); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeDir(path); err != nil {
			return nil, failMaking(path, err)
		}
		if err := checkParents(path, os.Geteuid()); err != nil { // others may have been faster
			return nil, err
		}
		info, err = os.Lstat(path)
	}
	if err != nil {
		return nil, fail("open", path, err)
	}
	return openSeen(path, info, os.Geteuid(), o)
}

// openSeen opens a directory that must belong to a user.
func openSeen(path string, info fs.FileInfo, uid int, o Options) (*Dir, error) {
	if unsafe := unsafeDir(path, info, uid); unsafe != nil {
		return nil, unsafe
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fail("open", path, err)
	}
	d, err := newDir(path, root, info, uid)
	if err != nil {
		root.Close()
		return nil, err
	}
	if err := o.accept(d.volume, path); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func absolute(path string) (string, error) {
	if path == "" {
		return "", fail("open", `""`, fs.ErrInvalid)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fail("open", path, err)
	}
	return abs, nil
}

func (o Options) accept(v volume, path string) error {
	switch {
	case v.kind == Pseudo:
		return &PseudoError{path, v.pseudo}
	case v.kind == Remote && !o.AllowRemote:
		return &RemoteError{path}
	}
	return nil
}

// newDir makes a Dir of what has been opened, if it is still what was seen at
// the path before.
func newDir(path string, root *os.Root, seen fs.FileInfo, uid int) (*Dir, error) {
	self, err := root.Open(".")
	if err != nil {
		return nil, fail("open", path, err)
	}
	d := &Dir{path: path, root: root, self: self, uid: uid}
	if err := d.check(seen); err != nil {
		self.Close()
		return nil, err
	}
	if err := d.find(); err != nil {
		self.Close()
		return nil, err
	}
	return d, nil
}

// find fills in the file system.
func (d *Dir) find() (err error) {
	if d.volume, err = volumeOf(d.self); err != nil {
		return fail("find the file system of", d.path, err)
	}
	info, err := d.self.Stat()
	if err != nil {
		return fail("look at", d.path, err)
	}
	if isDev(info) {
		d.kind, d.pseudo = Pseudo, "devices"
	}
	return nil
}

func (d *Dir) check(seen fs.FileInfo) error {
	info, err := d.self.Stat()
	if err != nil {
		return fail("look at", d.path, err)
	}
	if !os.SameFile(seen, info) {
		return fail("look at", d.path, ErrReplaced)
	}
	if unsafe := unsafeDir(d.path, info, d.uid); unsafe != nil {
		return unsafe
	}
	return nil
}

// makeDir makes a directory and its parents. Mode 0700 is set after each was made,
// whatever the umask has left of it, through the parent's descriptor, so that no
// link can divert it.
func makeDir(path string) error {
	above := filepath.Dir(path)
	parent, err := os.OpenRoot(above)
	if errors.Is(err, fs.ErrNotExist) && above != path {
		if err := makeDir(above); err != nil {
			return err
		}
		parent, err = os.OpenRoot(above)
	}
	if err != nil {
		return err
	}
	defer parent.Close()
	name := filepath.Base(path)
	if err := parent.Mkdir(name, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // another process was faster
		}
		return err
	}
	if err := parent.Chmod(name, 0o700); err != nil {
		return err
	}
	self, err := parent.Open(".")
	if err != nil {
		return err
	}
	defer self.Close()
	return syncDir(self)
}

// Path returns the absolute path.
func (d *Dir) Path() string { return d.path }

// FileSystem returns the kind of file system the directory is on.
func (d *Dir) FileSystem() FileSystem { return d.kind }

// Space returns how many bytes of the file system a user without privileges can
// still have, and how many there are. Where the system cannot be asked, both
// are the largest number.
func (d *Dir) Space() (free, total int64, err error) {
	v, err := volumeOf(d.self)
	if err != nil {
		return 0, 0, fail("find the free space of", d.path, err)
	}
	return v.free, v.total, nil
}

// Intact returns an error if the directory has been deleted (ErrGone) or
// replaced (ErrReplaced) at its path, or if others can write to it by now
// (*UnsafeError).
func (d *Dir) Intact() error {
	info, err := os.Lstat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fail("look at", d.path, ErrGone)
	}
	if err != nil {
		return fail("look at", d.path, err)
	}
	return d.check(info)
}

// Create makes a file of that size and takes its lock. Nobody else can open it
// (mode 0600). Its space is reserved where the file system can do that; reserved
// or not, it reads as zeros. If that fails, there is no file.
//
// ErrLocked means that another process has opened the new file before its lock
// was taken: it is left to that process, and the caller takes another name.
func (d *Dir) Create(name string, size int64) (*File, error) {
	if !goodName(name) || size < 0 {
		return nil, fail("create", name, fs.ErrInvalid)
	}
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fail("create", name, err)
	}
	f := &File{dir: d, name: name, file: file}
	err = f.claim()
	if errors.Is(err, ErrGone) || errors.Is(err, ErrReplaced) {
		err = ErrLocked // it was, and whoever had it has done away with the file
	}
	if err == nil {
		err = f.reserve(size)
	}
	if err != nil {
		// ext4 keeps what it has allocated before it ran out of space.
		if !errors.Is(err, ErrLocked) {
			d.root.Remove(name)
		}
		file.Close()
		return nil, fail("create", name, err)
	}
	return f, nil
}

// Open opens a file for reading and writing, and takes its lock: whoever made
// it is dead. ErrLocked: its owner lives. *UnsafeError: it is not a regular
// file with one name that belongs to the effective user and that nobody else
// may touch.
func (d *Dir) Open(name string) (*File, error) {
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	err = f.claim()
	if errors.Is(err, ErrGone) || errors.Is(err, ErrReplaced) {
		err = fs.ErrNotExist // its owner has finished with it just now
	}
	if err != nil {
		f.file.Close()
		return nil, fail("open", name, err)
	}
	return f, nil
}

// open looks at the file before and after it has been opened: before, since
// opening a pipe would wait, and os.Root follows links within the directory;
// after, since only then it stays the same.
func (d *Dir) open(name string) (*File, error) {
	if !goodName(name) {
		return nil, fail("open", name, fs.ErrInvalid)
	}
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, fail("open", name, err)
	}
	if unsafe := unsafeFile(d.path, name, seen); unsafe != nil {
		return nil, unsafe
	}
	return d.openSeen(name, seen)
}

func (d *Dir) openSeen(name string, seen fs.FileInfo) (*File, error) {
	f, info, err := d.openSame(name, os.O_RDWR, seen)
	if err != nil {
		return nil, err
	}
	if unsafe := unsafeFile(d.path, name, info); unsafe != nil {
		f.file.Close()
		return nil, unsafe
	}
	return f, nil
}

// openSame opens a file, which must be the one that was seen.
func (d *Dir) openSame(name string, flag int, seen fs.FileInfo) (*File, fs.FileInfo, error) {
	file, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, nil, fail("open", name, err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, fail("open", name, err)
	}
	if !os.SameFile(seen, info) {
		file.Close()
		return nil, nil, &UnsafeError{Path: name, Reason: "replaced while it was opened"}
	}
	f := &File{dir: d, name: name, file: file}
	f.size.Store(info.Size())
	return f, info, nil
}

// Entry is a file in a directory.
type Entry struct {
	Name  string
	Bytes int64 // allocated on the file system
	Size  int64
}

// List returns the regular files in the directory, sorted by name, also those
// whose names or modes Open refuses.
func (d *Dir) List() ([]Entry, error) {
	names, err := d.Names()
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(names))
	for i, name := range names {
		if i%100 == 99 {
			runtime.Gosched() // with very many files this takes long, and is not urgent
		}
		entry, err := d.stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid): // deleted just now, or no file
		case err != nil:
			return nil, fail("look at", name, err)
		default:
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// Names returns the names of everything in the directory, sorted.
func (d *Dir) Names() ([]string, error) {
	// A descriptor of its own: d.self has but one position for all callers.
	self, err := d.root.Open(".")
	if err != nil {
		return nil, fail("list", d.path, err)
	}
	defer self.Close()
	names, err := self.Readdirnames(-1)
	if err != nil {
		return nil, fail("list", d.path, err)
	}
	slices.Sort(names)
	return names, nil
}

// Stat returns what List does of a file, and an *UnsafeError if it is not a regular one.
func (d *Dir) Stat(name string) (Entry, error) {
	entry, err := d.stat(name)
	switch {
	case errors.Is(err, fs.ErrInvalid):
		return Entry{}, notRegular(name)
	case err != nil:
		return Entry{}, fail("look at", name, err)
	}
	return entry, nil
}

// Remove deletes a file; open or not, except on file systems of Windows other
// than NTFS and ReFS, where it has to be closed first.
func (d *Dir) Remove(name string) error {
	if !goodName(name) {
		return fail("remove", name, fs.ErrInvalid)
	}
	if err := d.root.Remove(name); err != nil {
		return fail("remove", name, err)
	}
	return nil
}

// Rename gives a file another name, in place of a file that had it. A File that
// is open keeps the old name and is no longer intact: see File.Rename.
func (d *Dir) Rename(from, to string) error {
	if !goodName(from) || !goodName(to) {
		return fail("rename", from+" to "+to, fs.ErrInvalid)
	}
	if err := d.root.Rename(from, to); err != nil {
		return fail("rename", from+" to "+to, err)
	}
	return nil
}

// Sync makes creations, deletions and new names survive a power cut. On
// Windows, where the file system takes care of that, it does nothing.
func (d *Dir) Sync() error {
	if err := syncDir(d.self); err != nil {
		return fail("sync", d.path, err)
	}
	return nil
}

// Close gives the directory back. Files that are open stay so, but cannot tell
// any more whether they are intact.
func (d *Dir) Close() error {
	if err := errors.Join(d.self.Close(), d.root.Close()); err != nil {
		return fail("close", d.path, err)
	}
	return nil
}

// goodName tells whether a file may have the name. Those of the spool are numbers
// with a suffix; nothing that anyone else has chosen becomes a name.
func goodName(name string) bool {
	const most = 100
	return name != "" && len(name) <= most &&
		strings.Trim(name, "0123456789abcdefghijklmnopqrstuvwxyz.-") == "" &&
		strings.Trim(name[:1]+name[len(name)-1:], ".-") == name[:1]+name[len(name)-1:]
}
