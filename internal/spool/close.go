package spool

import "time"

// Close writes unacknowledged events to disk, removes segments that are no longer needed and
// leaves the others to the next process. It waits for the disk for at most timeout; goroutines
// blocked on a disk that does not respond end when it does.
func (s *Spool) Close(timeout time.Duration) {
	close(s.stop)
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
	}
}

// writeAll is like write, but continues when chores interrupt it.
func (s *Spool) writeAll() {
	for interrupted := true; interrupted; interrupted = s.chores.Load() && s.stored.Load() < s.wanted() {
		s.chores.Store(false)
		s.write()
	}
}

// shutDown is the last work of the writer.
func (s *Spool) shutDown() {
	defer s.watchdog.timer.Stop()
	s.want.Store(s.newest.Load())
	for range 3 { // a disk that fails to write or sync gets further attempts
		s.failing.retryAt = time.Time{}
		s.writeAll()
		s.check(time.Now())
		if s.current != nil {
			s.seal(s.current)
		}
		s.acknowledge()     // a sync may take longer than Close waits
		s.background.Wait() // a segment must not be removed during its sync
		if !s.syncAll() && s.stored.Load() == s.newest.Load() {
			break
		}
	}
	s.acknowledge()
	select {
	case m := <-s.ready:
		if m.file != nil {
			s.remove(m.file)
		}
	default:
	}
	s.mu.Lock()
	left := s.segments
	s.mu.Unlock()
	for _, f := range left {
		s.shrink(f)
		_ = f.Close()
	}
	if s.limits.lock.tryLock() { // otherwise Adopt holds it
		if s.limits.large { // perhaps no longer true
			_, _, _ = s.list()
		}
		s.limits.lock.unlock()
	}
	if s.hot != nil {
		_ = s.hot.close(s.stored.Load() < s.newest.Load())
	}
	for _, dir := range []Directory{s.cfg.Hot, s.cfg.HotLeftovers, s.cfg.Dir} {
		if dir != nil {
			_ = dir.Close()
		}
	}
}
