//go:build !unix

package disk

import (
	"io/fs"
	"os"
)

// Access is a matter of the lists that a directory inherits here, not of modes.

func unsafeDir(path string, info fs.FileInfo, _ int) *UnsafeError {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &UnsafeError{path, "a symbolic link", "name the directory itself"}
	case !info.IsDir():
		return &UnsafeError{path, "not a directory", "choose another path"}
	}
	return nil
}

func unsafeFile(_, name string, info fs.FileInfo) *UnsafeError {
	if !info.Mode().IsRegular() {
		return notRegular(name)
	}
	return nil
}

func checkParents(string, int) error { return nil }

func isDev(fs.FileInfo) bool { return false }

func ownerOf(fs.FileInfo) int { return os.Geteuid() }

const nonblock = 0

func allocated(info fs.FileInfo) int64 { return info.Size() }

// A directory cannot be flushed here.
func syncDir(*os.File) error { return nil }
