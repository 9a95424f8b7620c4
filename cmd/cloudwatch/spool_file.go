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
	disk    *disk.Dir
	hot     *disk.Dir // nil if there is none, or it is skipped
	unsafe  error     // what the library has against the directory
	notes   []string  // what is wrong with the directories
	partial bool      // something could not be looked at
}

// openSpool opens a spool to look at it, whatever is wrong with owners and modes. Only a
// directory in RAM is skipped then: its name is one that every user can take.
func openSpool(path string, f *spoolFlags) (*spoolDir, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	dir, err := disk.Inspect(path, disk.Options{AllowRemote: f.allowRemote})
	if remote, ok := errors.AsType[*disk.RemoteError](err); ok {
		return nil, fmt.Errorf("%s is on a network or FUSE file system; only on the machine of its program, use --allow-remote", remote.Path)
	}
	if err != nil {
		return nil, err
	}
	d := &spoolDir{disk: dir, unsafe: dir.Unsafe()}
	if d.unsafe != nil {
		d.notes = append(d.notes, reason(d.unsafe)+": it is read nevertheless")
	}
	d.openHot(f.ram)
	return d, nil
}

// openHot opens the directory in RAM, or notes why it is skipped.
func (d *spoolDir) openHot(ram string) {
	hot, err := disk.FindHot(d.disk, ram)
	if err == nil {
		if _, err = hot.Names(); err != nil {
			_ = hot.Close()
		}
	}
	switch {
	case err == nil:
		d.hot = hot
	case errors.Is(err, fs.ErrNotExist) && ram == "": // nobody has needed one
	case errors.Is(err, disk.ErrGone) && ram == "":
		d.notes = append(d.notes, fmt.Sprintf("the directory in RAM is gone, as after a reboot, or --ram must say where it is: %v", err))
	default:
		d.partial = true
		d.notes = append(d.notes, "the directory in RAM is skipped: "+reason(err)+help(err))
	}
}

// reason is an error without the advice for those who configure a program.
func reason(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok {
		return unsafe.Path + ": " + unsafe.Reason
	}
	return err.Error()
}

// help is what to type against a mode.
func help(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok && unsafe.ByMode() {
		return "; " + unsafe.Help
	}
	return ""
}

// against is what the library has against a file.
func against(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok {
		return unsafe.Reason
	}
	return err.Error()
}

// byMode reports whether another mode puts it right.
func byMode(err error) bool {
	unsafe, ok := errors.AsType[*disk.UnsafeError](err)
	return ok && unsafe.ByMode()
}

// asItsUser says what helps against a file of another user.
func asItsUser(err error) error {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok && unsafe.Foreign() {
		return fmt.Errorf("%s; run this as the user of the program, such as with 'sudo -u USER'", reason(err))
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
	stateUnsafe     = "not safe"      // the library does not touch it: see spoolFile.unsafe
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
	unsafe error           // what the library has against its owner or mode

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

// unlooked reports whether the file could not even be opened.
func (f *spoolFile) unlooked() bool {
	return f.state == stateUnreadable && !errors.Is(f.err, spool.ErrHeader)
}

// damaged reports whether something is lost, or could be with the next damage.
func (f *spoolFile) damaged() bool {
	return f.state == stateUnreadable || f.state == stateUnsafe || f.state == stateSetAside || f.Lost > 0 || f.short || f.header != nil && f.copies < 2 || f.header != nil && f.err != nil
}

// survey looks at all files, sorted by name, and so by process. Those in RAM come after
// those on the disk.
func (d *spoolDir) survey(ctx context.Context) (files []*spoolFile, err error) {
	for _, dir := range d.both() {
		names, err := dir.Names()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if spool.KindOf(name) == spool.Other {
				continue
			}
			f := &spoolFile{dir: dir, name: name}
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
	entry, err := f.dir.Stat(f.name)
	if err != nil {
		f.state, f.err, f.unsafe = stateUnreadable, err, err
		return
	}
	f.bytes = max(entry.Bytes, entry.Size)
	if err := f.dir.UnsafeFile(f.name); !errors.Is(err, fs.ErrNotExist) {
		f.unsafe = err
	}
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
		f.state, f.err = stateUnreadable, err
	}
	// To ask for the lock is to have it for a moment. A file without a header is left
	// alone: it may be one that is being made.
	switch {
	case err == nil && f.dir.Locked(f.name):
		f.state = stateInUse
	case err == nil && f.unsafe != nil:
		f.state = stateUnsafe
	}
	if kind == spool.SetAside {
		f.state = stateSetAside
	}
	if err == nil {
		f.count(v)
	}
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
