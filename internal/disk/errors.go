package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
}

func (e *UnsafeError) Error() string {
	return "disk: " + e.Path + " is not safe to use: " + e.Reason
}

// RemoteError is about a directory on a network or FUSE file system, where
// locks and writes cannot be relied on.
type RemoteError struct {
	Path string
}

func (e *RemoteError) Error() string {
	return "disk: " + e.Path + " is on a network or FUSE file system"
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
