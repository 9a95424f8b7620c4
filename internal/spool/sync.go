package spool

import "time"

// sync has segments synced that were written to long enough ago. A disk may take
// long for that, so it is done beside the writer.
func (s *Spool) sync(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if !f.dirty || f.syncing || f.suspect != nil || now.Sub(f.dirtyAt) < s.cfg.SyncEvery {
			continue
		}
		f.dirty, f.syncing = false, true
		s.others.Add(1)
		go func() {
			defer s.others.Done()
			s.synced(f, f.Sync())
		}()
	}
}

// synced enters how the sync of a segment ended. After a failure nothing is known
// about what the disk has, and the next sync may say that all is well although
// pages are lost. So there is none: what is in the segment is written again.
func (s *Spool) synced(f *openFile, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.syncing = false
	if err != nil && f.suspect == nil {
		f.suspect = err
	}
	s.chores.Store(true) // it may be finished, or has to be rescued
	s.signal()
}
