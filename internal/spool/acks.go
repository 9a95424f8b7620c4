package spool

import (
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// acknowledge writes to the disk which events are done with. A segment of which all
// are is removed, which says the same. It reports whether one was.
func (s *Spool) acknowledge() (removed bool) {
	type slot struct {
		*openFile
		next *segment.Acks // nil: none are written
	}
	var slots []slot
	var finished []*openFile
	s.mu.Lock()
	for _, f := range s.segments {
		switch {
		case f.finished() && !f.syncing:
			finished = append(finished, f)
		case f.unacked && (f.suspect == nil || f.retired):
			next := f.nextAcks()
			slots = append(slots, slot{f, &next})
		case f.spare:
			slots = append(slots, slot{openFile: f})
		}
	}
	for _, f := range finished {
		s.forget(f)
		if f.original != nil { // there is nothing left to be synced
			f.original.retire(nil)
		}
	}
	s.mu.Unlock()
	s.disk.during(func() {
		for _, slot := range slots {
			if slot.next != nil {
				crash.At("before ack")
				data, at := slot.encode(*slot.next)
				// When that fails the other slot counts, and the next attempt must not be
				// there. Until then events are delivered twice: nothing to be done about.
				if _, err := slot.WriteAt(data, at); err == nil {
					s.mu.Lock()
					slot.acked(*slot.next)
					s.mu.Unlock()
				}
				crash.At("after ack")
			}
			s.giveBack(slot.openFile, false)
		}
		for _, f := range finished {
			s.remove(f)
		}
	})
	return len(finished) > 0
}

// remove removes a segment of which nothing is needed any more.
func (s *Spool) remove(f *openFile) {
	crash.At("before unlink")
	if !f.named() || s.cfg.Dir.Remove(f.name) != nil {
		// The next process may find it. It should find nothing to send.
		data, at := f.encode(f.nextAcks())
		_, _ = f.WriteAt(data, at)
	}
	crash.At("after unlink")
	_ = f.Close() // nothing is needed of it
	if isFull(s.trouble.err) && !f.void && f.records > 0 {
		s.trouble.at = s.trouble.at.Add(-troubleMax) // there is room now
	}
}

// nextAcks returns what says which events are done with. When it is written, acked notes
// that.
func (f *openFile) nextAcks() segment.Acks {
	f.unacked = false
	settled := slices.Clone(f.settled)
	settled.Cut(segment.MaxRanges)
	return segment.Acks{Generation: f.acks.Generation + 1, Written: f.records, Final: f.sealed, Settled: settled}
}

// encode returns the slot of acks, and where in the file it is written.
func (f *openFile) encode(a segment.Acks) (slot []byte, at int64) {
	return a.EncodeSlot(f.header.ID), segment.SlotOffset(a.Generation)
}

// acked notes that the file has acks. The other slot has those before.
func (f *openFile) acked(a segment.Acks) { f.both, f.acks = f.acks.Settled, a }
