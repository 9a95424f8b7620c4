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

// Adopt moves hot files of dead processes from the RAM file system to the disk, and removes
// files that other processes left unfinished. It calls held for each file that stays or has
// lost data, with the size of what stays and the cause. locked lists the files whose processes
// seem to be alive. Adopt and [Spool.Leftovers] must be called from one goroutine.
func (s *Spool) Adopt(held func(name string, bytes int64, cause error)) (locked []string, err error) {
	var errs []error
	for _, dir := range []Directory{s.cfg.Dir, s.cfg.HotLeftovers} {
		if dir != nil {
			errs = append(errs, s.clean(dir))
		}
	}
	s.adopted, s.unmoved = make(map[string]bool), 0
	if s.cfg.HotLeftovers == nil {
		return nil, errors.Join(errs...)
	}
	hot, err := filesOfOthers(s.cfg.HotLeftovers, s.cfg.Header.Producer, hotExt)
	errs = append(errs, err)
	var files []disk.Entry // in the spool directory
	if len(hot) > 0 {
		if files, err = s.cfg.Dir.List(); err != nil {
			s.unmoved = 1
			return nil, errors.Join(append(errs, err)...)
		}
	}
	for len(hot) > 0 {
		n := 1 // files of one process are adjacent
		for n < len(hot) && ProcessOf(hot[n].Name) == ProcessOf(hot[0].Name) {
			n++
		}
		a := adoption{s: s, files: hot[:n], held: held}
		err := a.run(files)
		errs = append(errs, err)
		s.unmoved += a.unmoved
		locked = append(locked, a.locked...)
		for _, f := range hot[:n] { // including what stays; what failed is retried, and does not hold back its segments
			s.adopted[f.Name] = len(a.locked) == 0
		}
		hot = hot[n:]
	}
	return locked, errors.Join(errs...)
}

// Unmoved returns how many events the last [Spool.Adopt] found and could not move, counting one
// for each file it could not read. It must be called from the goroutine that calls Adopt.
func (s *Spool) Unmoved() int64 { return s.unmoved }

// ErrTooMany is the cause for which a file that was set aside is removed.
var ErrTooMany = errors.New("removed: unreadable files exceed an eighth of the spool")

// clean removes files that dead processes were creating or copying.
func (s *Spool) clean(dir Directory) error {
	unfinished, err := filesOfOthers(dir, s.cfg.Header.Producer, newExt)
	errs := []error{err}
	for _, e := range unfinished {
		if f, err := dir.Open(e.Name); err == nil {
			errs = append(errs, dir.Remove(e.Name), f.Close())
		}
	}
	return errors.Join(errs...)
}

// adoption moves the hot files of one process to the disk.
type adoption struct {
	s      *Spool
	files  []disk.Entry // the hot files
	held   func(name string, bytes int64, cause error)
	locked []string // those whose process seems to be alive

	hot     []*Orphan // readable ones, in the order in which they were filled
	unmoved int64     // events left in them after a failure

	events int64 // events to copy

	// The copy being written.
	copy   *openFile
	buf    []byte // records not yet written to it
	last   uint64 // sequence number of its last record
	copies []*openFile
}

// run copies the hot files and removes them once all of their events are on disk. files lists
// the spool directory.
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

// open opens the hot files. Events in have are not copied.
func (a *adoption) open(have segment.Ranges) error {
	var errs []error
	for _, f := range a.files {
		o, err := OpenOrphan(a.s.cfg.HotLeftovers, f.Name)
		switch {
		case err == nil:
			if err := o.Truncated(); err != nil {
				a.held(f.Name, 0, err)
			}
			for _, r := range have {
				o.acked.Add(r.From, r.To)
			}
			a.hot = append(a.hot, o)
		case errors.Is(err, ErrHeaderDamaged): // or every round would retry it
			errs = append(errs, a.putAside(f.Name, err))
		case errors.Is(err, disk.ErrLocked):
			a.locked = append(a.locked, f.Name)
		case errors.Is(err, fs.ErrNotExist): // another process has moved it
		case IsPermanent(err):
			a.held(f.Name, f.Size, err)
		default:
			a.unmoved++
			errs = append(errs, err)
		}
	}
	slices.SortFunc(a.hot, func(x, y *Orphan) int { return cmp.Compare(x.Header.Number, y.Header.Number) })
	return errors.Join(errs...)
}

func (a *adoption) putAside(name string, cause error) error {
	bytes, removed, err := moveAside(a.s.cfg.HotLeftovers, name, a.s.cfg.HotBytes)
	for _, old := range removed {
		a.held(old, 0, ErrTooMany)
	}
	if errors.Is(err, disk.ErrLocked) {
		a.locked = append(a.locked, name)
		return nil
	}
	a.held(name, bytes, fmt.Errorf("%w; set aside", cause))
	return err
}

// move copies what is needed of the hot files, and removes them.
func (a *adoption) move() error {
	err := a.copyAll()
	if err == nil {
		err = a.nameCopies()
	}
	for _, f := range append(a.copies, a.copy) {
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

// copyAll writes the copies: one, unless the events exceed the size of a segment.
func (a *adoption) copyAll() error {
	left := int64(0) // bytes of records to copy
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

// add copies an event from a file with that header. left counts the bytes of records still to
// copy, including this one.
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

// begin creates a copy with room bytes for records.
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

// finish completes a copy. damaged records count as written, so that the replayer finds them
// missing and reports them as damaged.
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
	a.copies, a.copy, a.last = append(a.copies, c), nil, 0
	return nil
}

// nameCopies renames the copies to segments once all of them are complete.
func (a *adoption) nameCopies() error {
	if len(a.copies) == 0 {
		return nil
	}
	crash.At("during adoption")
	for _, c := range a.copies {
		err := c.rename(segmentExt)
		for ; errors.Is(err, fs.ErrExist); err = c.rename(segmentExt) { // left by an interrupted adoption
			c.header.Number++
		}
		if err != nil {
			return err
		}
	}
	return a.s.cfg.Dir.Sync() // or a power cut could bring back the name of an incomplete file
}

// onDisk returns the sequence numbers of the process that need no copy. When it died, one of
// its last segments may already have had events that were not yet marked as moved in the hot
// files, and an earlier adoption may have died while copying.
func (a *adoption) onDisk(files []disk.Entry) (have segment.Ranges, err error) {
	const recent = 3 // one full, one open, one created ahead
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
			return nil, err // another process is using it
		}
		if err != nil {
			continue // its events are copied
		}
		_, _ = o.scanRecords(func(segment.Record) bool { return true }) // unreadable events are copied
		o.addFound(&have)
		o.Release()
	}
	return have, nil
}

// hotNumber is set in the segment numbers of copies, which makes them sort after the segments
// of the same process: their events are newer.
const hotNumber = 1 << 31

// isCopy reports whether the segment was copied from hot files.
func isCopy(name string) bool {
	_, number, _ := strings.Cut(strings.TrimSuffix(name, segmentExt), "-")
	n, err := strconv.ParseUint(number, 16, 32)
	return err == nil && n >= hotNumber
}
