package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Adopt brings what other processes left on the RAM file system to the disk, and
// removes files that they did not finish. Of each file that stays, or has lost
// something, held is told how large it is, and why. locked are those whose processes seem
// to live. Adopt and Leftovers are for one goroutine.
func (s *Spool) Adopt(held func(name string, bytes int64, why error)) (locked []string, err error) {
	var errs []error
	for _, dir := range []Directory{s.cfg.Dir, s.cfg.HotLeft} {
		if dir != nil {
			errs = append(errs, s.clean(dir))
		}
	}
	s.adopted, s.unmoved = make(map[string]bool), 0
	if s.cfg.HotLeft == nil {
		return nil, errors.Join(errs...)
	}
	hot, err := foreign(s.cfg.HotLeft, s.cfg.Header.Producer, hotEnding)
	errs = append(errs, err)
	var files []disk.Entry // on the disk
	if len(hot) > 0 {
		if files, err = s.cfg.Dir.List(); err != nil {
			s.unmoved = 1
			return nil, errors.Join(append(errs, err)...)
		}
	}
	for len(hot) > 0 {
		n := 1 // those of one process are in a row
		for n < len(hot) && ProcessOf(hot[n].Name) == ProcessOf(hot[0].Name) {
			n++
		}
		a := adoption{s: s, files: hot[:n], held: held}
		err := a.run(files)
		errs = append(errs, err)
		s.unmoved += a.unmoved
		locked = append(locked, a.locked...)
		for _, f := range hot[:n] { // also what stays; what failed is tried again, and its segments go on
			s.adopted[f.Name] = len(a.locked) == 0
		}
		hot = hot[n:]
	}
	return locked, errors.Join(errs...)
}

// Unmoved returns how many events the last Adopt has found and could not move, or one where
// it could not look. It is for the goroutine that calls Adopt.
func (s *Spool) Unmoved() int64 { return s.unmoved }

// ErrTooMany is why a file that was set aside is removed.
var ErrTooMany = errors.New("removed: such files take more than they may")

// clean removes files that were being made or copied by processes that have ended.
func (s *Spool) clean(dir Directory) error {
	unfinished, err := foreign(dir, s.cfg.Header.Producer, newEnding)
	errs := []error{err}
	for _, e := range unfinished {
		if f, err := dir.Open(e.Name); err == nil {
			errs = append(errs, dir.Remove(e.Name), f.Close())
		}
	}
	return errors.Join(errs...)
}

// adoption is the hot files of one process on their way to the disk.
type adoption struct {
	s      *Spool
	files  []disk.Entry // the hot files
	held   func(name string, bytes int64, why error)
	locked []string // of them, if their process seems to live

	hot     []*Orphan // those that can be read, in the order in which they were filled
	unmoved int64     // events that stay in them because something has failed

	events int64 // that are to be copied

	// The copy that is being written.
	copy *openFile
	buf  []byte // what comes next in it
	last uint64 // sequence number of its last record
	done []*openFile
}

// run moves the files, which are removed when everything they have is on the disk. files
// are those that are there.
func (a *adoption) run(files []disk.Entry) error {
	have, err := a.onDisk(files)
	if errors.Is(err, disk.ErrLocked) {
		a.locked = []string{a.files[0].Name}
		return nil
	}
	if err != nil {
		a.unmoved = 1
		return err
	}
	err = a.open(have)
	if len(a.locked) == 0 && len(a.hot) > 0 {
		err = errors.Join(err, a.move())
	}
	for _, o := range a.hot {
		o.Release()
	}
	return err
}

// open opens the hot files. have is what need not be copied.
func (a *adoption) open(have segment.Ranges) error {
	var errs []error
	for _, f := range a.files {
		o, err := OpenOrphan(a.s.cfg.HotLeft, f.Name)
		switch {
		case err == nil:
			if short := o.Short(); short != nil {
				a.held(f.Name, 0, short)
			}
			for _, r := range have {
				o.before.Add(r.From, r.To)
			}
			a.hot = append(a.hot, o)
		case errors.Is(err, ErrHeader): // or it would be tried for ever
			errs = append(errs, a.setAside(f.Name, err))
		case errors.Is(err, disk.ErrLocked):
			a.locked = append(a.locked, f.Name)
		case errors.Is(err, fs.ErrNotExist): // another process was faster
		case Stays(err):
			a.held(f.Name, f.Size, err)
		default:
			a.unmoved++
			errs = append(errs, err)
		}
	}
	slices.SortFunc(a.hot, func(x, y *Orphan) int { return cmp.Compare(x.Header.Number, y.Header.Number) })
	return errors.Join(errs...)
}

func (a *adoption) setAside(name string, why error) error {
	bytes, removed, err := setAside(a.s.cfg.HotLeft, name, a.s.cfg.HotBytes)
	for _, old := range removed {
		a.held(old, 0, ErrTooMany)
	}
	if errors.Is(err, disk.ErrLocked) {
		a.locked = append(a.locked, name)
		return nil
	}
	a.held(name, bytes, fmt.Errorf("%w; it is set aside", why))
	return err
}

// move copies what is needed of the hot files, and removes them.
func (a *adoption) move() error {
	err := a.copyAll()
	if err == nil {
		err = a.keep()
	}
	for _, f := range append(a.done, a.copy) {
		if f == nil {
			continue
		}
		if err != nil {
			_ = a.s.cfg.Dir.Remove(f.name) // the hot files still have everything
		}
		_ = f.Close()
	}
	if err != nil {
		a.unmoved += max(a.events, 1)
		return fmt.Errorf("move hot files to disk: %w", err)
	}
	var errs []error
	for _, o := range a.hot {
		errs = append(errs, o.Remove())
	}
	a.hot = nil
	return errors.Join(errs...)
}

