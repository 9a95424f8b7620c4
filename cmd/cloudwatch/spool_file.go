package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// spoolDir is the directory of a spool and the one in RAM that belongs to it.
type spoolDir struct {
	disk *disk.Dir
	hot  *disk.Dir // nil if there is none
}

func openSpool(path string, f *spoolFlags) (*spoolDir, error) {
	if _, err := os.Stat(path); err != nil { // or it would be made
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	dir, err := disk.OpenDir(path, disk.Options{AllowRemote: f.allowRemote})
	if remote, ok := errors.AsType[*disk.RemoteError](err); ok {
		return nil, fmt.Errorf("%w; only on the machine of its program, use --allow-remote", remote)
	}
	if err != nil {
		return nil, asItsUser(err)
	}
	hot, err := disk.FindHot(dir, f.ram)
	if err != nil && (f.ram != "" || !errors.Is(err, fs.ErrNotExist)) {
		_ = dir.Close()
		return nil, asItsUser(fmt.Errorf("find the directory in RAM: %w", err))
	}
	return &spoolDir{dir, hot}, nil
}

// asItsUser says what helps against a file of another user.
func asItsUser(err error) error {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok {
		return fmt.Errorf("%w; run this as the user of the program, such as with 'sudo -u USER'", unsafe)
	}
	return err
}

// both returns the directories there are.
func (d *spoolDir) both() []*disk.Dir {
	if d.hot == nil {
		return []*disk.Dir{d.disk}
	}
	return []*disk.Dir{d.disk, d.hot}
}

func (d *spoolDir) close() {
	for _, dir := range d.both() {
		_ = dir.Close()
	}
}

// The states of a file.
const (
	stateInUse      = "in use"        // its process lives, or another one is sending it
	stateLeft       = "left"          // its process has ended
	stateSetAside   = "set aside"     // its header could not be read
	stateUnreadable = "unreadable"    // its header cannot be read, or nothing of it
	stateNewer      = "newer version" // only newer programs can read it
	stateUnfinished = "unfinished"    // a file that a process did not finish: nothing is only there
)

// spoolFile is a file of a spool, as it was when it was looked at.
type spoolFile struct {
	dir    *disk.Dir
	name   string
	bytes  int64
	state  string
	err    error           // why it cannot be read, or not all of it
	header *segment.Header // nil if it cannot be read
	copies int             // of the header that are whole
	short  bool            // it was cut

	spool.Found
	first          uint64 // sequence number of its first record
	oldest, newest int64  // times of its pending events, in ms
}

// pending returns how many events wait for delivery.
func (f *spoolFile) pending() int { return f.Records - f.Settled }

// unread reports whether it may have events that cannot even be counted.
func (f *spoolFile) unread() bool {
	return f.header == nil && f.state != stateUnfinished
}

// damaged reports whether something is lost, or could be with the next damage.
func (f *spoolFile) damaged() bool {
	return f.state == stateUnreadable || f.state == stateSetAside || f.Lost > 0 || f.short || f.header != nil && f.copies < 2 || f.header != nil && f.err != nil
}

// survey looks at all files, sorted by name, and so by process. Those in RAM come after
// those on the disk.
func (d *spoolDir) survey(ctx context.Context) (files []*spoolFile, err error) {
	for _, dir := range d.both() {
		entries, err := dir.List()
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if spool.KindOf(e.Name) == spool.Other {
				continue
			}
			f := &spoolFile{dir: dir, name: e.Name, bytes: max(e.Bytes, e.Size)}
			if f.look(); !errors.Is(f.err, fs.ErrNotExist) { // its process has removed it just now
				files = append(files, f)
			}
		}
	}
	return files, nil
}

// attempts is how often a file is looked at again that may have changed meanwhile.
const attempts = 4

// look fills in what can be found out about the file.
func (f *spoolFile) look() {
	kind := spool.KindOf(f.name)
	if kind == spool.Unfinished { // the original is still there
		f.state = stateUnfinished
		return
	}
	v, err := spool.Look(f.dir, f.name)
	for attempt := 0; errors.Is(err, spool.ErrHeader) && attempt < attempts; attempt++ { // it may be being written
		v, err = spool.Look(f.dir, f.name)
	}
	_, newer := errors.AsType[*segment.VersionError](err)
	switch {
	case err == nil:
		f.state = stateLeft
	case newer:
		f.state, f.err = stateNewer, err
	default:
		f.state, f.err = stateUnreadable, asItsUser(err)
	}
	// To ask for the lock is to have it for a moment. A file without a header is left
	// alone: it may be one that is being made.
	if err == nil && f.locked() {
		f.state = stateInUse
	}
	if kind == spool.SetAside {
		f.state = stateSetAside
	}
	if err == nil {
		f.count(v)
	}
}

func (f *spoolFile) locked() bool {
	file, err := f.dir.Open(f.name)
	if err == nil {
		_ = file.Close()
	}
	return errors.Is(err, disk.ErrLocked)
}

// count counts the events. A hot file may be emptied and used again meanwhile, which
// looks like damage. Then it is counted once more.
func (f *spoolFile) count(v *spool.View) {
	for attempt := 0; ; attempt++ {
		f.header, f.copies, f.short = &v.Header, v.Copies, v.Short
		f.scan(v)
		if f.state == stateInUse && f.Lost > 0 {
			f.scan(v)
		}
		v.Close()
		again, err := spool.Look(f.dir, f.name)
		if err != nil {
			return
		}
		if again.Header.ID == v.Header.ID && again.Copies == v.Copies || attempt == attempts {
			again.Close()
			return
		}
		v = again
	}
}

func (f *spoolFile) scan(v *spool.View) {
	f.first, f.oldest, f.newest = 0, math.MaxInt64, math.MinInt64
	f.Found, f.err = v.Scan(func(r segment.Record, settled bool) bool {
		if f.first == 0 {
			f.first = r.Seq
		}
		if !settled {
			f.oldest, f.newest = min(f.oldest, r.Time), max(f.newest, r.Time)
		}
		return true
	})
}
