package spool

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// Pauses between attempts while nothing can be written; they double from the first
// to the last.
const (
	troubleMin = time.Second
	troubleMax = 30 * time.Second
)

// checkEvery is how often directory and files are looked at: somebody may have removed
// them.
const checkEvery = 5 * time.Second

// trouble says that nothing can be written now.
type trouble struct {
	err   error
	told  []string // the causes that were reported
	pause time.Duration
	at    time.Time // of the next attempt
}

// fail enters that events cannot be written for now: they are in memory only, and
// log calls do not wait.
func (s *Spool) fail(operation, path string, err error) {
	t := &s.trouble
	t.err = err
	t.pause = min(max(2*t.pause, troubleMin), troubleMax)
	t.at = time.Now().Add(t.pause)
	s.mu.Lock()
	s.failure = err
	s.stalled.Store(true)
	s.progress.Broadcast()
	s.mu.Unlock()
	s.tell(operation, path, err)
}

// pausing reports whether the next attempt is not yet due.
func (s *Spool) pausing() bool { return s.trouble.err != nil && time.Now().Before(s.trouble.at) }

// tell reports a failure, once for each cause until all is well: a full disk fails
// whatever comes next, now a write and then a new segment.
func (s *Spool) tell(operation, path string, err error) {
	if cause := causeOf(err); !slices.Contains(s.trouble.told, cause) {
		s.trouble.told = append(s.trouble.told, cause)
		s.cfg.Failed(operation, path, err)
	}
}

// causeOf returns what an error has in common with others of its kind. Its text names
// a file, or numbers.
func causeOf(err error) string {
	for _, cause := range []error{ErrFull, ErrLow, disk.ErrGone, disk.ErrReplaced, disk.ErrTruncated} {
		if errors.Is(err, cause) {
			return cause.Error()
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// recovered enters that everything wanted is written.
func (s *Spool) recovered() {
	if s.trouble.err == nil && len(s.trouble.told) == 0 && !s.stalled.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.segments, (*openFile).pending) {
		return // what is in it is not written
	}
	s.trouble = trouble{}
	s.failure = nil
	s.stalled.Store(false)
}

// check looks for segments that are not as they were left: somebody has removed or
// changed them, or the disk has lost them.
func (s *Spool) check(now time.Time) {
	s.mu.Lock()
	files := append([]*openFile(nil), s.segments...)
	s.mu.Unlock()
	if now.Sub(s.checkedAt) >= checkEvery || s.gone.Load() {
		s.checkedAt = now
		_ = s.renew() // where it cannot be made again, no segment can be made
		for _, f := range files {
			if err := f.intact(); err != nil {
				s.mu.Lock()
				f.doubt(err)
				s.mu.Unlock()
			}
		}
		s.gone.Store(false)
		if s.hot != nil {
			s.hot.check()
		}
		s.checkAhead()
	}
	for _, f := range files {
		s.mu.Lock()
		why, vain, pending := f.suspect, f.vain, f.pending()
		f.vain = nil
		s.mu.Unlock()
		if vain != nil {
			s.fail("keep segment", f.name, vain)
		}
		if !pending {
			continue
		}
		s.tell("keep segment", f.name, why)
		if s.trouble.err == nil || !time.Now().Before(s.trouble.at) {
			s.rescue(f)
			s.sync(now) // the copy
		}
	}
}

// doubtful reports whether a sync has failed and none of what was in that segment has
// succeeded since. Until then nothing new is written: it might not stay either.
func (s *Spool) doubtful() bool {
	if !s.doubts.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	doubtful := slices.ContainsFunc(s.segments, func(f *openFile) bool { return f.failed && f.unsure() })
	s.doubts.Store(doubtful)
	return doubtful
}

// copying reports whether a copy is being synced.
func (s *Spool) copying() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.segments, func(f *openFile) bool { return f.original != nil })
}

// checkAhead looks at the segment made ahead.
func (s *Spool) checkAhead() {
	select {
	case m := <-s.ready:
		if m.file != nil {
			if err := m.file.Intact(); err != nil {
				_ = m.file.Close() // nothing is in it
				s.making = false
				s.tell("keep segment", m.file.name, err)
				s.makeAhead()
				return
			}
		}
		s.ready <- m
	default: // it is being made
	}
}
