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
		at     int64 // 0: nothing is written
		data   []byte
		before segment.Acks
		both   segment.Ranges
	}
	var slots []slot
	var finished []*openFile
	s.mu.Lock()
	for _, f := range s.segments {
		switch {
		case f.finished() && !f.syncing:
			finished = append(finished, f)
		case f.unacked && (f.suspect == nil || f.retired):
			before, both := f.acks, f.both
			data, at := f.nextSlot()
			slots = append(slots, slot{f, at, data, before, both})
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
			if slot.at > 0 {
				crash.At("before ack")
				if _, err := slot.WriteAt(slot.data, slot.at); err != nil {
					// The other slot counts, and the next attempt must not be there.
					// Until then events are delivered twice: nothing to be done about.
					s.mu.Lock()
					slot.acks, slot.openFile.both = slot.before, slot.both
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
		data, at := f.nextSlot()
		_, _ = f.WriteAt(data, at)
	}
	crash.At("after unlink")
	_ = f.Close() // nothing is needed of it
	if isFull(s.trouble.err) && !f.void && f.records > 0 {
		s.trouble.at = s.trouble.at.Add(-troubleMax) // there is room now
	}
}

// nextSlot returns what says which events are done with, and where it is written.
func (f *openFile) nextSlot() (data []byte, at int64) {
	f.acks.Generation++
	f.both = f.acks.Settled
	f.acks.Written, f.acks.Final = f.records, f.sealed
	f.acks.Settled = slices.Clone(f.settled)
	f.acks.Settled.Cut(segment.MaxRanges)
	f.unacked = false
	return f.acks.EncodeSlot(f.header.ID), segment.SlotOffset(f.acks.Generation)
}
