//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// unsafeDir says why a directory cannot be trusted, "" if it can.
func unsafeDir(info fs.FileInfo) string {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "a symbolic link"
	case !info.IsDir():
		return "not a directory"
	case !ours(info):
		return "it belongs to another user"
	case info.Mode().Perm()&0o022 != 0:
		return "others can write to it"
	}
	return ""
}

// unsafeFile says why a file cannot be trusted, "" if it can.
func unsafeFile(info fs.FileInfo) string {
	switch {
	case !info.Mode().IsRegular():
		return "not a regular file"
	case !ours(info):
		return "it belongs to another user"
	case info.Sys().(*syscall.Stat_t).Nlink > 1:
		return "it has more than one name"
	case info.Mode().Perm()&0o077 != 0:
		return "others can open it"
	}
	return ""
}

func ours(info fs.FileInfo) bool {
	return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid()
}

// allocated returns the bytes that a file takes; st_blocks counts 512 each,
// whatever the block size of the file system.
func allocated(info fs.FileInfo) int64 {
	return int64(info.Sys().(*syscall.Stat_t).Blocks) * 512
}

func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) {
		return nil // some network file systems know no such thing
	}
	return err
}
