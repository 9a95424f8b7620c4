package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

var (
	// ErrLocked means that the owner of a file lives: it is open for writing,
	// in this process or another one.
	ErrLocked = errors.New("locked by its owner")

	// ErrGone means that a file or directory has been deleted or renamed.
	ErrGone = errors.New("no longer there")

	// ErrReplaced means that the name now belongs to something else.
	ErrReplaced = errors.New("replaced by another")

	// ErrTruncated means that a file is shorter than it was made.
	ErrTruncated = errors.New("truncated")

	// ErrFault means that a store into a mapping failed: its page is gone.
	ErrFault = errors.New("memory fault")
)

// UnsafeError is about a file or directory that another user can have made or
// can change. It is not used.
type UnsafeError struct {
	Path   string
	Reason string
	Help   string // what to type or do; empty if that is not known
}

// Foreign reports whether it belongs to another user.
func (e *UnsafeError) Foreign() bool {
	before, _, _ := strings.Cut(anotherUser, "%")
	return strings.HasPrefix(e.Reason, before)
}

// ByMode reports whether another mode puts it right: see Dir.Secure.
func (e *UnsafeError) ByMode() bool { return e.Reason == othersWriteTo || e.Reason == othersOpen }

func (e *UnsafeError) Error() string {
	text := "disk: " + e.Path + " is not safe to use: " + e.Reason
	if e.Help != "" {
		text += "; " + e.Help
	}
	return text
}

// Reasons that another mode puts right.
const (
	othersWriteTo = "others can write to it"
	othersOpen    = "others can open it"
)

const anotherUser = "it belongs to another user (uid %d)"

func notRegular(name string) *UnsafeError {
	return &UnsafeError{name, "not a regular file", "move it elsewhere"}
}

// RemoteError is about a directory on a network or FUSE file system, where
// locks and writes cannot be relied on.
type RemoteError struct {
	Path string
}

func (e *RemoteError) Error() string {
	return "disk: " + e.Path + " is on a network or FUSE file system; choose a directory on a local disk"
}

// PseudoError is about a directory on a file system that keeps no files, such as /proc.
type PseudoError struct {
	Path string
	Kind string // such as "proc"
}

func (e *PseudoError) Error() string {
	return "disk: " + e.Path + " is on a file system of the kernel (" + e.Kind + "), which keeps no files; choose a directory on a local disk"
}

// fail says what failed on what. Package os names the call and the path as
// well; only the error of the system is kept of that.
func fail(verb, name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fmt.Errorf("disk: %s %s: %w", verb, name, err)
}

// failMaking is fail for a directory that cannot be made, and says what helps.
func failMaking(path string, err error) error {
	err = fail("make directory", path, err)
	switch {
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() > 0:
		return fmt.Errorf("%w; make it as root: install -d -m 700 -o %d %s; for a systemd service, StateDirectory= does that", err, os.Geteuid(), path)
	case isAny(err, readOnly), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; choose a directory on a file system that can be written to", err)
	}
	return err
}

// ErrNoSpace is the system's error for a full file system.
var ErrNoSpace = noSpace[0]

// IsFull reports whether a file system, or the user's quota on it, is full.
func IsFull(err error) bool { return isAny(err, noSpace) }

// IsTooManyFiles reports whether the process or the system has no file descriptor left.
func IsTooManyFiles(err error) bool { return isAny(err, tooManyFiles) }

// IsTransient reports whether an error of the system may pass without a change of settings:
// a full, read-only or failing file system, or a shortage of descriptors or memory.
func IsTransient(err error) bool {
	return isAny(err, noSpace) || isAny(err, tooManyFiles) || isAny(err, readOnly) || isAny(err, otherFaults)
}

// SystemError returns the error of a system call in the chain of err, or nil. Its text has
// neither a path nor other details.
func SystemError(err error) error {
	var system systemError
	if errors.As(err, &system) {
		return system
	}
	return nil
}

func isAny(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}
