package spool

import (
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// sync starts syncing segments that were written SyncEvery ago. Copies are synced at once, and
// all segments while memory is low, since only synced events are released from memory. A sync
// may take long, so it runs beside the writer.
func (s *Spool) sync(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if !f.dirty || f.syncing || f.suspect != nil {
			continue
		}
		if f.original == nil && !s.lowMemory.Load() && now.Sub(f.dirtyAt) < s.cfg.SyncEvery {
			continue
		}
		f.dirty, f.syncing = false, true
		c := f.covers()
		s.background.Add(1)
		go func() {
			defer s.background.Done()
			s.syncDone(f, c, s.syncFile(f, c))
		}()
	}
}

// covered is the state of a file when its sync began.
type covered struct {
	have       segment.Ranges
	ackedBoth  segment.Ranges
	nameSynced bool
}

// covers returns what a sync that begins now covers. The caller holds mu.
func (f *openFile) covers() covered { return covered{slices.Clone(f.have), f.ackedBoth, f.nameSynced} }

// syncFile syncs a segment, and the directory unless the name is already on stable storage.
func (s *Spool) syncFile(f *openFile, c covered) error {
	err := f.Sync()
	if err == nil && !c.nameSynced {
		err = s.cfg.Dir.Sync()
	}
	return err
}

// syncDone records the result of a sync. After a failure the contents on the disk are unknown,
// and another sync may succeed although pages are lost. The file is therefore not synced again;
// its events are written to another one.
func (s *Spool) syncDone(f *openFile, c covered, err error) {
	s.mu.Lock()
	f.syncing = false
	switch {
	case f.suspect != nil:
	case err != nil:
		f.syncFailed = true
		s.syncFailed.Store(true)
		s.stalled.Store(true) // nothing is written until a copy is synced
		s.progress.Broadcast()
		f.markSuspect(err)
	default:
		f.stable, f.nameSynced = c.have, true
		f.reclaimable = f.reclaimable || !f.ackedSynced.CoversAll(c.ackedBoth)
		f.ackedSynced = c.ackedBoth
		s.reliefSince = time.Time{}
		s.lowMemory.Store(false) // set again if memory is still low
		if f.original != nil {
			f.original.retire(f.have)
			f.original = nil
		}
	}
	s.relieving++
	s.mu.Unlock()
	s.source.Relieve()
	s.mu.Lock()
	s.relieving--
	s.reliefs++
	s.relief.Broadcast()
	s.mu.Unlock()
	s.chores.Store(true) // the file may be finished, or must be rescued
	s.signal()
}

// syncAll syncs dirty segments and waits for them. It reports whether any segment must still be
// copied.
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
			s.syncDone(f, c, s.syncFile(f, c))
		}
		s.mu.Lock()
		more = more || f.needsCopy() || dirty && f.syncFailed
		s.mu.Unlock()
	}
	return more
}
