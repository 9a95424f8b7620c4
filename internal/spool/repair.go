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

// Errors of [Rebuild] besides those of [OpenOrphan].
var (
	// ErrUnverifiable is the error for a segment without a readable header and without two consecutive
	// intact records, so that nothing in it can be verified.
	ErrUnverifiable = errors.New("header is lost and cannot be rebuilt: no two consecutive records are intact")
	// ErrNoDestination is the error for a segment whose records are readable but whose destination is
	// unknown.
	ErrNoDestination = errors.New("header is lost, and with it the destination of its events")
)

// The functions below are for the maintenance of a spool. Each locks the file, and returns
// disk.ErrLocked if its process is alive.

// Repair rewrites both copies of the header of a segment, modified by change. Every process may
// send the file afterwards, even if it was set aside.
func Repair(dir *disk.Dir, name string, change func(*segment.Header)) error {
	return rewrite(dir, name, func(o *Orphan) error {
		if err := o.read(); err != nil {
			return err
		}
		change(&o.Header)
		return nil
	})
}

// Rebuild is like [Repair] for a segment that has lost both copies of its header. to has the
// destination of its events.
func Rebuild(dir *disk.Dir, name string, to segment.Header) error {
	return rewrite(dir, name, func(o *Orphan) error {
		lost := o.read()
		if lost != ErrHeaderDamaged {
			return cmp.Or(lost, errNotLost)
		}
		o.Header = to
		o.Header.Created, o.Header.Size = time.Now(), o.Size()
		_, err := fmt.Sscanf(name, "%16x-%8x", &o.Header.Producer, &o.Header.Number)
		id, ok := segment.FindID(o.file, o.file.Size())
		switch {
		case ok && err == nil && KindOf(name) != Hot: // hot files are reused and contain old records
			o.Header.ID = id
			if to.Region == "" || to.Group == "" || to.Stream == "" {
				return ErrNoDestination
			}
			return nil
		default:
			return ErrUnverifiable
		}
	})
}

var errNotLost = errors.New("header is not lost")

// rewrite writes the header that prepare sets in the orphan.
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
	// If the process dies between the two writes, the newer copy counts.
	o.Header.Created = o.Header.Created.Add(time.Millisecond)
	page, err := o.Header.Encode()
	if err != nil {
		return err
	}
	// Write the intact copy last, so that there always is one.
	order := []int64{0, copyBytes}
	if intact := intactCopies(f); intact[0] && !intact[1] {
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
	to := strings.TrimSuffix(name, badExt) + segmentExt
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
