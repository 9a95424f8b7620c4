package spool

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Reasons why no segment can be made, beside what a disk says.
var (
	ErrFull = errors.New("the spool has reached its MaxBytes")
	ErrLow  = errors.New("the file system has less free space than MinFree")
)

// room returns the segment that takes records, or nil if there is none now.
func (s *Spool) room() *openFile {
	if s.current != nil {
		return s.current
	}
	if s.trouble.err != nil && time.Now().Before(s.trouble.at) {
		return nil
	}
	ahead := s.making
	s.makeAhead()
	m := <-s.ready
	s.making = false
	if m.file != nil {
		if m.err = m.file.intact(); m.err != nil {
			_ = m.file.Close() // somebody has removed or changed it
		}
	}
	if m.err != nil && ahead { // that may have been long ago
		s.makeAhead()
		m = <-s.ready
		s.making = false
	}
	for isFull(m.err) && s.source.GiveUp() {
		if s.acknowledge() { // that has made room
			s.makeAhead()
			m = <-s.ready
			s.making = false
		}
	}
	if m.err != nil {
		s.fail("make segment", s.cfg.Dir.Path(), m.err)
		return nil
	}
	s.mu.Lock()
	m.file.first = s.stored.Load() + 1
	s.current = m.file
	s.segments = append(s.segments, m.file)
	s.mu.Unlock()
	s.makeAhead()
	return m.file
}

// isFull reports whether a segment could be made if there was one less.
func isFull(err error) bool {
	return slices.ContainsFunc([]error{ErrFull, ErrLow, syscall.ENOSPC, syscall.EDQUOT}, func(full error) bool { return errors.Is(err, full) })
}

// makeAhead has a segment made for the time when the present one is full, so that
// nobody has to wait for that, and a disk that gets full has room for it.
func (s *Spool) makeAhead() {
	if s.making {
		return
	}
	s.making = true
	header := s.cfg.Header
	header.Number = s.numbered.Add(1)
	s.others.Add(1)
	go func() {
		defer s.others.Done()
		var m made
		if m.err = s.renew(); m.err == nil {
			m.file, m.err = s.makeFile(header, segmentEnding, s.cfg.SegmentBytes)
		}
		s.ready <- m
	}()
}

// renew makes the directory again if somebody has deleted or replaced it, and tells that.
func (s *Spool) renew() error {
	gone, err := s.cfg.Dir.Renew()
	if gone != nil {
		s.gone.Store(true)
		s.chores.Store(true)
		s.signal()
		s.cfg.Failed("keep directory", s.cfg.Dir.Path(), gone)
	}
	return err
}

// makeFile makes a file in the directory if the limits allow it.
func (s *Spool) makeFile(header segment.Header, ending string, size int64) (*openFile, error) {
	s.space <- struct{}{}
	defer func() { <-s.space }()
	if err := s.checkSpace(size + s.cfg.Overhead); err != nil {
		return nil, err
	}
	return newFile(s.cfg.Dir, header, ending, size)
}

// checkSpace reports whether the limits allow another file that may take so many bytes.
// A file system may take more for a file than its size, to note where its blocks are,
// and some of that only when it is written: what there is counts with that.
func (s *Spool) checkSpace(size int64) error {
	files, err := s.cfg.Dir.List()
	if err != nil {
		return err
	}
	used, most := int64(0), size
	for _, f := range files {
		bytes := max(f.Bytes, f.Size)
		used += bytes
		if KindOf(f.Name) != Other {
			bytes = max(bytes, f.Size+s.cfg.Overhead)
		}
		most += bytes
	}
	s.mu.Lock()
	s.bytes = used
	s.mu.Unlock()
	if most > s.cfg.MaxBytes {
		return fmt.Errorf("%w (%d bytes)", ErrFull, s.cfg.MaxBytes)
	}
	free, _, err := s.cfg.Dir.Space()
	if err != nil {
		return err
	}
	switch {
	case free-size >= s.cfg.MinFree:
		return nil
	case s.cfg.MinFree == 0: // nobody has asked for more than what is needed
		return fmt.Errorf("%w (%d bytes free, %d needed)", syscall.ENOSPC, free, size)
	default:
		return fmt.Errorf("%w (%d of %d bytes)", ErrLow, free, s.cfg.MinFree)
	}
}

// seal ends a segment: it takes no more records.
func (s *Spool) seal(f *openFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.sealed = true
	f.unacked = true // it may be finished
	s.chores.Store(true)
	if s.current == f {
		s.current = nil
	}
}

// forget takes a segment from the list.
func (s *Spool) forget(f *openFile) {
	s.segments = slices.DeleteFunc(s.segments, func(other *openFile) bool { return other == f })
}
