//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// othersWrite are the bits of a mode with which somebody else can write. A group counts
// as others, whoever is in it.
const othersWrite = 0o022

// unsafeDir says why a directory of a user cannot be trusted, nil if it can.
func unsafeDir(path string, info fs.FileInfo, uid int) *UnsafeError {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &UnsafeError{path, "a symbolic link", "name the directory itself"}
	case !info.IsDir():
		return &UnsafeError{path, "not a directory", "choose another path"}
	case ownerOf(info) != uid:
		return &UnsafeError{path, fmt.Sprintf(anotherUser, ownerOf(info)), helpOwner(path, uid)}
	case info.Mode().Perm()&othersWrite != 0:
		return &UnsafeError{path, othersWriteTo, "chmod 700 " + path}
	}
	return nil
}

func helpOwner(path string, uid int) string {
	return fmt.Sprintf("chown %d %s, or choose a directory of this user; for a systemd service, StateDirectory= makes one", uid, path)
}

// unsafeFile says why a file in a directory cannot be trusted, nil if it can.
func unsafeFile(dir, name string, info fs.FileInfo) *UnsafeError {
	path := filepath.Join(dir, name)
	switch {
	case !info.Mode().IsRegular():
		return notRegular(name)
	case ownerOf(info) != os.Geteuid():
		return &UnsafeError{name, fmt.Sprintf(anotherUser, ownerOf(info)), fmt.Sprintf("run as that user, or chown %d %s", os.Geteuid(), path)}
	case info.Sys().(*syscall.Stat_t).Nlink > 1:
		return &UnsafeError{name, "it has more than one name", "remove the other hard links to it"}
	case info.Mode().Perm()&0o077 != 0:
		return &UnsafeError{name, othersOpen, "chmod 600 " + path}
	}
	return nil
}

func ownerOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// nonblock keeps an open from waiting should the file have become a pipe meanwhile.
const nonblock = syscall.O_NONBLOCK

func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) {
		return nil // some network file systems know no such thing
	}
	return err
}
