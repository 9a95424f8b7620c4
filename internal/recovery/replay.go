package recovery

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Bounds of what is replayed at once.
const (
	// shareBytes is how much may be on its way while more than one lane is: about one
	// request. So a slow line leaves as much room as if there was one lane, with one
	// request at a time: at least half, for what is logged now.
	shareBytes = 1 << 20
	// maxOpen is how many segments may be open.
	maxOpen = 512
)

// replay sends what the survey has found, and waits until it is settled. It returns files
// that others have locked meanwhile.
func (r *Recovery) replay() (locked []string) {
	if len(r.segments) > 0 {
		r.delay()
		r.yield()
	}
	streams := byStream(r.segments)
	if r.cfg.First != nil && len(streams) > 0 {
		n := r.cfg.First(len(streams))
		streams = slices.Concat(streams[n:], streams[:n])
	}
	for _, stream := range streams {
		alone := func() bool { return len(r.lanes) == 0 }
		if !r.wait(func() bool { return alone() || len(r.lanes) < r.cfg.Lanes && r.underWay() < shareBytes }) {
			break
		}
		l := newLane(r, stream[0][0].stream)
		for _, p := range stream {
			if r.stopped() || l.isStopped() {
				break
			}
			locked = append(locked, r.feed(l, p)...)
		}
		l.end()
	}
	r.wait(func() bool { return len(r.lanes) == 0 })
	if r.stopped() { // lanes end at once
		r.waitAll()
	}
	return locked
}

// wait waits until something about the lanes is so, which it looks at under the lock. It
// returns false after Stop.
func (r *Recovery) wait(so func() bool) bool {
	idle := time.NewTimer(tidyAfter)
	defer idle.Stop()
	for !r.stopped() {
		r.mu.Lock()
		ok := so()
		r.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-r.progress:
		case <-idle.C:
			r.tidy()
		case <-r.stop:
		}
		idle.Reset(tidyAfter)
	}
	return false
}

// waitAll waits until all lanes have ended, after Stop.
func (r *Recovery) waitAll() {
	r.mu.Lock()
	lanes := slices.Clone(r.lanes)
	r.mu.Unlock()
	for _, l := range lanes {
		<-l.ended
	}
}

// underWay returns how many bytes of events are in lanes. The caller holds mu.
func (r *Recovery) underWay() (n int64) {
	for _, l := range r.lanes {
		n += l.queue.State().PendingBytes
	}
	return n
}

// open returns how many segments are. The caller holds mu.
func (r *Recovery) open() (n int) {
	for _, l := range r.lanes {
		n += l.open()
	}
	return n
}

// feed gives the segments of a process to the lane of their log stream. They are locked
// hand over hand, so no two processes send what one has left. If one is locked, those
// behind it wait as well.
func (r *Recovery) feed(l *lane, p process) (locked []string) {
	copied, name, err := r.copied(p)
	switch {
	case errors.Is(err, disk.ErrLocked):
		r.leave(p)
		return []string{name}
	case err != nil: // all of it waits for another round
		r.reportOnce("read segment", name, err)
		return nil
	}
	var seen segment.Ranges // of the segments before
	next, ahead, err := r.take(l, p[0])
	for i, s := range p {
		o, state := next, ahead
		if state == failedNow && i > 0 { // perhaps too many were open
			o, state, err = r.take(l, s)
		}
		if state == failedNow {
			r.reportOnce("read segment", s.name, err)
		}
		if next, ahead = nil, failedNow; state == takenNow && i+1 < len(p) {
			next, ahead, err = r.take(l, p[i+1])
		}
		switch state {
		case busyNow:
			r.leave(p[i:])
			return []string{s.name}
		case goneNow:
			r.leave(p[i : i+1])
			continue
		case failedNow:
			continue
		}
		if copied != nil {
			o.Skip(copied[i])
			o.Elsewhere(seen)
		}
		delete(r.segments, s.name)
		if !l.feed(o, r.hand(s, l)) {
			if next != nil {
				next.Release()
			}
			return nil
		}
		if copied != nil {
			o.Judged(&seen)
		}
	}
	return nil
}

// hand hands the events of a segment over to a lane, in the counts.
func (r *Recovery) hand(s *leftover, l *lane) (events int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events, s.events = s.events, 0
	r.waiting -= events
	l.fed(-events)
	return events
}

// leave forgets segments that another process sends, or has sent.
func (r *Recovery) leave(p process) {
	for _, s := range p {
		r.drop(s)
		delete(r.segments, s.name)
	}
}

// What came of opening a segment.
type taking int

const (
	takenNow  taking = iota
	goneNow          // another process has sent it
	busyNow          // another process sends it
	failedNow        // the disk fails, or there are too many open files
)

// take opens a segment to be sent, when not too many are open.
func (r *Recovery) take(l *lane, s *leftover) (*spool.Orphan, taking, error) {
	r.mu.Lock()
	full := r.open() >= maxOpen
	r.mu.Unlock()
	if full && !r.relieve(l, maxOpen/2) {
		return nil, failedNow, nil
	}
	for {
		o, err := spool.OpenOrphan(r.cfg.Spool.Directory(), s.name)
		switch {
		case err == nil:
			return o, takenNow, nil
		case errors.Is(err, disk.ErrLocked):
			return nil, busyNow, nil
		case errors.Is(err, fs.ErrNotExist):
			return nil, goneNow, nil
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			r.mu.Lock()
			open := r.open()
			r.mu.Unlock()
			if open > 0 && r.relieve(l, 0) {
				continue
			}
		}
		return nil, failedNow, err
	}
}

// relieve waits until at most so many segments are open. It returns false if the lane was
// stopped.
func (r *Recovery) relieve(l *lane, most int) bool {
	settled := l.queue.Flush() // what it has is sent at once
	defer l.queue.Leave(settled)
	return r.wait(func() bool { return r.open() <= most || l.isStopped() }) && !l.isStopped()
}

// copied returns, for each segment, the sequence numbers that copies behind it have. It
// is nil if there are no copies. The error is about the copy of that name.
func (r *Recovery) copied(p process) (skip []segment.Ranges, name string, err error) {
	if !p.copies() {
		return nil, "", nil
	}
	skip = make([]segment.Ranges, len(p))
	var have segment.Ranges
	for i := len(p) - 1; i >= 0; i-- {
		skip[i] = slices.Clone(have)
		if !p[i].copy || i == 0 { // nothing is before that one
			continue
		}
		found, err := r.sequences(p[i].name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, p[i].name, err
		}
		for _, x := range found {
			have.Add(x.From, x.To)
		}
	}
	return skip, "", nil
}

func (r *Recovery) sequences(name string) (segment.Ranges, error) {
	o, err := spool.OpenOrphan(r.cfg.Spool.Directory(), name)
	if err != nil {
		return nil, err
	}
	defer o.Release()
	return o.Sequences()
}
