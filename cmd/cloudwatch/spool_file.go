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

// spoolDir is the directory of a spool and its directory in RAM.
type spoolDir struct {
	disk    *disk.Dir
	hot     *disk.Dir // in RAM; nil if there is none or it is skipped
	unsafe  error     // why the library refuses the directory
	notes   []string  // problems of the directories
	partial bool      // a part could not be inspected
}

// openSpool opens a spool for inspection, even with wrong owners and modes. It then skips the directory
// in RAM, whose name every user can claim.
func openSpool(path string, f *spoolFlags) (*spoolDir, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	dir, err := disk.Inspect(path, disk.Options{AllowRemote: f.allowRemote})
	if remote, ok := errors.AsType[*disk.RemoteError](err); ok {
		return nil, fmt.Errorf("%s is on a network or FUSE file system; on the machine of its program, use --allow-remote", remote.Path)
	}
	if err != nil {
		return nil, err
	}
	d := &spoolDir{disk: dir, unsafe: dir.Unsafe()}
	if d.unsafe != nil {
		d.notes = append(d.notes, reason(d.unsafe)+"; reading it anyway")
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
	case errors.Is(err, fs.ErrNotExist) && ram == "": // it was never created
	case errors.Is(err, disk.ErrGone) && ram == "":
		d.notes = append(d.notes, fmt.Sprintf("the directory in RAM is missing; after a reboot that is normal, otherwise set --ram: %v", err))
	default:
		d.partial = true
		d.notes = append(d.notes, "skipping the directory in RAM: "+reason(err)+help(err))
	}
}

// reason returns the text of an error without the advice for programs.
func reason(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok {
		return unsafe.Path + ": " + unsafe.Reason
	}
	return err.Error()
}

// help returns the command that corrects a mode.
func help(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok && unsafe.ByMode() {
		return "; " + unsafe.Help
	}
	return ""
}

// against returns why the library refuses a file.
func against(err error) string {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok {
		return unsafe.Reason
	}
	return err.Error()
}

// byMode reports whether a different mode would solve it.
func byMode(err error) bool {
	unsafe, ok := errors.AsType[*disk.UnsafeError](err)
	return ok && unsafe.ByMode()
}

// asItsUser adds the next step for a file of another user.
func asItsUser(err error) error {
	if unsafe, ok := errors.AsType[*disk.UnsafeError](err); ok && unsafe.Foreign() {
		return fmt.Errorf("%s; run this as the user of the program, for example with 'sudo -u USER'", reason(err))
	}
	return err
}

// both returns the existing directories.
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

// States of a file.
const (
	stateInUse      = "in use"        // its process is running, or another one is sending it
	stateLeft       = "left"          // its process has ended
	stateUnsafe     = "not safe"      // the library refuses it: see spoolFile.unsafe
	stateSetAside   = "set aside"     // its header could not be read
	stateUnreadable = "unreadable"    // neither its header nor its records can be read
	stateNewer      = "newer version" // only newer programs can read it
	stateUnfinished = "unfinished"    // a process died while creating it; it holds no event that is not in another file
)

// spoolFile is the state of a file of a spool at the time of inspection.
type spoolFile struct {
	dir    *disk.Dir
	name   string
	bytes  int64
	state  string
	err    error           // why all or part of it cannot be read
	header *segment.Header // nil if unreadable
	copies int             // intact copies of the header
	short  bool            // it was truncated
	unsafe error           // why the library refuses its owner or mode

	spool.Found
	first          uint64 // sequence number of the first record
	oldest, newest int64  // times of its pending events, in ms
}

// pending returns the number of events to deliver.
func (f *spoolFile) pending() int { return f.Records - f.Acked }

// unread reports whether it may hold events that cannot even be counted.
func (f *spoolFile) unread() bool {
	return f.header == nil && f.state != stateUnfinished
}

// unopened reports whether the file could not be opened.
func (f *spoolFile) unopened() bool {
	return f.state == stateUnreadable && !errors.Is(f.err, spool.ErrHeaderDamaged)
}

// damaged reports whether events are lost, or would be with the next corruption.
func (f *spoolFile) damaged() bool {
	return f.state == stateUnreadable || f.state == stateUnsafe || f.state == stateSetAside || f.Lost > 0 || f.short || f.header != nil && f.copies < 2 || f.header != nil && f.err != nil
}

// survey inspects all files, sorted by name and thereby by process. Files in RAM come last.
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
			if f.look(); !errors.Is(f.err, fs.ErrNotExist) { // its process has just removed it
				files = append(files, f)
			}
		}
	}
	return files, nil
}

// attempts is how often a file that changes during the inspection is inspected again.
const attempts = 4

// look inspects the file.
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
	if kind == spool.Unfinished { // the original still exists
		f.state = stateUnfinished
		return
	}
	v, err := spool.Inspect(f.dir, f.name)
	for attempt := 0; errors.Is(err, spool.ErrHeaderDamaged) && attempt < attempts; attempt++ { // it may be written right now
		v, err = spool.Inspect(f.dir, f.name)
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
	// Testing the lock means to hold it briefly. A file without a header is not locked, because a process
	// may be creating it.
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

// count counts the events. A hot file that is emptied and reused meanwhile looks corrupt, so it is then
// counted again.
func (f *spoolFile) count(v *spool.View) {
	for attempt := 0; ; attempt++ {
		f.header, f.copies, f.short = &v.Header, v.Copies, v.Truncated
		f.scan(v)
		if f.state == stateInUse && f.Lost > 0 {
			f.scan(v)
		}
		v.Close()
		again, err := spool.Inspect(f.dir, f.name)
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
