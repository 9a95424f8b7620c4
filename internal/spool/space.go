package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const pageBytes = disk.PageBytes

// pageUp returns where the next page begins, at an offset or behind it.
func pageUp(offset int64) int64 { return (offset + pageBytes - 1) / pageBytes * pageBytes }

// stretch is the half-open range of bytes [from, to) of a file.
type stretch struct{ from, to int64 }

// settledStretches returns where nothing but settled events is, at least a page at a time,
// as far as places tell. Both ack slots must have them: if one is damaged, what is
// missing would count as lost. So it would after a power cut that took the slots but not
// the holes, which is why they must have been synced as well. The caller holds mu.
func (f *openFile) settledStretches(settled segment.Ranges) (list []stretch) {
	for i, p := range f.places {
		next := place{seq: f.last + 1, offset: f.offset}
		if i+1 < len(f.places) {
			next = f.places[i+1]
		}
		if !settled.CoversWithin(f.have, p.seq, next.seq) {
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

// pages returns where the whole pages of a stretch begin and end.
func (r stretch) pages() (from, to int64) {
	return pageUp(r.from), r.to / pageBytes * pageBytes
}

// erase makes zeros of a stretch, and gives its pages back.
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

// giveBack returns space to the file system that nothing in a segment needs any more:
// what was reserved behind the last record, once none comes any more, and pages of
// settled events. Unless all of it is wanted, it waits until there is enough of them to
// be worth a system call.
func (s *Spool) giveBack(f *openFile, all bool) {
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
	stretches, dead := f.settledStretches(f.sure), int64(0)
	for _, r := range stretches {
		dead += r.to - r.from
	}
	f.spare = false
	if !all && !f.worthwhile(dead) {
		stretches = nil
	} else {
		f.dead = dead
	}
	dead = 0
	for _, r := range f.settledStretches(f.both) {
		dead += r.to - r.from
	}
	if !f.dirty && f.worthwhile(dead) { // once that is synced
		f.dirty, f.dirtyAt = true, time.Now()
		s.planned.stale = true
	}
	s.mu.Unlock()
	// Where this fails, the space stays taken.
	if trim {
		_ = f.Trim(tail)
	}
	for _, r := range stretches {
		_ = f.erase(r)
	}
}

// worthwhile reports whether to give so many bytes back, or more than were before. The
// caller holds mu.
func (f *openFile) worthwhile(dead int64) bool {
	live := f.offset - segment.Start - dead
	return dead-f.dead >= min(max(live, growMin), growMax)
}

// leave makes a segment that the next process shall find as small as it can be. While all
// records are there, one ack slot does: without it they are sent again.
func (s *Spool) leave(f *openFile) {
	s.giveBack(f, true)
	s.mu.Lock()
	newest, dead := f.acks.Generation, f.dead
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
