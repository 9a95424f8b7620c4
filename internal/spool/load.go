package spool

import (
	"cmp"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Load visits the readable events in (after, to] in order, except for those that are only in a
// suspect segment although it was copied. It waits for the disk. The event is only valid during
// the call of visit.
func (s *Spool) Load(after, to uint64, visit func(position uint64, e batch.Event)) {
	var encoder batch.Encoder
	var wire []byte
	var found segment.Ranges
	seen := make(map[uint64]uint64) // by segment ID: the last position it had
	// A segment may be copied to another one and closed while it is read.
	for list := s.candidates(after, to); len(list) > 0; list = s.candidates(after, to) {
		list = slices.DeleteFunc(list, func(c candidate) bool { return seen[c.id] == c.have })
		if len(list) == 0 || found.Covers(after+1, to+1) {
			return
		}
		c := list[0]
		seen[c.id] = c.have
		scan := segment.NewScanner(c.file, c.end, c.id)
		if c.from.offset > 0 {
			scan.Resume(c.from.offset, c.from.number, c.from.seq)
		}
		for scan.Next() {
			r := scan.Record()
			if r.Seq > to {
				break
			}
			if r.Seq <= after || found.Contains(r.Seq) {
				continue
			}
			found.Add(r.Seq, r.Seq+1)
			e := eventOf(&encoder, wire[:0], r)
			wire = e.Wire
			visit(r.Seq, e)
		}
	}
}

// candidate is a segment that may contain some of the events.
type candidate struct {
	file     File
	id       uint64
	first    uint64 // position of the first event it may contain
	have     uint64 // position of the last of the events it may contain by now
	from     place  // where to start; zero: at the beginning
	end      int64
	fallback bool // its events should be in others
}

// candidates returns the segments that may contain events in (after, to], ordered by position.
// Segments that were copied come last.
func (s *Spool) candidates(after, to uint64) (list []candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if f.discarded || f.last <= after || f.first > to {
			continue
		}
		c := candidate{file: f.File, id: f.header.ID, first: f.first, have: min(f.last, to), end: f.offset, fallback: f.copy != nil || f.retired}
		for _, p := range f.places {
			if p.seq <= after+1 {
				c.from = p
			}
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if a.fallback != b.fallback {
			if a.fallback {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.first, b.first)
	})
	return list
}

// eventOf returns the event of a record with its wire form appended to dst. Times before 1970,
// which a request cannot have, become 1970.
func eventOf(encoder *batch.Encoder, dst []byte, r segment.Record) batch.Event {
	r.Time = max(r.Time, 0)
	dst = append(encoder.AppendStart(dst, r.Time), r.Payload...)
	level := account.Level(r.Level)
	if level >= account.Levels {
		level = account.None
	}
	return batch.Event{Time: r.Time, Size: r.Size, Level: level, Wire: encoder.AppendEnd(dst)}
}
