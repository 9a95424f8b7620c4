package spool

import (
	"bytes"
	"cmp"
	"errors"
	"runtime"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

var errNoFit = errors.New("what it has does not fit into another one")

// A segment that cannot be relied on any more is copied to a new one. Only when that is
// synced, the original goes, and only if all it had was found. Otherwise it stays, and
// says that what was copied is settled: the rest is left to whoever can read it. A copy
// that cannot be synced is given up, for there still is the original.

// doubt enters that a file cannot be relied on.
func (f *openFile) doubt(err error) {
	if f.suspect != nil {
		return
	}
	f.suspect = err
	if o := f.original; o != nil {
		f.void, f.original = true, nil
		o.copy, o.vain = nil, err
	}
}

// retire enters that what was copied of a suspect file stays on the disk.
func (f *openFile) retire(copied segment.Ranges) {
	for _, r := range copied {
		f.settled.Add(r.From, r.To)
	}
	f.retired, f.unacked = true, true
}

// rescue copies what is not settled of a segment: from memory where it is there,
// otherwise as far as it can still be read.
func (s *Spool) rescue(f *openFile) {
	s.seal(f)
	records := s.unsettled(f)
	if len(records) == 0 {
		s.mu.Lock()
		f.retire(nil)
		s.mu.Unlock()
		return
	}
	if s.current != nil { // a copy has nothing else, or it could not be given up
		s.seal(s.current)
	}
	c := s.room()
	if c == nil {
		return
	}
	s.mu.Lock()
	c.first = records[0].Seq
	for _, r := range f.settled { // meanwhile some may have been
		c.settled.Add(r.From, r.To)
	}
	c.original = f
	s.mu.Unlock()
	err := c.markCopy()
	if err == nil {
		err = s.copyTo(c, records)
	}
	s.seal(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.copy = c; err != nil {
		c.doubt(err)
	}
}

// copyTo writes records to a segment in which nothing else is.
func (s *Spool) copyTo(c *openFile, records []segment.Record) error {
	for len(records) > 0 {
		s.buf = s.buf[:0]
		p := piece{file: c}
		for int(p.records) < len(records) && s.frame(&p, records[p.records]) {
			seq := records[p.records-1].Seq
			p.have.Add(seq, seq+1)
		}
		if p.records == 0 {
			return errNoFit
		}
		if err := s.extend(c, &p); err != nil {
			return err
		}
		if err := s.put(&p); err != nil {
			return err
		}
		records = records[p.records:]
	}
	return nil
}

// unsettled returns what is not settled of a segment and can be found, in the order of
// positions.
func (s *Spool) unsettled(f *openFile) (records []segment.Record) {
	s.mu.Lock()
	needed, found := slices.Clone(f.have), slices.Clone(f.settled)
	s.mu.Unlock()
	keep := func(r segment.Record) {
		if needed.Contains(r.Seq) && !found.Contains(r.Seq) {
			r.Payload = bytes.Clone(r.Payload)
			records = append(records, r)
			found.Add(r.Seq, r.Seq+1)
		}
	}
	for after := f.first - 1; after < f.last; {
		copied := 0 // log calls wait meanwhile
		reached := s.source.Copy(after, func(position uint64, e batch.Event) bool {
			if position > f.last || copied > pieceBytes {
				return false
			}
			copied += len(e.Wire)
			keep(recordOf(position, e))
			return true
		})
		if reached == after { // a batch is being sealed, which takes a moment
			runtime.Gosched()
		}
		after = reached
	}
	if !found.CoversAll(needed) {
		for scan := segment.NewScanner(f, f.offset, f.header.ID); scan.Next(); {
			keep(scan.Record())
		}
	}
	slices.SortFunc(records, func(a, b segment.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return records
}

// recordOf returns the record of an event. The payload belongs to the event.
func recordOf(position uint64, e batch.Event) segment.Record {
	return segment.Record{Seq: position, Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: batch.Message(e.Wire)}
}
