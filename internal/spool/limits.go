package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// Reasons besides errors of the disk why a segment cannot be created or grow.
var (
	ErrFull = errors.New("the spool has reached MaxBytes")
	ErrLow  = errors.New("the file system has less free space than MinFree")
)

// isFull reports whether removing a segment would make room.
func isFull(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, ErrLow) || disk.IsFull(err)
}

// limits tracks the use of the limits.
type limits struct {
	used atomic.Int64 // bytes of all files when last listed, plus what was reserved since

	lock     lock      // held while the directory is listed; guards the fields below
	reserved bool      // something was reserved
	listedAt time.Time // time of the last listing
	large    bool      // the mark exists, see LargeMark
}

// reserve accounts for additional bytes of files, or returns why they exceed the limits.
func (s *Spool) reserve(bytes int64) error {
	l := &s.limits
	l.lock.lock()
	first := !l.reserved
	l.reserved = true
	if first && bytes <= s.smallest() && !s.isLarge() {
		s.listAsync(bytes)
		return s.hasFree(bytes)
	}
	defer l.lock.unlock()
	now := time.Now()
	if now.Sub(l.listedAt) >= checkEvery || l.used.Load()+bytes > s.cfg.MaxBytes { // files may have been removed
		others, own, err := s.list()
		if err != nil {
			return err
		}
		l.used.Store(others + own)
		l.listedAt = now
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

// listAsync lists the files while the first segment of that size is being created, so that a
// start does not wait for a directory with very many files. It releases the lock when it is
// done; whoever needs more space waits for that.
func (s *Spool) listAsync(bytes int64) {
	l := &s.limits
	s.background.Add(1)
	go func() {
		defer s.background.Done()
		defer l.lock.unlock()
		if others, own, err := s.list(); err == nil {
			l.used.Store(others + max(own, bytes)) // the segment may not have been listed yet
			l.listedAt = time.Now()
		}
	}()
}

// hasFree returns an error unless the file system has that many bytes in addition to MinFree.
func (s *Spool) hasFree(bytes int64) error {
	free, _, err := s.cfg.Dir.Space()
	switch {
	case err != nil:
		return err
	case free-bytes >= s.cfg.MinFree:
		return nil
	case s.cfg.MinFree == 0: // no reserve was requested
		return fmt.Errorf("%w (%d bytes free, %d needed)", disk.ErrNoSpace, free, bytes)
	default:
		return fmt.Errorf("%w (%d of %d bytes)", ErrLow, free, s.cfg.MinFree)
	}
}

// list returns the bytes of all files in the directory: those of this process, with what they may
// occupy once everything reserved is written, and all others.
func (s *Spool) list() (others, own int64, err error) {
	files, err := s.cfg.Dir.List()
	if err != nil {
		return 0, 0, err
	}
	ownName := processName(s.cfg.Header.Producer)
	for _, f := range files {
		if ProcessOf(f.Name) == ownName {
			own += max(f.Bytes, f.Size+s.overhead(f.Size))
		} else {
			others += f.Bytes
		}
	}
	s.markLarge(others+own > s.cfg.MaxBytes/2)
	return others, own, nil
}

// overhead returns what a file system may allocate in addition to the size of a file for its
// block map, some of it only when the file is written.
func (s *Spool) overhead(size int64) int64 {
	if s.cfg.Overhead == 0 {
		return 0
	}
	return pageBytes + size*s.cfg.Overhead/s.cfg.SegmentBytes
}

// LargeMark is the name of an empty file that exists while more than half of MaxBytes is in
// use. If it exists, a new process must know the exact use before it reserves more.
const LargeMark = "large"

// DiscardLargeMark removes the mark if the file of that name is empty.
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

// isLarge reports whether the mark exists.
func (s *Spool) isLarge() bool {
	f, err := s.cfg.Dir.Open(LargeMark)
	if err == nil {
		_ = f.Close()
	}
	s.limits.large = !errors.Is(err, fs.ErrNotExist)
	return s.limits.large
}

// markLarge creates or removes the mark. If that fails, the next listing retries it.
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
