package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// openSegment returns the segment that takes records, or nil if there is none now.
func (s *Spool) openSegment() *openFile {
	if s.current != nil {
		return s.current
	}
	if s.backingOff() {
		return nil
	}
	ahead := s.making
	m := s.nextSegment()
	if m.file != nil {
		if s.disk.during(func() { m.err = m.file.intact() }); m.err != nil {
			_ = m.file.Close() // it was removed or changed externally
		}
	}
	if m.err != nil && ahead { // the error may be old
		m = s.nextSegment()
	}
	for isFull(m.err) && s.source.GiveUp() {
		if s.acknowledge() { // this has made room
			m = s.nextSegment()
		}
	}
	if m.err != nil {
		s.fail("create segment", s.cfg.Dir.Path(), m.err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.file.first = s.stored.Load() + 1
	s.current = m.file
	s.segments = append(s.segments, m.file)
	return m.file
}

// nextSegment waits for the next segment to be created, if necessary.
func (s *Spool) nextSegment() (m made) {
	s.makeAhead()
	s.disk.during(func() { m = <-s.ready })
	s.making = false
	return m
}

// makeAhead starts creating the next segment while the current one still has room, so that
// nothing waits for it.
func (s *Spool) makeAhead() {
	if s.making {
		return
	}
	s.making = true
	header := s.cfg.Header
	header.Number, header.Grows = s.lastNumber.Add(1), true
	s.background.Add(1)
	go func() {
		defer s.background.Done()
		var m made
		if m.err = s.renew(); m.err == nil {
			m.file, m.err = s.makeFile(header, segment.Start+growMin)
		}
		s.ready <- m
	}()
}

// renew recreates the directory if it was deleted or replaced, and reports that.
func (s *Spool) renew() error {
	gone, err := s.cfg.Dir.Renew()
	if gone != nil {
		s.dirGone.Store(true)
		s.chores.Store(true)
		s.signal()
		s.cfg.Failed("check directory", s.cfg.Dir.Path(), gone)
	}
	return err
}

// A file grows by an eighth of its live data, within these bounds: small files stay small, and
// large ones need few system calls. In a burst each step is twice the previous one; unused
// reservations are reclaimed later.
const (
	growMin = 16 << 10
	growMax = 1 << 20

	burstPause = 20 * time.Millisecond // maximum time between two steps of a burst
)

// tailBytes is the minimum number of zero bytes after the last record of a growing file. A file
// without them was truncated.
const tailBytes = 8

// smallest returns the maximum space that a new segment occupies.
func (s *Spool) smallest() int64 {
	const size = segment.Start + growMin
	return size + s.overhead(size)
}

// makeFile creates a file of that size without records if the limits allow it.
func (s *Spool) makeFile(header segment.Header, size int64) (*openFile, error) {
	if err := s.reserve(size + s.overhead(size)); err != nil {
		return nil, err
	}
	return newFile(s.cfg.Dir, header, newExt, size)
}

// shortBy returns by how many bytes a file is too small for n more bytes of records.
func (f *openFile) shortBy(n int) int64 { return f.offset + int64(n) + tailBytes - f.Size() }

// extend makes a file large enough for a piece.
func (s *Spool) extend(f *openFile, p *piece) (err error) {
	short := f.shortBy(len(s.buf))
	if p.records == 0 || short <= 0 {
		return nil
	}
	now := time.Now()
	if f.step *= 2; now.Sub(f.grown) > burstPause {
		f.step = 0
	}
	f.step = min(max(f.step, (f.offset-f.reclaimed)/8, growMin), growMax)
	f.grown = now
	for _, size := range []int64{f.Size() + short + f.step, f.Size() + short} { // the step may not fit
		size = min(pageUp(size), max(s.cfg.SegmentBytes, f.Size()+short))
		if err = s.reserve(size - f.Size() + s.overhead(size) - s.overhead(f.Size())); err == nil {
			s.disk.during(func() { err = f.Grow(size) })
		}
		if !isFull(err) {
			break
		}
	}
	return err
}

// seal closes a segment to further records.
func (s *Spool) seal(f *openFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.sealed = true
	f.acksStale = true // it may be finished
	f.thinPlaces()
	s.chores.Store(true)
	if s.current == f {
		s.current = nil
	}
}

// forget removes a segment from the list.
func (s *Spool) forget(f *openFile) {
	s.segments = slices.DeleteFunc(s.segments, func(other *openFile) bool { return other == f })
}
