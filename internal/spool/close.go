package spool

import "time"

// Close writes what is not settled to disk, removes what is not needed any more, and
// gives the rest to the next process. It waits for a disk at most so long; the
// goroutines of a disk that does not answer end when it does.
func (s *Spool) Close(atMost time.Duration) {
	close(s.stop)
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
	}
}

// writeAll is write that nothing interrupts.
func (s *Spool) writeAll() {
	for interrupted := true; interrupted; interrupted = s.chores.Load() && s.stored.Load() < s.wanted() {
		s.chores.Store(false)
		s.write()
	}
}

// end is the end of the writer.
func (s *Spool) end() {
	defer s.stuck.timer.Stop()
	s.want.Store(s.taken.Load())
	for range 3 { // what a disk does not take or keep gets another attempt
		s.trouble.at = time.Time{}
		s.writeAll()
		s.check(time.Now())
		if s.current != nil {
			s.seal(s.current)
		}
		s.acknowledge() // a sync may take longer than Close waits
		s.others.Wait() // a segment that is being synced is not removed
		if !s.syncAll() && s.stored.Load() == s.taken.Load() {
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
		s.leave(f)
		_ = f.Close()
	}
	if s.limits.asking.tryLock() { // or Adopt is at it
		if s.limits.large { // perhaps not any more
			_, _ = s.list()
		}
		s.limits.asking.unlock()
	}
	if s.hot != nil {
		_ = s.hot.close(s.stored.Load() < s.taken.Load())
	}
	for _, dir := range []Directory{s.cfg.Hot, s.cfg.HotLeft, s.cfg.Dir} {
		if dir != nil {
			_ = dir.Close()
		}
	}
}
