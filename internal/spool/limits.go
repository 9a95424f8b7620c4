package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// Reasons why no segment can be made or grow, beside what a disk says.
var (
	ErrFull = errors.New("the spool has reached its MaxBytes")
	ErrLow  = errors.New("the file system has less free space than MinFree")
)

// isFull reports whether there would be room if there was one segment less.
func isFull(err error) bool {
	return slices.ContainsFunc([]error{ErrFull, ErrLow, syscall.ENOSPC, syscall.EDQUOT}, func(full error) bool { return errors.Is(err, full) })
}

// limits knows how much of the limits is used.
type limits struct {
	used atomic.Int64 // bytes of all files in the directory, when that was last known, and what was claimed since

	asking lock      // held while the disk is asked; it guards what follows
	begun  bool      // something was claimed
	listed time.Time // when the files were listed
	large  bool      // the mark says so, see LargeMark
}

// claim enters that files will take so many bytes more, or returns why they must not.
func (s *Spool) claim(bytes int64) error {
	l := &s.limits
	l.asking.lock()
	first := !l.begun
	l.begun = true
	if first && bytes <= s.smallest() && !s.isLarge() {
		s.listBeside(bytes)
		return s.hasFree(bytes)
	}
	defer l.asking.unlock()
	now := time.Now()
	if now.Sub(l.listed) >= checkEvery || l.used.Load()+bytes > s.cfg.MaxBytes { // some may have gone
		used, err := s.list()
		if err != nil {
			return err
		}
		l.used.Store(used)
		l.listed = now
	}
	if l.used.Load()+bytes > s.cfg.MaxBytes {
		return fmt.Errorf("%w (%d bytes)", ErrFull, s.cfg.MaxBytes)
	}
	if err := s.hasFree(bytes); err != nil {
		return err
	}
	if l.used.Add(bytes) > s.cfg.MaxBytes/2 {
		s.markLarge(true)
	}
	return nil
}

// listBeside lists the files while the first segment is made, of so many bytes: a start
// does not wait for a directory with very many files. Whoever needs more waits for the
// lock, which is let go then.
func (s *Spool) listBeside(bytes int64) {
	l := &s.limits
	s.others.Add(1)
	go func() {
		defer s.others.Done()
		defer l.asking.unlock()
		if used, err := s.list(); err == nil {
			l.used.Store(max(used, bytes))
			l.listed = time.Now()
		}
	}()
}

// hasFree returns an error unless the file system has so many bytes, and MinFree beside.
func (s *Spool) hasFree(bytes int64) error {
	free, _, err := s.cfg.Dir.Space()
	switch {
	case err != nil:
		return err
	case free-bytes >= s.cfg.MinFree:
		return nil
	case s.cfg.MinFree == 0: // nobody has asked for more than what is needed
		return fmt.Errorf("%w (%d bytes free, %d needed)", syscall.ENOSPC, free, bytes)
	default:
		return fmt.Errorf("%w (%d of %d bytes)", ErrLow, free, s.cfg.MinFree)
	}
}

// list returns what all files in the directory take. Those of this process count with
// what they may take once everything that was reserved is written.
func (s *Spool) list() (used int64, err error) {
	files, err := s.cfg.Dir.List()
	if err != nil {
		return 0, err
	}
	own := processName(s.cfg.Header.Producer)
	for _, f := range files {
		bytes := f.Bytes
		if ProcessOf(f.Name) == own {
			bytes = max(bytes, f.Size+s.overhead(f.Size))
		}
		used += bytes
	}
	s.markLarge(used > s.cfg.MaxBytes/2)
	return used, nil
}

// overhead is what a file system may take for a file beside its size, to note where its
// blocks are, and some of that only when it is written.
func (s *Spool) overhead(size int64) int64 {
	if s.cfg.Overhead == 0 {
		return 0
	}
	return pageBytes + size*s.cfg.Overhead/s.cfg.SegmentBytes
}

// LargeMark is the name of an empty file that is there while more than half of MaxBytes is
// used: then a start has to know how much exactly before it takes more.
const LargeMark = "large"

// DiscardLargeMark removes the mark, if it is one.
func DiscardLargeMark(dir *disk.Dir) error {
	f, err := dir.Inspect(LargeMark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size := f.Size()
	if err := f.Close(); err != nil || size > 0 {
		return err
	}
	return dir.Discard(LargeMark)
}

// isLarge reports whether the mark is there.
func (s *Spool) isLarge() bool {
	f, err := s.cfg.Dir.Open(LargeMark)
	if err == nil {
		_ = f.Close()
	}
	s.limits.large = !errors.Is(err, fs.ErrNotExist)
	return s.limits.large
}

// markLarge sets the mark, or takes it away. Where that fails it is tried again with the
// next list.
func (s *Spool) markLarge(large bool) {
	if large == s.limits.large {
		return
	}
	var err error
	if large {
		var f File
		if f, err = s.cfg.Dir.Create(LargeMark, 0); err == nil {
			err = f.Close()
		}
	} else {
		err = s.cfg.Dir.Remove(LargeMark)
	}
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, disk.ErrLocked) {
		s.limits.large = large
	}
}
