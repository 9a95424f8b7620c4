package spool

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// ErrStalled is why nobody waits for a disk.
var ErrStalled = errors.New("the disk does not answer")

// safe reports whether the event survives the process.
func (s *Spool) safe(position uint64) bool {
	return s.stored.Load() >= position || s.hot != nil && s.hot.gap.Load() < position
}

// Wait returns when the event survives the process. While the disk stalls nobody
// waits.
func (s *Spool) Wait(position uint64) {
	if s.safe(position) {
		return
	}
	if s.direct() && s.lead(position) {
		return
	}
	safe := func() bool { return s.safe(position) }
	s.signal()
	if s.stalled.Load() || !yield(safe) && !s.sleep(safe) {
		if !safe() {
			s.wereRisk.Add(1)
		}
	}
}

// backToBack is how soon after the last write a log call writes its event itself, which
// spares two switches of goroutines. What a disk has done so shortly before it will
// mostly do again. Otherwise the writer writes it: a goroutine cannot leave a system
// call that the disk holds, but it can stop waiting for the writer. So a disk that
// freezes holds at most one log call for longer than MaxStall, and that only in the
// middle of a burst.
const backToBack = 50 * time.Microsecond

// lead has the log call write its event, and those of others who wait, unless somebody
// writes already. It reports whether the event is on disk. Whatever is more than a
// plain write, or fails, it leaves to the writer.
func (s *Spool) lead(position uint64) bool {
	if s.disk.idleFor() > backToBack || s.stalled.Load() || !s.writing.tryLock() {
		return false
	}
	defer s.writing.unlock()
	if s.current == nil || s.trouble.err != nil || s.doubts.Load() {
		return false
	}
	for s.stored.Load() < position {
		p := s.gather(s.current, s.taken.Load())
		if p.full || s.current.short(len(s.buf)) > 0 || p.reached == s.stored.Load() {
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

// lock is a mutex. Whoever waits for a channel lets the time of a test pass.
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

// yields is how often log call and writer let others run before they go to sleep.
// Usually that is all it takes for the other one to do its part, on the same
// processor, and costs a third of sleeping and being woken. More would take the time
// of a busy machine.
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

// sleep waits until cond holds, as long as the disk answers, and reports whether it
// does. advance and stall change what cond depends on with mu held, so no wake-up can
// be missed.
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

// stallTicks is how often the disk is looked at within MaxStall. Time is counted in
// ticks and not by the clock: a process that was stopped, or gets no processor, must
// not take that for a disk that does not answer.
const stallTicks = 8

// stuck counts for how many ticks whoever writes has been at the same operation.
type stuck struct {
	timer *time.Timer // calls tick
	armed bool
	op    uint64 // of diskClock
	ticks int
}

// watch has the disk watched as long as somebody sleeps. The caller holds mu.
func (s *Spool) watch() {
	if s.stuck.armed {
		return
	}
	s.stuck.armed = true
	s.stuck.op, s.stuck.ticks = s.disk.op.Load(), 0
	s.stuck.timer.Reset(s.cfg.MaxStall / stallTicks)
}

// tick looks whether the disk has gone on since the last tick.
func (s *Spool) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.stuck
	c.armed = false
	if s.sleepers == 0 {
		return
	}
	op := s.disk.op.Load()
	switch {
	case !s.writing.locked():
		s.signal() // who sleeps needs it
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

// diskClock tells how operations of the disk go on for which log calls wait.
type diskClock struct {
	op    atomic.Uint64 // counts their beginnings and ends
	ended atomic.Int64  // when the last one did, in nanoseconds since began
	began time.Time
}

// during does an operation of the disk.
func (c *diskClock) during(operation func()) {
	c.op.Add(1)
	operation()
	c.op.Add(1)
	c.ended.Store(int64(time.Since(c.began)))
}

// idleFor returns how long ago the last operation ended.
func (c *diskClock) idleFor() time.Duration {
	return time.Since(c.began) - time.Duration(c.ended.Load())
}
