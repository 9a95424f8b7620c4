package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// room returns the segment that takes records, or nil if there is none now.
func (s *Spool) room() *openFile {
	if s.current != nil {
		return s.current
	}
	if s.pausing() {
		return nil
	}
	ahead := s.making
	m := s.nextSegment()
	if m.file != nil {
		if s.disk.during(func() { m.err = m.file.intact() }); m.err != nil {
			_ = m.file.Close() // somebody has removed or changed it
		}
	}
	if m.err != nil && ahead { // that may have been long ago
		m = s.nextSegment()
	}
	for isFull(m.err) && s.source.GiveUp() {
		if s.acknowledge() { // that has made room
			m = s.nextSegment()
		}
	}
	if m.err != nil {
		s.fail("make segment", s.cfg.Dir.Path(), m.err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.file.first = s.stored.Load() + 1
	s.current = m.file
	s.segments = append(s.segments, m.file)
	return m.file
}

// nextSegment waits for the segment that is made ahead, or that is made now.
func (s *Spool) nextSegment() (m made) {
	s.makeAhead()
	s.disk.during(func() { m = <-s.ready })
	s.making = false
	return m
}

// makeAhead has the next segment made while there is still room in the present one, so
// that nobody has to wait for that.
func (s *Spool) makeAhead() {
	if s.making {
		return
	}
	s.making = true
	header := s.cfg.Header
	header.Number, header.Grows = s.numbered.Add(1), true
	s.others.Add(1)
	go func() {
		defer s.others.Done()
		var m made
		if m.err = s.renew(); m.err == nil {
			m.file, m.err = s.makeFile(header, segment.Start+growMin)
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

// A file grows by an eighth of what is needed of it, within these bounds: small files
// stay small, and large ones need few system calls. In a burst each step is twice the
// last one; what was reserved for nothing is given back later, see giveBack.
const (
	growMin = 16 << 10
	growMax = 1 << 20

	burstPause = 20 * time.Millisecond // between two steps of a burst, at most
)

// tailBytes is how many zeros a file that grows has behind its last record at least. One
// without them was cut.
const tailBytes = 8

// smallest is what a segment may take that is just made.
func (s *Spool) smallest() int64 {
	const size = segment.Start + growMin
	return size + s.overhead(size)
}

// makeFile makes a file of that size, without records, in the directory if the limits
// allow it.
func (s *Spool) makeFile(header segment.Header, size int64) (*openFile, error) {
	if err := s.claim(size + s.overhead(size)); err != nil {
		return nil, err
	}
	return newFile(s.cfg.Dir, header, newEnding, size)
}

// short returns by how much a file is too small for so many bytes of records.
func (f *openFile) short(n int) int64 { return f.offset + int64(n) + tailBytes - f.Size() }

// extend makes a file large enough for a piece.
func (s *Spool) extend(f *openFile, p *piece) (err error) {
	short := f.short(len(s.buf))
	if p.records == 0 || short <= 0 {
		return nil
	}
	now := time.Now()
	if f.step *= 2; now.Sub(f.grown) > burstPause {
		f.step = 0
	}
	f.step = min(max(f.step, (f.offset-f.dead)/8, growMin), growMax)
	f.grown = now
	for _, size := range []int64{f.Size() + short + f.step, f.Size() + short} { // what is not needed yet may not fit
		size = min(pageUp(size), max(s.cfg.SegmentBytes, f.Size()+short))
		if err = s.claim(size - f.Size() + s.overhead(size) - s.overhead(f.Size())); err == nil {
			s.disk.during(func() { err = f.Grow(size) })
		}
		if !isFull(err) {
			break
		}
	}
	return err
}

// seal ends a segment: it takes no more records.
func (s *Spool) seal(f *openFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.sealed = true
	f.unacked = true // it may be finished
	f.thinPlaces()
	s.chores.Store(true)
	if s.current == f {
		s.current = nil
	}
}

// forget takes a segment from the list.
func (s *Spool) forget(f *openFile) {
	s.segments = slices.DeleteFunc(s.segments, func(other *openFile) bool { return other == f })
}
