package recovery

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Bounds of concurrent replays.
const (
	// shareBytes is the limit for events in flight while there is more than one replayer: about
	// one request. Even on a slow connection several replayers then use no more than one, which
	// has one request at a time, and leave at least half of it to new events.
	shareBytes = 1 << 20
	// maxOpen is the maximum number of open segments.
	maxOpen = 512
)

// replay replays the segments of the survey and waits until they are delivered. It returns
// files locked by other processes meanwhile.
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
		alone := func() bool { return len(r.replayers) == 0 }
		if !r.wait(func() bool { return alone() || len(r.replayers) < r.cfg.MaxReplayers && r.pendingBytes() < shareBytes }) {
			break
		}
		rp := newReplayer(r, stream[0][0].stream)
		for _, p := range stream {
			if r.stopped() || rp.isStopped() {
				break
			}
			locked = append(locked, r.feed(rp, p)...)
		}
		rp.end()
	}
	r.wait(func() bool { return len(r.replayers) == 0 })
	if r.stopped() { // replayers end at once
		r.waitAll()
	}
	return locked
}

// wait waits until cond, which is called with mu held, returns true. It returns false after
// Stop.
func (r *Recovery) wait(cond func() bool) bool {
	idle := time.NewTimer(tidyAfter)
	defer idle.Stop()
	for !r.stopped() {
		r.mu.Lock()
		ok := cond()
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

// waitAll waits until all replayers have ended, after Stop.
func (r *Recovery) waitAll() {
	r.mu.Lock()
	replayers := slices.Clone(r.replayers)
	r.mu.Unlock()
	for _, rp := range replayers {
		<-rp.ended
	}
}

// pendingBytes returns the bytes of events in all replayers. The caller holds mu.
func (r *Recovery) pendingBytes() (n int64) {
	for _, rp := range r.replayers {
		n += rp.queue.State().PendingBytes
	}
	return n
}

// open returns the number of open segments. The caller holds mu.
func (r *Recovery) open() (n int) {
	for _, rp := range r.replayers {
		n += rp.open()
	}
	return n
}

// feed feeds the segments of a process to the replayer of their log stream. The next segment is
// locked before the previous one is released, so no two processes replay the segments of one
// process. If one is locked, those after it wait too.
func (r *Recovery) feed(rp *replayer, p process) (locked []string) {
	copied, name, err := r.copied(p)
	switch {
	case errors.Is(err, disk.ErrLocked):
		r.dropAll(p)
		return []string{name}
	case err != nil: // all of them wait for another round
		r.reportOnce("read segment", name, err)
		return nil
	}
	var seen segment.Ranges // in earlier segments
	next, ahead, err := r.openSegment(rp, p[0])
	for i, s := range p {
		o, state := next, ahead
		if state == failed && i > 0 { // perhaps too many were open
			o, state, err = r.openSegment(rp, s)
		}
		if state == failed {
			r.reportOnce("read segment", s.name, err)
		}
		if next, ahead = nil, failed; state == opened && i+1 < len(p) {
			next, ahead, err = r.openSegment(rp, p[i+1])
		}
		switch state {
		case busy:
			r.dropAll(p[i:])
			return []string{s.name}
		case gone:
			r.dropAll(p[i : i+1])
			continue
		case failed:
			continue
		}
		if copied != nil {
			o.Skip(copied[i])
			o.SetElsewhere(seen)
		}
		delete(r.segments, s.name)
		if !rp.feed(o, r.handOver(s, rp)) {
			if next != nil {
				next.Release()
			}
			return nil
		}
		if copied != nil {
			o.Accounted(&seen)
		}
	}
	return nil
}

// handOver moves the events of a segment from the waiting count to the replayer.
func (r *Recovery) handOver(s *leftover, rp *replayer) (events int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events, s.events = s.events, 0
	r.waiting -= events
	rp.countFed(-events)
	return events
}

// dropAll drops segments that another process replays or has replayed.
func (r *Recovery) dropAll(p process) {
	for _, s := range p {
		r.drop(s)
		delete(r.segments, s.name)
	}
}

// opening is the result of opening a segment.
type opening int

const (
	opened opening = iota
	gone           // another process has replayed it
	busy           // another process is replaying it
	failed         // the disk fails, or too many files are open
)

// openSegment opens a segment for replay once few enough are open.
func (r *Recovery) openSegment(rp *replayer, s *leftover) (*spool.Orphan, opening, error) {
	r.mu.Lock()
	full := r.open() >= maxOpen
	r.mu.Unlock()
	if full && !r.relieve(rp, maxOpen/2) {
		return nil, failed, nil
	}
	for {
		o, err := spool.OpenOrphan(r.cfg.Spool.Directory(), s.name)
		switch {
		case err == nil:
			return o, opened, nil
		case errors.Is(err, disk.ErrLocked):
			return nil, busy, nil
		case errors.Is(err, fs.ErrNotExist):
			return nil, gone, nil
		case disk.IsTooManyFiles(err):
			r.mu.Lock()
			open := r.open()
			r.mu.Unlock()
			if open > 0 && r.relieve(rp, 0) {
				continue
			}
		}
		return nil, failed, err
	}
}

// relieve waits until at most limit segments are open. It returns false if the replayer was
// stopped.
func (r *Recovery) relieve(rp *replayer, limit int) bool {
	flush := rp.queue.Flush() // send what it has at once
	defer rp.queue.Leave(flush)
	return r.wait(func() bool { return r.open() <= limit || rp.isStopped() }) && !rp.isStopped()
}

// copied returns the sequence numbers in later copies for each segment, or nil if there are no
// copies. An error refers to the copy called name.
func (r *Recovery) copied(p process) (skip []segment.Ranges, name string, err error) {
	if !p.copies() {
		return nil, "", nil
	}
	skip = make([]segment.Ranges, len(p))
	var have segment.Ranges
	for i := len(p) - 1; i >= 0; i-- {
		skip[i] = slices.Clone(have)
		if !p[i].copy || i == 0 { // no earlier segments
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
