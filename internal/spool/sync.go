package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// sync has segments synced that were written to long enough ago; at once while there is
// little memory left, since only what is synced is given back, and copies. A disk may
// take long for that, so it is done beside the writer.
func (s *Spool) sync(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if !f.dirty || f.syncing || f.suspect != nil {
			continue
		}
		if f.original == nil && !s.short.Load() && now.Sub(f.dirtyAt) < s.cfg.SyncEvery {
			continue
		}
		f.dirty, f.syncing = false, true
		c := f.covers()
		s.others.Add(1)
		go func() {
			defer s.others.Done()
			s.synced(f, c, s.syncFile(f, c))
		}()
	}
}

// covered is what a sync covers: what there was when it began.
type covered struct {
	have   segment.Ranges
	both   segment.Ranges
	placed bool
}

// covers returns what a sync covers that begins now. The caller holds mu.
func (f *openFile) covers() covered { return covered{slices.Clone(f.have), f.both, f.placed} }

// syncFile syncs a segment, and its name unless that is placed already.
func (s *Spool) syncFile(f *openFile, c covered) error {
	err := f.Sync()
	if err == nil && !c.placed {
		err = s.cfg.Dir.Sync()
	}
	return err
}

// synced enters how the sync of a segment ended, and what it covers.
// After a failure nothing is known about what the disk has, and the next sync may say
// that all is well although pages are lost. So there is none: what is in the segment is
// written again.
func (s *Spool) synced(f *openFile, c covered, err error) {
	s.mu.Lock()
	f.syncing = false
	switch {
	case f.suspect != nil:
	case err != nil:
		f.failed = true
		s.doubts.Store(true)
		s.stalled.Store(true) // nothing is written until a copy is synced
		s.progress.Broadcast()
		f.doubt(err)
	default:
		f.synced, f.placed = c.have, true
		f.spare = f.spare || !f.sure.CoversAll(c.both)
		f.sure = c.both
		s.awaited = time.Time{}
		s.short.Store(false) // or it is said again
		if f.original != nil {
			f.original.retire(f.have)
			f.original = nil
		}
	}
	s.giving++
	s.mu.Unlock()
	s.source.Relieve()
	s.mu.Lock()
	s.giving--
	s.reliefs++
	s.relief.Broadcast()
	s.mu.Unlock()
	s.chores.Store(true) // it may be finished, or has to be rescued
	s.signal()
}

// syncAll syncs what is to be synced, and waits for that. It reports whether something
// was, or is still to be copied.
func (s *Spool) syncAll() bool {
	s.mu.Lock()
	files := slices.Clone(s.segments)
	s.mu.Unlock()
	more := false
	for _, f := range files {
		s.mu.Lock()
		dirty, c := f.dirty && f.suspect == nil && !f.finished(), f.covers()
		f.dirty = false
		s.mu.Unlock()
		if dirty {
			s.synced(f, c, s.syncFile(f, c))
		}
		s.mu.Lock()
		more = more || f.pending() || dirty && f.failed
		s.mu.Unlock()
	}
	return more
}
