package spool

import (
	"errors"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// The backoff between attempts while nothing can be written doubles from backoffMin to
// backoffMax.
const (
	backoffMin = time.Second
	backoffMax = 30 * time.Second
)

// checkEvery is the interval at which the directory and its files are checked for external
// changes.
const checkEvery = 5 * time.Second

// failing is the state while nothing can be written.
type failing struct {
	err      error
	reported []string // causes already reported
	backoff  time.Duration
	retryAt  time.Time // time of the next attempt
}

// fail records that events cannot be written for now. They stay in memory only, and log calls
// do not wait.
func (s *Spool) fail(operation, path string, err error) {
	t := &s.failing
	t.err = err
	t.backoff = min(max(2*t.backoff, backoffMin), backoffMax)
	t.retryAt = time.Now().Add(t.backoff)
	s.mu.Lock()
	s.writeErr = err
	s.stalled.Store(true)
	s.progress.Broadcast()
	s.mu.Unlock()
	s.report(operation, path, err)
}

// backingOff reports whether the next attempt is not due yet.
func (s *Spool) backingOff() bool {
	return s.failing.err != nil && time.Now().Before(s.failing.retryAt)
}

// report reports a failure, each cause once until writing works again: a full disk fails every
// operation, first a write and then the creation of a segment.
func (s *Spool) report(operation, path string, err error) {
	if cause := causeOf(err); !slices.Contains(s.failing.reported, cause) {
		s.failing.reported = append(s.failing.reported, cause)
		s.cfg.Failed(operation, path, err)
	}
}

// causeOf returns the part of an error that is the same for every file and number in its text.
func causeOf(err error) string {
	for _, cause := range []error{ErrFull, ErrLow, disk.ErrGone, disk.ErrReplaced, disk.ErrTruncated} {
		if errors.Is(err, cause) {
			return cause.Error()
		}
	}
	if system := disk.SystemError(err); system != nil {
		return system.Error()
	}
	return err.Error()
}

// recovered clears the failure once everything requested is written.
func (s *Spool) recovered() {
	if s.failing.err == nil && len(s.failing.reported) == 0 && !s.stalled.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.segments, (*openFile).needsCopy) {
		return // its events are not written
	}
	s.failing = failing{}
	s.writeErr = nil
	s.stalled.Store(false)
}

// check looks for segments that were removed or changed externally, or lost by the disk.
func (s *Spool) check(now time.Time) {
	s.mu.Lock()
	files := append([]*openFile(nil), s.segments...)
	s.mu.Unlock()
	if now.Sub(s.checkedAt) >= checkEvery || s.dirGone.Load() {
		s.checkedAt = now
		_ = s.renew() // if this fails, creating a segment fails too
		for _, f := range files {
			if err := f.intact(); err != nil {
				s.mu.Lock()
				f.markSuspect(err)
				s.mu.Unlock()
			}
		}
		s.dirGone.Store(false)
		if s.hot != nil {
			s.hot.check()
		}
		s.checkAhead()
	}
	for _, f := range files {
		s.mu.Lock()
		cause, copyErr, pending, operation := f.suspect, f.copyErr, f.needsCopy(), "check segment"
		if f.copyErr = nil; f.syncFailed {
			operation = "sync segment"
		}
		s.mu.Unlock()
		if copyErr != nil {
			s.fail("copy segment", f.name, copyErr)
		}
		if !pending {
			continue
		}
		s.report(operation, f.name, cause)
		if s.failing.err == nil || !time.Now().Before(s.failing.retryAt) {
			s.rescue(f)
			s.sync(now) // the copy
		}
	}
}

// unresolved reports whether a sync has failed and no later sync has covered the events of that
// segment. Until one has, nothing new is written: it might not persist either.
func (s *Spool) unresolved() bool {
	if !s.syncFailed.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.ContainsFunc(s.segments, func(f *openFile) bool { return f.syncFailed && f.unreliable() })
	s.syncFailed.Store(found)
	return found
}

// copying reports whether a copy is being synced.
func (s *Spool) copying() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.segments, func(f *openFile) bool { return f.original != nil })
}

// checkAhead checks the segment created ahead.
func (s *Spool) checkAhead() {
	select {
	case m := <-s.ready:
		if m.file != nil {
			if err := m.file.Intact(); err != nil {
				_ = m.file.Close() // it is empty
				s.making = false
				s.report("check segment", m.file.name, err)
				s.makeAhead()
				return
			}
		}
		s.ready <- m
	default: // it is being created
	}
}
