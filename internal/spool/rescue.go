package spool

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// rescue writes what is not settled of a segment to another one: from memory where
// it is there, otherwise as far as it can still be read. It reports whether that
// is done.
func (s *Spool) rescue(f *openFile, why error) {
	s.seal(f)
	if s.current != nil { // positions ascend within a segment
		s.seal(s.current)
	}
	if !s.rewrite(f, s.unsettled(f)) {
		return
	}
	s.mu.Lock()
	f.rescued = true
	s.mu.Unlock()
	s.cfg.Failed("keep segment", f.name, why)
}

// unsettled returns what is not settled of a segment, in the order of positions.
func (s *Spool) unsettled(f *openFile) (records []segment.Record) {
	s.mu.Lock()
	have := slices.Clone(f.settled)
	s.mu.Unlock()
	keep := func(r segment.Record) {
		r.Payload = bytes.Clone(r.Payload)
		records = append(records, r)
		have.Add(r.Seq, r.Seq+1)
	}
	for after := f.first - 1; after < f.last; {
		copied := 0 // log calls wait meanwhile
		reached := s.source.Copy(after, func(position uint64, e batch.Event) bool {
			if position > f.last || copied > pieceBytes {
				return false
			}
			copied += len(e.Wire)
			if !have.Contains(position) {
				keep(recordOf(position, e))
			}
			return true
		})
		if reached == after {
			break // a batch is being sealed: the file has it as well
		}
		after = reached
	}
	scan := segment.NewScanner(f, f.offset, f.header.ID)
	for scan.Next() {
		if r := scan.Record(); !have.Contains(r.Seq) {
			keep(r)
		}
	}
	slices.SortFunc(records, func(a, b segment.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return records
}

// rewrite writes records of a segment to new ones.
func (s *Spool) rewrite(old *openFile, records []segment.Record) bool {
	for len(records) > 0 {
		f := s.room()
		if f == nil {
			return false
		}
		s.mu.Lock()
		f.first = min(f.first, records[0].Seq)
		for _, r := range old.settled {
			f.settled.Add(r.From, r.To)
		}
		s.mu.Unlock()
		s.buf = s.buf[:0]
		p := piece{file: f}
		n := 0
		for n < len(records) && s.frame(&p, records[n]) {
			n++
		}
		if n > 0 {
			if err := s.put(&p); err != nil {
				s.seal(f)
				s.fail("write segment", f.name, err)
				return false
			}
		}
		records = records[n:]
		if p.full || len(records) == 0 {
			s.seal(f)
		}
	}
	return true
}

// recordOf returns the record of an event. The payload belongs to the event.
func recordOf(position uint64, e batch.Event) segment.Record {
	return segment.Record{Seq: position, Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: batch.Message(e.Wire)}
}
