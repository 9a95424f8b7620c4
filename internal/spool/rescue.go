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

var errNoFit = errors.New("records do not fit in one segment")

// A segment that became unreliable is copied to a new one. The original is removed only when
// the copy is synced, and only if all of its events were found. Otherwise it stays with the
// copied events acknowledged, and the rest is left to a process that can read it. A copy that
// cannot be synced is discarded, since the original still exists.

// markSuspect records that a file cannot be relied on.
func (f *openFile) markSuspect(err error) {
	if f.suspect != nil {
		return
	}
	f.suspect = err
	if o := f.original; o != nil {
		f.discarded, f.original = true, nil
		o.copy, o.copyErr = nil, err
	}
}

// retire records that the copied events of a suspect file are on stable storage.
func (f *openFile) retire(copied segment.Ranges) {
	for _, r := range copied {
		f.acked.Add(r.From, r.To)
	}
	f.retired, f.acksStale = true, true
}

// rescue copies the unacknowledged events of a segment: from memory if they are there,
// otherwise from what is still readable.
func (s *Spool) rescue(f *openFile) {
	s.seal(f)
	records := s.unacknowledged(f)
	if len(records) == 0 {
		s.mu.Lock()
		f.retire(nil)
		s.mu.Unlock()
		return
	}
	if s.current != nil { // a copy has no other events, or it could not be discarded
		s.seal(s.current)
	}
	c := s.openSegment()
	if c == nil {
		return
	}
	s.mu.Lock()
	c.first = records[0].Seq
	for _, r := range f.acked { // some may have been acknowledged meanwhile
		c.acked.Add(r.From, r.To)
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
		c.markSuspect(err)
	}
}

// copyTo writes records to a segment that contains nothing else.
func (s *Spool) copyTo(c *openFile, records []segment.Record) error {
	for len(records) > 0 {
		s.buf = s.buf[:0]
		p := piece{file: c}
		for int(p.records) < len(records) && s.addRecord(&p, records[p.records]) {
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

// unacknowledged returns the unacknowledged events of a segment that can be found, ordered by
// position.
func (s *Spool) unacknowledged(f *openFile) (records []segment.Record) {
	s.mu.Lock()
	needed, found := slices.Clone(f.have), slices.Clone(f.acked)
	s.mu.Unlock()
	keep := func(r segment.Record) {
		if needed.Contains(r.Seq) && !found.Contains(r.Seq) {
			r.Payload = bytes.Clone(r.Payload)
			records = append(records, r)
			found.Add(r.Seq, r.Seq+1)
		}
	}
	for after := f.first - 1; after < f.last; {
		copied := 0 // bytes; log calls wait during the copy
		reached := s.source.Copy(after, func(position uint64, e batch.Event) bool {
			if position > f.last || copied > pieceBytes {
				return false
			}
			copied += len(e.Wire)
			keep(recordOf(position, e))
			return true
		})
		if reached == after { // a batch is being sealed, which is brief
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

// recordOf returns the record of an event. The payload aliases the event.
func recordOf(position uint64, e batch.Event) segment.Record {
	return segment.Record{Seq: position, Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: batch.Message(e.Wire)}
}
