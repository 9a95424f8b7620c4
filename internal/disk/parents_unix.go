//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// checkParents returns an error if others could put another directory in the place of
// the one at path, which belongs to a user: *UnsafeError. It looks at each directory on
// the way there, symbolic links resolved. Such a directory must belong to root, to that
// user or to the effective one, and nobody else may write to it, unless its sticky bit
// protects what is on the way. *PseudoError: the way leads through a file system of the
// kernel. What does not exist yet is not checked.
func checkParents(path string, uid int) error {
	for range maxLinks {
		w := way{uid: uid}
		again, err := w.walk(path)
		if again == "" {
			return err
		}
		path = again
	}
	return fail("open", path, syscall.ELOOP)
}

// way is how far a path was followed.
type way struct {
	uid     int
	dir     string // the directory that was reached; no link leads there
	info    fs.FileInfo
	mounted bool // a file system begins here
	private bool // nobody else can reach it, so it does not matter what others could do there
}

// walk follows a path as far as it exists. At a link, it returns the path that stands
// for the rest of the way.
func (w *way) walk(path string) (again string, err error) {
	root, err := os.Lstat("/")
	if err == nil {
		err = w.enter("/", root)
	}
	if err != nil {
		return "", err
	}
	names := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i, name := range names {
		rest := "/" + strings.Join(names[i+1:], "/")
		switch name {
		case ".":
			continue
		case "..":
			return filepath.Dir(w.dir) + rest, nil
		}
		next := filepath.Join(w.dir, name)
		info, err := os.Lstat(next)
		missing := errors.Is(err, fs.ErrNotExist)
		if errors.Is(err, fs.ErrPermission) {
			return "", fmt.Errorf("%w; choose a directory that this user can reach", fail("look at", next, err))
		}
		if err != nil && !missing {
			return "", fail("look at", next, err)
		}
		if err := w.check(next, info); err != nil || missing {
			return "", err
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0 && i < len(names)-1:
			target, err := os.Readlink(next)
			if err != nil {
				return "", fail("look at", next, err)
			}
			if !filepath.IsAbs(target) {
				target = w.dir + "/" + target
			}
			return target + rest, nil
		case !info.IsDir() || i == len(names)-1:
			return "", nil
		}
		if err := w.enter(next, info); err != nil {
			return "", err
		}
	}
	return "", nil
}

// enter goes to a directory.
func (w *way) enter(dir string, info fs.FileInfo) error {
	w.mounted = w.info != nil && deviceOf(info) != deviceOf(w.info)
	if w.mounted {
		if kind := pseudoAt(dir); kind != "" {
			return &PseudoError{dir, kind}
		}
	}
	const enter = 0o011
	w.private = w.private || ownerOf(info) == w.uid && info.Mode().Perm()&enter == 0
	w.dir, w.info = dir, info
	return nil
}

// check returns an error if somebody else could put something in the place of what is
// next on the way, info; nil if that does not exist yet.
func (w *way) check(next string, info fs.FileInfo) error {
	if info == nil && isDev(w.info) {
		return &PseudoError{w.dir, "devices"}
	}
	if w.private {
		return nil
	}
	mode := w.info.Mode()
	switch {
	case !w.trusts(w.info):
		return &UnsafeError{w.dir, fmt.Sprintf("its owner (uid %d) could replace %s", ownerOf(w.info), next),
			"choose a directory below one of root or of this user"}
	case mode.Perm()&othersWrite == 0 || w.mounted && inPod():
		return nil
	case mode&fs.ModeSticky == 0:
		return &UnsafeError{w.dir, "others can write to it, and so replace " + next, "chmod go-w " + w.dir}
	case info != nil && !w.trusts(info):
		return &UnsafeError{next, fmt.Sprintf(anotherUser, ownerOf(info)), helpOwner(next, w.uid)}
	}
	return nil
}

func (w *way) trusts(info fs.FileInfo) bool {
	const root = 0
	uid := ownerOf(info)
	return uid == root || uid == w.uid || uid == os.Geteuid()
}

// inPod reports whether this is a container of Kubernetes. There, the root directory of
// a volume has mode 0777, or 2775 with fsGroup, and a program that is not root cannot
// change that. Nobody but the containers of the pod reaches it.
func inPod() bool { return os.Getenv("KUBERNETES_SERVICE_HOST") != "" }

// isDev reports whether a directory is in the file system of /dev itself, which is RAM
// by its number, but is made for devices.
func isDev(info fs.FileInfo) bool {
	dev, err := os.Stat("/dev")
	if err != nil {
		return false
	}
	root, err := os.Stat("/")
	return err == nil && deviceOf(dev) != deviceOf(root) && deviceOf(info) == deviceOf(dev)
}

func deviceOf(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Dev) }
