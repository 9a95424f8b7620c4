package spool

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Errors of Rebuild beside those of OpenOrphan.
var (
	// ErrLost is for a segment of which neither the header can be read nor two records
	// in a row, so that nothing in it can be checked.
	ErrLost = errors.New("its header is lost, and there are not two whole records in a row to make it from")
	// ErrNowhere is for one whose records can be read.
	ErrNowhere = errors.New("its header is lost, and with it where its events belong")
)

// What follows is for people who take care of a spool. Each function takes the lock of
// the file, and returns disk.ErrLocked if its process lives.

// Mend writes both copies of the header of a segment again, with what change does to
// it. Then the file is a segment that every process may send, also if it was set
// aside.
func Mend(dir *disk.Dir, name string, change func(*segment.Header)) error {
	return rewrite(dir, name, func(o *Orphan) error {
		if err := o.read(); err != nil {
			return err
		}
		change(&o.Header)
		return nil
	})
}

// Rebuild is Mend for a segment both copies of whose header are lost. to says where its
// events belong.
func Rebuild(dir *disk.Dir, name string, to segment.Header) error {
	return rewrite(dir, name, func(o *Orphan) error {
		lost := o.read()
		if lost != ErrHeader {
			return cmp.Or(lost, errNotLost)
		}
		o.Header = to
		o.Header.Created, o.Header.Size = time.Now(), o.Size()
		_, err := fmt.Sscanf(name, "%16x-%8x", &o.Header.Producer, &o.Header.Number)
		id, ok := segment.FindID(o.file, o.file.Size())
		switch {
		case ok && err == nil && KindOf(name) != Hot: // those are used again, and have old records
			o.Header.ID = id
			if to.Region == "" || to.Group == "" || to.Stream == "" {
				return ErrNowhere
			}
			return nil
		default:
			return ErrLost
		}
	})
}

var errNotLost = errors.New("its header is not lost")

// rewrite writes the header that prepare leaves in the orphan.
func rewrite(dir *disk.Dir, name string, prepare func(*Orphan) error) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // everything is synced by then
	o := &Orphan{Name: name, file: osFile{f}}
	if err := prepare(o); err != nil {
		return err
	}
	// The newer copy counts, should it end between the two.
	o.Header.Created = o.Header.Created.Add(time.Millisecond)
	page, err := o.Header.Encode()
	if err != nil {
		return err
	}
	// The copy that is whole comes last, so that there is always one.
	order := []int64{0, copyBytes}
	if whole := wholeCopies(f); whole[0] && !whole[1] {
		order = []int64{copyBytes, 0}
	}
	for _, at := range order {
		if _, err := f.WriteAt(page[at:at+copyBytes], at); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if KindOf(name) != SetAside {
		return nil
	}
	to := strings.TrimSuffix(name, badEnding) + segmentEnding
	return errors.Join(f.Rename(to), dir.Sync())
}

// Delete removes a file.
func Delete(dir *disk.Dir, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Remove(name), f.Close(), dir.Sync())
}