// copyAll writes the copies: one, unless there is more than a segment holds.
func (a *adoption) copyAll() error {
	left := int64(0) // bytes of records to be copied
	for _, o := range a.hot {
		if _, err := o.Scan(func(_ uint64, e batch.Event) bool {
			left += int64(segment.Length(len(batch.Message(e.Wire))))
			a.events++
			return true
		}); err != nil {
			return err
		}
	}
	damaged := 0
	for _, o := range a.hot {
		var err error
		n, failed := o.Scan(func(seq uint64, e batch.Event) bool {
			err = a.add(o.Header, seq, e, &left)
			return err == nil
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		if damaged += n; n > 0 && a.copy == nil {
			if err := a.begin(o.Header, 0); err != nil {
				return err
			}
		}
	}
	return a.finish(damaged)
}

// add copies an event of a file with that header. left is how many bytes of records are
// to be copied, this one included.
func (a *adoption) add(from segment.Header, seq uint64, e batch.Event, left *int64) error {
	r := recordOf(seq, e)
	length := int64(segment.Length(len(r.Payload)))
	if c := a.copy; c != nil && (seq <= a.last || c.offset+int64(len(a.buf))+length > c.Size()) {
		if err := a.finish(0); err != nil {
			return err
		}
	}
	if a.copy == nil {
		room := max(min(*left, a.s.cfg.SegmentBytes-segment.Start), length)
		if err := a.begin(from, room); err != nil {
			return err
		}
	}
	c := a.copy
	c.records++
	a.buf = segment.AppendRecord(a.buf, c.header.ID, c.offset+int64(len(a.buf)), c.records, r)
	a.last = seq
	*left -= length
	if len(a.buf) < pieceBytes {
		return nil
	}
	return a.flush()
}

// begin makes a copy with room for so many bytes of records.
func (a *adoption) begin(header segment.Header, room int64) (err error) {
	header.Hot, header.Copy, header.Grows = false, true, true
	header.Number |= hotNumber
	a.copy, err = a.s.makeFile(header, segment.Start+room)
	return err
}

func (a *adoption) flush() error {
	c := a.copy
	_, err := c.WriteAt(a.buf, c.offset)
	c.offset += int64(len(a.buf))
	a.buf = a.buf[:0]
	return err
}

// finish ends a copy. Whoever sends it counts those as damaged that it should have but
// does not.
func (a *adoption) finish(damaged int) error {
	c := a.copy
	if c == nil {
		return nil
	}
	if err := a.flush(); err != nil {
		return err
	}
	acks := segment.Acks{Generation: 1, Written: c.records + uint32(damaged), Final: true}
	if _, err := c.WriteAt(acks.EncodeSlot(c.header.ID), segment.SlotOffset(acks.Generation)); err != nil {
		return err
	}
	if c.offset < c.Size() {
		if err := c.Trim(c.offset); err != nil {
			return err
		}
	}
	if err := c.Sync(); err != nil {
		return err
	}
	a.done, a.copy, a.last = append(a.done, c), nil, 0
	return nil
}

// keep gives the copies the names of segments, which they have only when all of them are
// complete.
func (a *adoption) keep() error {
	if len(a.done) == 0 {
		return nil
	}
	crash.At("during adoption")
	for _, c := range a.done {
		err := c.rename(segmentEnding)
		for ; errors.Is(err, fs.ErrExist); err = c.rename(segmentEnding) { // an adoption that was interrupted has left it
			c.header.Number++
		}
		if err != nil {
			return err
		}
	}
	return a.s.cfg.Dir.Sync() // or a power cut could bring back the name of what is incomplete
}

// onDisk returns the sequence numbers of the process that need not be copied from its
// hot files. When it died, a piece may have been on disk and not yet marked as moved,
// in one of the last segments; and somebody may have died while he copied.
func (a *adoption) onDisk(files []disk.Entry) (have segment.Ranges, err error) {
	const recent = 3 // full, open, made ahead
	process := ProcessOf(a.files[0].Name)
	from, _ := slices.BinarySearchFunc(files, process, func(f disk.Entry, process string) int { return cmp.Compare(f.Name, process) })
	var segments, copies []string
	for _, f := range files[from:] {
		if ProcessOf(f.Name) != process {
			break
		}
		switch {
		case KindOf(f.Name) != Segment:
		case isCopy(f.Name):
			copies = append(copies, f.Name)
		default:
			segments = append(segments, f.Name)
		}
	}
	for _, name := range append(copies, segments[max(len(segments)-recent, 0):]...) {
		o, err := OpenOrphan(a.s.cfg.Dir, name)
		if errors.Is(err, disk.ErrLocked) {
			return nil, err // somebody is at it
		}
		if err != nil {
			continue // so what is in it is copied
		}
		_, _ = o.scan(func(segment.Record) bool { return true }) // what cannot be read is copied
		o.found(&have)
		o.Release()
	}
	return have, nil
}

// hotNumber has what hot files had sent after the segments of the same process: it is
// newer than what they have.
const hotNumber = 1 << 31

// isCopy reports whether a segment was a hot file.
func isCopy(name string) bool {
	_, number, _ := strings.Cut(strings.TrimSuffix(name, segmentEnding), "-")
	n, err := strconv.ParseUint(number, 16, 32)
	return err == nil && n >= hotNumber
}
