//go:build !unix

package disk

import (
	"io/fs"
	"os"
)

// Access is a matter of the lists that a directory inherits here, not of modes.

func unsafeDir(info fs.FileInfo) string {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "a symbolic link"
	case !info.IsDir():
		return "not a directory"
	}
	return ""
}

func unsafeFile(info fs.FileInfo) string {
	if !info.Mode().IsRegular() {
		return "not a regular file"
	}
	return ""
}

func allocated(info fs.FileInfo) int64 { return info.Size() }

// A directory cannot be flushed here.
func syncDir(*os.File) error { return nil }
