package spool

import (
	"errors"
	"fmt"
	"slices"
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
	for (errors.Is(m.err, ErrFull) || errors.Is(m.err, ErrLow)) && s.source.GiveUp() {
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
	if err := s.checkSpace(); err != nil {
		return nil, err
	}
	return newFile(s.cfg.Dir, header, ending, size)
}

// checkSpace reports whether the limits allow another segment.
func (s *Spool) checkSpace() error {
	files, err := s.cfg.Dir.List()
	if err != nil {
		return err
	}
	used := int64(0)
	for _, f := range files {
		used += max(f.Bytes, f.Size)
	}
	s.mu.Lock()
	s.bytes = used
	s.mu.Unlock()
	if used+s.cfg.SegmentBytes > s.cfg.MaxBytes {
		return fmt.Errorf("%w (%d bytes)", ErrFull, s.cfg.MaxBytes)
	}
	free, _, err := s.cfg.Dir.Space()
	if err != nil {
		return err
	}
	if free-s.cfg.SegmentBytes < s.cfg.MinFree {
		return fmt.Errorf("%w (%d of %d bytes)", ErrLow, free, s.cfg.MinFree)
	}
	return nil
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
