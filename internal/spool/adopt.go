package spool

import (
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
// to live. Adopt and Awaits are for one goroutine.
func (s *Spool) Adopt(held func(name string, bytes int64, why error)) (locked []string, err error) {
	var errs []error
	for _, dir := range []Directory{s.cfg.Dir, s.cfg.HotLeft} {
		if dir != nil {
			errs = append(errs, s.clean(dir))
		}
	}
	if s.cfg.HotLeft == nil {
		return nil, errors.Join(errs...)
	}
	hot, err := s.foreign(s.cfg.HotLeft, hotEnding)
	errs = append(errs, err)
	defer func() { // also of what stays
		s.adopted = slices.DeleteFunc(hot, func(name string) bool { return slices.Contains(locked, name) })
	}()
	var onDisk segment.Ranges // of the process whose files come now
	var wait error            // why they have to wait
	for i, name := range hot {
		if i == 0 || !SameProcess(name, hot[i-1]) {
			onDisk, wait = s.onDisk(name)
			if errors.Is(wait, disk.ErrLocked) {
				locked = append(locked, name)
			} else {
				errs = append(errs, wait)
			}
		}
		if wait != nil {
			continue
		}
		o, err := OpenOrphan(s.cfg.HotLeft, name)
		switch {
		case err == nil:
			if err := o.Short(); err != nil {
				held(name, 0, err)
			}
			for _, r := range onDisk {
				o.before.Add(r.From, r.To)
			}
			errs = append(errs, s.adopt(o))
		case errors.Is(err, ErrHeader): // or it would be tried for ever
			bytes, removed, failed := setAside(s.cfg.HotLeft, name, s.cfg.HotBytes)
			for _, old := range removed {
				held(old, 0, ErrTooMany)
			}
			if errors.Is(failed, disk.ErrLocked) {
				locked = append(locked, name)
				continue
			}
			held(name, bytes, fmt.Errorf("%w; it is set aside", err))
			errs = append(errs, failed)
		case errors.Is(err, disk.ErrLocked):
			locked = append(locked, name)
		case errors.Is(err, fs.ErrNotExist): // another process was faster
		case Stays(err):
			held(name, sizeOf(s.cfg.HotLeft, name), err)
		default:
			errs = append(errs, err)
		}
	}
	return locked, errors.Join(errs...)
}

// Awaits reports whether segments of a process that has ended must wait for the next
// Adopt: it was alive at the last one, so its hot files are still there, and have events
// that a segment has as well. Once the segment is sent, nobody would know of those.
func (s *Spool) Awaits(name string) bool {
	if s.cfg.HotLeft == nil {
		return false
	}
	hot, _ := s.foreign(s.cfg.HotLeft, hotEnding) // a directory that fails has nothing to wait for
	return slices.ContainsFunc(hot, func(other string) bool {
		return SameProcess(name, other) && !slices.Contains(s.adopted, other)
	})
}

// ErrTooMany is why a file that was set aside is removed.
var ErrTooMany = errors.New("removed: such files take more than they may")

// clean removes files that were being made or copied by processes that have ended.
func (s *Spool) clean(dir Directory) error {
	unfinished, err := s.foreign(dir, newEnding)
	errs := []error{err}
	for _, name := range unfinished {
		if f, err := dir.Open(name); err == nil {
			errs = append(errs, dir.Remove(name), f.Close())
		}
	}
	return errors.Join(errs...)
}

// onDisk returns the sequence numbers of a process that need not be copied from its
// hot files. When it died, a piece may have been on disk and not yet marked as moved,
// in one of the last segments; and somebody may have died while he copied.
func (s *Spool) onDisk(name string) (have segment.Ranges, err error) {
	const recent = 3 // full, open, made ahead
	files, err := s.cfg.Dir.List()
	if err != nil {
		return nil, err
	}
	var segments, copies []string
	for _, f := range files {
		switch {
		case KindOf(f.Name) != Segment || !SameProcess(f.Name, name):
		case isCopy(f.Name):
			copies = append(copies, f.Name)
		default:
			segments = append(segments, f.Name)
		}
	}
	for _, name := range append(copies, segments[max(len(segments)-recent, 0):]...) {
		o, err := OpenOrphan(s.cfg.Dir, name)
		if errors.Is(err, disk.ErrLocked) {
			return nil, err // somebody is at it
		}
		if err != nil {
			continue // so what is in it is copied
		}
		for _, r := range o.before {
			have.Add(r.From, r.To)
		}
		for scan := segment.NewScanner(o.file, o.file.Size(), o.Header.ID); scan.Next(); {
			seq := scan.Record().Seq
			have.Add(seq, seq+1)
		}
		o.Release()
	}
	return have, nil
}

// adopt moves a hot file to the disk. It is complete there before it has the name of
// a segment, and only then is it removed here.
func (s *Spool) adopt(o *Orphan) error {
	f, err := s.copyHot(o)
	if f != nil {
		if err == nil {
			crash.At("during adoption")
			if err = f.rename(segmentEnding); err == nil {
				err = s.cfg.Dir.Sync() // or a power cut could bring back the name of what is incomplete
			}
		} else {
			_ = s.cfg.Dir.Remove(f.name)
		}
		_ = f.Close()
	}
	if err != nil {
		o.Release()
		return fmt.Errorf("move hot file to disk: %w", err)
	}
	return o.Remove()
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

// copyHot copies what is not settled of a hot file to a new file on disk, which is
// nil if there is nothing.
func (s *Spool) copyHot(o *Orphan) (f *openFile, err error) {
	begin := func() bool {
		if f == nil && err == nil {
			header := o.Header
			header.Hot = false
			header.Number |= hotNumber
			header.Grows = false
			f, err = s.makeFile(header)
			if err == nil {
				err = f.Grow(o.Size())
			}
		}
		return err == nil
	}
	var buf []byte
	damaged, scanErr := o.Scan(func(seq uint64, e batch.Event) bool {
		if !begin() {
			return false
		}
		f.records++
		buf = segment.AppendRecord(buf[:0], f.header.ID, f.offset, f.records, recordOf(seq, e))
		_, err = f.WriteAt(buf, f.offset)
		f.offset += int64(len(buf))
		return err == nil
	})
	if err = errors.Join(err, scanErr); err != nil {
		return f, err
	}
	if damaged > 0 && begin() { // whoever sends the copy counts those as damaged that it does not have
		acks := segment.Acks{Generation: 1, Written: f.records + uint32(damaged)}
		_, err = f.WriteAt(acks.EncodeSlot(f.header.ID), segment.SlotOffset(acks.Generation))
	}
	if f != nil && err == nil {
		err = f.Sync()
	}
	return f, err
}
