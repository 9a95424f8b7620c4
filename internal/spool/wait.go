package spool

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// ErrStalled is the error for a disk that log calls no longer wait for.
var ErrStalled = errors.New("the disk does not respond")

// safe reports whether the event survives the process.
func (s *Spool) safe(position uint64) bool {
	return s.stored.Load() >= position || s.hot != nil && s.hot.missingTo.Load() < position
}

// Wait waits until the event survives the process. It does not wait while the disk is stalled.
func (s *Spool) Wait(position uint64) {
	if s.safe(position) {
		return
	}
	if s.direct() && s.writeThrough(position) {
		return
	}
	safe := func() bool { return s.safe(position) }
	s.signal()
	if s.stalled.Load() || !yield(safe) && !s.sleep(safe) {
		if !safe() {
			s.everAtRisk.Add(1)
		}
	}
}

// backToBack is the maximum time since the last write for a log call to write its event itself,
// which saves two goroutine switches. A disk that has just responded will most likely respond
// again. Otherwise the writer writes: a goroutine cannot leave a system call that the disk
// blocks, but it can stop waiting for the writer. A disk that freezes therefore blocks at most
// one log call for longer than MaxStall, and only during a burst.
const backToBack = 50 * time.Microsecond

// writeThrough lets the log call write its event and those of other waiting calls, unless a
// write is in progress. It reports whether the event is on disk. Anything beyond a plain write,
// and any failure, is left to the writer.
func (s *Spool) writeThrough(position uint64) bool {
	if s.disk.idleFor() > backToBack || s.stalled.Load() || !s.writing.tryLock() {
		return false
	}
	defer s.writing.unlock()
	if s.current == nil || s.failing.err != nil || s.syncFailed.Load() {
		return false
	}
	for s.stored.Load() < position {
		p := s.gather(s.current, s.newest.Load())
		if p.full || s.current.shortBy(len(s.buf)) > 0 || p.reached == s.stored.Load() {
			return false
		}
		if err := s.put(p); err != nil {
			s.retry(p.file, "write segment", err, false)
			return false
		}
		s.advance(p.reached)
	}
	if s.planned.stale || s.chores.Load() {
		s.signal()
	}
	return true
}

// lock is a mutex. Waiting for a channel lets the fake time of a test advance, unlike
// sync.Mutex.
type lock chan struct{}

func (l lock) lock()        { l <- struct{}{} }
func (l lock) unlock()      { <-l }
func (l lock) locked() bool { return len(l) > 0 }

func (l lock) tryLock() bool {
	select {
	case l <- struct{}{}:
		return true
	default:
		return false
	}
}

// yields is how often a log call or the writer yields before it sleeps. Usually that is enough
// for the other one to make progress on the same processor, at a third of the cost of sleeping
// and waking. More yields would take time from a busy machine.
const yields = 4

// yield yields up to four times until cond holds, and reports whether it does.
func yield(cond func() bool) bool {
	for range yields {
		if cond() {
			return true
		}
		runtime.Gosched()
	}
	return cond()
}

// sleep waits until cond holds, for as long as the disk responds, and reports whether it does.
// advance and stall change what cond depends on with mu held, so no wake-up is missed.
func (s *Spool) sleep(cond func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sleepers++
	defer func() { s.sleepers-- }()
	for !cond() {
		if s.stalled.Load() {
			return false
		}
		s.watch()
		s.progress.Wait()
	}
	return true
}

// stallTicks is how often the disk is checked within MaxStall. Time is counted in ticks rather
// than by the clock, so that a process that was stopped or gets no processor does not mistake
// that for a stalled disk.
const stallTicks = 8

// watchdog counts for how many ticks the same disk operation has been running.
type watchdog struct {
	timer *time.Timer // calls tick
	armed bool
	op    uint64 // from diskClock
	ticks int
}

// watch starts the watchdog while a log call sleeps. The caller holds mu.
func (s *Spool) watch() {
	if s.watchdog.armed {
		return
	}
	s.watchdog.armed = true
	s.watchdog.op, s.watchdog.ticks = s.disk.op.Load(), 0
	s.watchdog.timer.Reset(s.cfg.MaxStall / stallTicks)
}

// tick checks whether the disk has made progress since the last tick.
func (s *Spool) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.watchdog
	c.armed = false
	if s.sleepers == 0 {
		return
	}
	op := s.disk.op.Load()
	switch {
	case !s.writing.locked():
		s.signal() // the sleeping log call needs the writer
		c.ticks = 0
	case op != c.op: // it began within the last tick
		c.ticks = 1
	default:
		c.ticks++
	}
	if c.op = op; c.ticks >= stallTicks {
		s.stall()
		return
	}
	c.armed = true
	c.timer.Reset(s.cfg.MaxStall / stallTicks)
}

// stall ends all waiting for the disk. The caller holds mu.
func (s *Spool) stall() {
	if s.stalled.Swap(true) {
		return
	}
	s.progress.Broadcast()
	s.cfg.Failed("write to", s.cfg.Dir.Path(), ErrStalled)
}

// diskClock tracks the disk operations that log calls wait for.
type diskClock struct {
	op    atomic.Uint64 // incremented at the start and the end of each
	ended atomic.Int64  // end of the last one, in nanoseconds since began
	began time.Time
}

// during runs a disk operation.
func (c *diskClock) during(operation func()) {
	c.op.Add(1)
	operation()
	c.op.Add(1)
	c.ended.Store(int64(time.Since(c.began)))
}

// idleFor returns the time since the end of the last operation.
func (c *diskClock) idleFor() time.Duration {
	return time.Since(c.began) - time.Duration(c.ended.Load())
}
