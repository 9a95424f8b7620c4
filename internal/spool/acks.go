package spool

import (
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// acknowledge persists which events are acknowledged. It removes the segments whose events all
// are, and reports whether it removed any.
func (s *Spool) acknowledge() (removed bool) {
	type slot struct {
		*openFile
		next *segment.Acks // nil: nothing to write
	}
	var slots []slot
	var finished []*openFile
	s.mu.Lock()
	for _, f := range s.segments {
		switch {
		case f.finished() && !f.syncing:
			finished = append(finished, f)
		case f.acksStale && (f.suspect == nil || f.retired):
			next := f.nextAcks()
			slots = append(slots, slot{f, &next})
		case f.reclaimable:
			slots = append(slots, slot{openFile: f})
		}
	}
	for _, f := range finished {
		s.forget(f)
		if f.original != nil { // nothing is left to sync
			f.original.retire(nil)
		}
	}
	s.mu.Unlock()
	s.disk.during(func() {
		for _, slot := range slots {
			if slot.next != nil {
				crash.At("before ack")
				data, at := slot.encode(*slot.next)
				// After a failed write the other slot counts, and the next attempt must not
				// overwrite that one. Until then a crash causes these events to be delivered
				// twice, which cannot be avoided.
				if _, err := slot.WriteAt(data, at); err == nil {
					s.mu.Lock()
					slot.wroteAcks(*slot.next)
					s.mu.Unlock()
				}
				crash.At("after ack")
			}
			s.reclaim(slot.openFile, false)
		}
		for _, f := range finished {
			s.remove(f)
		}
	})
	return len(finished) > 0
}

// remove removes a segment that is no longer needed.
func (s *Spool) remove(f *openFile) {
	crash.At("before unlink")
	if !f.named() || s.cfg.Dir.Remove(f.name) != nil {
		// The next process may still find it, but nothing in it to send.
		data, at := f.encode(f.nextAcks())
		_, _ = f.WriteAt(data, at)
	}
	crash.At("after unlink")
	_ = f.Close() // its contents are no longer needed
	if isFull(s.failing.err) && !f.discarded && f.records > 0 {
		s.failing.retryAt = s.failing.retryAt.Add(-backoffMax) // space was freed: retry now
	}
}

// nextAcks returns the acks to write next. Once they are written, call wroteAcks.
func (f *openFile) nextAcks() segment.Acks {
	f.acksStale = false
	acked := slices.Clone(f.acked)
	acked.Cut(segment.MaxRanges)
	return segment.Acks{Generation: f.acks.Generation + 1, Written: f.records, Final: f.sealed, Acked: acked}
}

// encode returns the slot for a and its file offset.
func (f *openFile) encode(a segment.Acks) (slot []byte, at int64) {
	return a.EncodeSlot(f.header.ID), segment.SlotOffset(a.Generation)
}

// wroteAcks records that the file now has a. The other slot has the previous acks.
func (f *openFile) wroteAcks(a segment.Acks) { f.ackedBoth, f.acks = f.acks.Acked, a }
