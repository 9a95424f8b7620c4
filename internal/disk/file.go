package disk

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
)

// File is a file in a Dir. Its methods may be called at the same time.
type File struct {
	dir  *Dir
	name string
	file *os.File
	size atomic.Int64 // when it was made, opened, or last changed by Grow or Trim
}

// Name returns the name in the directory.
func (f *File) Name() string { return f.name }

// Size returns the size the file had when it was made or opened, or was given since.
func (f *File) Size() int64 { return f.size.Load() }

// ReadAt is that of io.ReaderAt: io.EOF, as it is, at the end.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	return f.file.ReadAt(p, off)
}

// WriteAt is that of io.WriterAt, except that more than it says can have been
// written if there is an error: a full disk (ENOSPC, EDQUOT) or a limit (EFBIG)
// cuts it short anywhere.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.file.WriteAt(p, off)
	if err != nil {
		return n, fail("write", f.name, err)
	}
	return n, nil
}

// Sync returns when all that was written is on the medium. After an error the
// system may have thrown away what it could not write, and the next Sync can
// succeed without it: the file is lost.
func (f *File) Sync() error {
	if err := f.file.Sync(); err != nil {
		return fail("sync", f.name, err)
	}
	return nil
}

// Close closes the file and lets go of its lock, or, if it is mapped, leaves the
// lock to the mapping.
func (f *File) Close() error {
	if err := f.file.Close(); err != nil {
		return fail("close", f.name, err)
	}
	return nil
}

// Rename gives the file another name. fs.ErrExist: another file has it, which is never
// replaced. It must not run beside other methods.
func (f *File) Rename(name string) error {
	if _, err := f.dir.root.Lstat(name); err == nil {
		return fail("rename", f.name+" to "+name, fs.ErrExist)
	}
	if err := f.dir.Rename(f.name, name); err != nil {
		return err
	}
	f.name = name
	return nil
}

// Grow makes the file larger. What is new reads as zeros, and its space is reserved
// where the file system can do that. If that fails, the file is as it was. ErrTruncated:
// it is shorter than it was, which nobody would notice afterwards. It must not run beside
// Grow or Trim.
func (f *File) Grow(size int64) error {
	from := f.size.Load()
	if size <= from {
		return nil
	}
	info, err := f.file.Stat()
	if err == nil && info.Size() < from {
		err = ErrTruncated
	}
	if err != nil {
		return fail("grow", f.name, err)
	}
	if err := reserve(f.file, from, size); err != nil {
		_ = f.file.Truncate(from) // ext4 keeps what it has allocated before it ran out of space
		return fail("grow", f.name, err)
	}
	f.size.Store(size)
	return nil
}

// Trim gives back the space behind a size.
func (f *File) Trim(size int64) error {
	before := f.size.Swap(size) // or Intact would take it for truncated meanwhile
	if err := f.file.Truncate(size); err != nil {
		f.size.Store(before)
		return fail("trim", f.name, err)
	}
	return nil
}

// Punch gives back the space of bytes within the file, which read as zeros from then
// on, where the file system can do that. Both numbers are multiples of PageBytes.
func (f *File) Punch(from, to int64) error {
	if err := punch(f.file, from, to); err != nil {
		return fail("punch hole in", f.name, err)
	}
	return nil
}

// PageBytes is what file systems allocate at once, as a rule.
const PageBytes = 4 << 10

// Intact returns an error if the file has been deleted or renamed (ErrGone),
// if its name belongs to another file (ErrReplaced), if it is shorter than it was
// (ErrTruncated), or if its directory is not intact: someone has meddled.
func (f *File) Intact() error {
	size, err := f.inPlace()
	if err == nil && size < f.size.Load() {
		err = ErrTruncated
	}
	if err != nil {
		return fail("look at", f.name, err)
	}
	return f.dir.Intact()
}

// inPlace returns the size, or an error if the file no longer has its name.
func (f *File) inPlace() (size int64, err error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	named, err := f.dir.root.Lstat(f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, ErrGone
	case err != nil:
		return 0, err
	case !os.SameFile(info, named):
		return 0, ErrReplaced
	}
	return info.Size(), nil
}

// claim takes the lock. By then the file may have been deleted or renamed by
// whoever had the lock before.
func (f *File) claim() error {
	if err := lock(f.file); err != nil {
		return err
	}
	size, err := f.inPlace()
	f.size.Store(size)
	return err
}

// reserve makes a new file what Create promises.
func (f *File) reserve(size int64) error {
	if err := f.file.Chmod(0o600); err != nil { // the umask may have taken some
		return err
	}
	if err := reserve(f.file, 0, size); err != nil {
		return err
	}
	f.size.Store(size)
	return nil
}

// control does a system call on a file that is not closed meanwhile, and
// repeats it when a signal has interrupted it.
func control(f *os.File, call func(fd uintptr) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			if result = call(fd); result != syscall.EINTR {
				return
			}
		}
	})
	if err != nil {
		return fs.ErrClosed // the only reason, but it comes by another name
	}
	return result
}
