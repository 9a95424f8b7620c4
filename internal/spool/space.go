package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const pageBytes = disk.PageBytes

// pageUp rounds an offset up to the next page boundary.
func pageUp(offset int64) int64 { return (offset + pageBytes - 1) / pageBytes * pageBytes }

// stretch is the half-open range of bytes [from, to) of a file.
type stretch struct{ from, to int64 }

// ackedStretches returns the stretches of at least one page that contain only events in acked,
// at the granularity of places. For reclaiming them the events must be in both ack slots: if
// one is damaged, the missing records would otherwise count as lost. They must also have been
// synced, since a power cut may lose the slots but keep the holes. The caller holds mu.
func (f *openFile) ackedStretches(acked segment.Ranges) (list []stretch) {
	for i, p := range f.places {
		next := place{seq: f.last + 1, offset: f.offset}
		if i+1 < len(f.places) {
			next = f.places[i+1]
		}
		if !acked.CoversWithin(f.have, p.seq, next.seq) {
			continue
		}
		if n := len(list); n > 0 && list[n-1].to == p.offset {
			list[n-1].to = next.offset
		} else {
			list = append(list, stretch{p.offset, next.offset})
		}
	}
	return slices.DeleteFunc(list, func(r stretch) bool {
		from, to := r.pages()
		return from >= to
	})
}

// pages returns the start and end of the whole pages in a stretch.
func (r stretch) pages() (from, to int64) {
	return pageUp(r.from), r.to / pageBytes * pageBytes
}

// erase overwrites a stretch with zeros and frees its pages.
func (f *openFile) erase(r stretch) error {
	from, to := r.pages()
	var zeros [pageBytes]byte
	_, err := f.WriteAt(zeros[:from-r.from], r.from)
	if err == nil {
		_, err = f.WriteAt(zeros[:r.to-to], to)
	}
	if err == nil {
		err = f.Punch(from, to)
	}
	return err
}

// reclaim frees the space of a segment that is no longer needed: reservations after the last
// record once none follows, and pages of acknowledged events. Unless all is set, it waits until
// they are worth a system call.
func (s *Spool) reclaim(f *openFile, all bool) {
	s.mu.Lock()
	if f.suspect != nil || f.records == 0 {
		s.mu.Unlock()
		return
	}
	tail := f.offset + tailBytes
	trim := f.sealed && tail < f.Size()
	if !f.sealed && time.Since(f.grown) > burstPause {
		tail = (f.offset + 2*growMin) / pageBytes * pageBytes
		trim = f.Size()-tail > growMin
	}
	stretches, dead := f.ackedStretches(f.ackedSynced), int64(0)
	for _, r := range stretches {
		dead += r.to - r.from
	}
	f.reclaimable = false
	if !all && !f.worthwhile(dead) {
		stretches = nil
	} else {
		f.reclaimed = dead
	}
	dead = 0
	for _, r := range f.ackedStretches(f.ackedBoth) {
		dead += r.to - r.from
	}
	if !f.dirty && f.worthwhile(dead) { // after that sync
		f.dirty, f.dirtyAt = true, time.Now()
		s.planned.stale = true
	}
	s.mu.Unlock()
	// On failure the space stays in use.
	if trim {
		_ = f.Trim(tail)
	}
	for _, r := range stretches {
		_ = f.erase(r)
	}
}

// worthwhile reports whether reclaiming up to dead bytes in total is worth it. The caller holds
// mu.
func (f *openFile) worthwhile(dead int64) bool {
	live := f.offset - segment.Start - dead
	return dead-f.reclaimed >= min(max(live, growMin), growMax)
}

// shrink minimizes the size of a segment that is left to the next process. While it has all of
// its records, one ack slot is enough: without it they are sent again.
func (s *Spool) shrink(f *openFile) {
	s.reclaim(f, true)
	s.mu.Lock()
	newest, dead := f.acks.Generation, f.reclaimed
	s.mu.Unlock()
	if dead > 0 || f.suspect != nil {
		return
	}
	unused := []int64{segment.SlotOffset(newest + 1)}
	if newest == 0 { // no acks were written
		unused = append(unused, segment.SlotOffset(newest))
	}
	for _, at := range unused {
		_ = f.Punch(at, at+segment.AcksBytes/2)
	}
}
