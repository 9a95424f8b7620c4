package spool

import (
	"errors"
	"math"
	"runtime"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// pieceBytes is the maximum size of one write: enough for the disk, and short enough for the
// log calls that wait while it is copied.
const pieceBytes = 64 << 10

// choresEvery is the maximum number of consecutive writes before the writer does its other
// work.
const choresEvery = 256

// run is the writer.
func (s *Spool) run() {
	defer close(s.done)
	s.writing.lock()
	defer s.writing.unlock()
	if s.direct() { // find out whether that works before the first event
		s.openSegment()
	}
	s.planned.timer, s.planned.stale = time.NewTimer(math.MaxInt64), true
	defer s.planned.timer.Stop()
	for writes := 1; ; writes++ {
		s.write()
		if !s.direct() || s.failing.err != nil || s.planned.stale || s.chores.Load() || writes%choresEvery == 0 {
			s.chores.Store(false)
			now := time.Now()
			s.acknowledge()
			s.sync(now)
			s.check(now)
			s.plan(now)
		}
		select {
		case <-s.stop:
			s.shutDown()
			return
		default:
			s.idle()
		}
	}
}

// wanted returns the position the writer must reach.
func (s *Spool) wanted() uint64 {
	if s.direct() {
		return s.newest.Load()
	}
	return s.want.Load()
}

// plan is the writer's next scheduled work.
type plan struct {
	timer  *time.Timer
	stale  bool   // work was added that is not in the plan
	newest uint64 // newest position when the plan was made
	quiet  bool   // see next
}

// plan sets the timer for the next scheduled work. Direct mode does not need a new plan for
// each event: the first one after a sync makes it stale.
func (s *Spool) plan(now time.Time) {
	p := &s.planned
	p.newest, p.stale = s.newest.Load(), false
	var next time.Time
	next, p.quiet = s.next(now)
	p.timer.Reset(next.Sub(now))
}

// idle returns when there may be work. Every log call that needs the writer sends on wake after
// it has recorded its request. In hot mode an event alone needs nothing, except for the first
// one after quiet was set.
func (s *Spool) idle() {
	p := &s.planned
	if p.quiet {
		s.quiet.Store(true)
		defer s.quiet.Store(false)
		if s.newest.Load() != p.newest { // it came before quiet was set, and has not sent
			return
		}
	}
	if s.interrupted && s.failing.err == nil && !s.unresolved() {
		return
	}
	s.writing.unlock()
	defer s.writing.lock()
	select {
	case <-s.wake:
	case <-p.timer.C:
		s.chores.Store(true)
		s.spill(time.Now())
	case <-s.stop:
	}
}

// next returns the time of the next scheduled work. quiet means, in hot mode, that everything
// logged is on disk or requested to be.
func (s *Spool) next(now time.Time) (next time.Time, quiet bool) {
	next = s.checkedAt.Add(checkEvery)
	if s.failing.err != nil && !s.copying() {
		next = earliest(next, s.failing.retryAt)
	}
	if !s.direct() { // requested events already wait for something else
		unwanted := s.source.Since(max(s.stored.Load(), s.want.Load()))
		if quiet = unwanted.IsZero(); !quiet {
			next = earliest(next, unwanted.Add(s.cfg.SpillAfter))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if f.dirty && !f.syncing && f.suspect == nil {
			next = earliest(next, f.dirtyAt.Add(s.cfg.SyncEvery))
		}
	}
	return next, quiet
}

// spill asks for hot events to be written to disk that are older than SpillAfter.
func (s *Spool) spill(now time.Time) {
	if s.direct() {
		return
	}
	if since := s.source.Since(s.stored.Load()); !since.IsZero() && now.Sub(since) >= s.cfg.SpillAfter {
		s.raise(s.newest.Load())
	}
}

// write writes to disk what is requested by now.
func (s *Spool) write() {
	s.interrupted = false
	if s.unresolved() || s.backingOff() || s.failing.err != nil && s.direct() && s.openSegment() == nil {
		return
	}
	again := false // the last write has failed
	for target := s.wanted(); s.stored.Load() < target; {
		if s.current == nil && s.skipAcked() { // that needs no segment
			continue
		}
		f := s.openSegment()
		if f == nil {
			return
		}
		p := s.gather(f, target)
		operation, err := "grow segment", s.extend(f, p)
		if err == nil {
			operation, err = "write segment", s.put(p)
		}
		if err != nil {
			if !s.retry(f, operation, err, again) {
				return
			}
			again = true
			continue
		}
		again = false
		switch {
		case p.full:
			s.seal(f)
		case p.reached == s.stored.Load(): // a batch is being sealed
			runtime.Gosched()
		}
		s.advance(p.reached)
		// Delayed acks cause duplicates if the process dies, and a log call may be waiting for
		// a sync.
		if s.interrupted = s.chores.Load() && s.stored.Load() < target; s.interrupted {
			return
		}
	}
	s.recovered()
}

// retry reports whether to write again after a failure: if the disk is full, after old events
// were given up; otherwise once, to another segment.
func (s *Spool) retry(f *openFile, operation string, err error, again bool) bool {
	switch {
	case isFull(err) && operation == "grow segment":
		if s.source.GiveUp() {
			s.acknowledge() // there may be room now
			return true
		}
		s.fail(operation, f.name, err)
		return false
	case errors.Is(err, disk.ErrTruncated): // it was truncated externally
		s.mu.Lock()
		f.markSuspect(err)
		s.mu.Unlock()
	case again:
		s.seal(f)
		s.fail(operation, f.name, err)
		return false
	default:
		s.report(operation, f.name, err)
	}
	s.seal(f)
	return true
}

// skipAcked advances over acknowledged events. It reports whether there were any.
func (s *Spool) skipAcked() bool {
	before := s.stored.Load()
	s.advance(s.source.Copy(before, func(uint64, batch.Event) bool { return false }))
	return s.stored.Load() > before
}

// piece is the data of one write to a segment. Its bytes are in Spool.buf.
type piece struct {
	file    *openFile
	target  uint64 // events after this position are not needed
	records uint32
	first   place          // of its first record
	last    uint64         // position of its last record
	have    segment.Ranges // set if unacknowledged events are missing between its records
	skipped segment.Ranges // events skipped because they are acknowledged
	reached uint64         // everything up to this position is in the piece or acknowledged
	full    bool           // the next record does not fit in the segment
}

// gather collects the next piece.
func (s *Spool) gather(f *openFile, target uint64) *piece {
	s.buf = s.buf[:0]
	p := &s.piece
	*p = piece{file: f, target: target, reached: s.stored.Load(), skipped: p.skipped[:0]}
	reached := s.source.Copy(p.reached, s.visit)
	if reached > p.reached {
		p.skipped.Add(p.reached+1, reached+1)
		p.reached = reached
	}
	return p
}

// visitEvent adds an event to the piece of gather.
func (s *Spool) visitEvent(position uint64, e batch.Event) bool {
	p := &s.piece
	if position > p.target || !s.addRecord(p, recordOf(position, e)) {
		return false
	}
	if position > p.reached+1 {
		p.skipped.Add(p.reached+1, position)
	}
	p.reached = position
	return true
}

// addRecord appends a record to the piece. It reports whether it fits.
func (s *Spool) addRecord(p *piece, r segment.Record) bool {
	f := p.file
	at := f.offset + int64(len(s.buf))
	length := segment.Length(len(r.Payload))
	if at+int64(length)+tailBytes > s.cfg.SegmentBytes {
		p.full = true
		return false
	}
	if len(s.buf) > 0 && len(s.buf)+length > pieceBytes {
		return false
	}
	p.records++
	number := f.records + p.records
	if p.records == 1 {
		p.first = place{r.Seq, at, number}
	}
	s.buf = segment.AppendRecord(s.buf, f.header.ID, at, number, r)
	p.last = r.Seq
	return true
}

// put writes the piece, and records the skipped events even if it has no others.
func (s *Spool) put(p *piece) error {
	if p.records > 0 {
		if err := s.putRecords(p); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range p.skipped {
		p.file.acked.Add(r.From, r.To)
		p.file.acksStale = p.file.acksStale || p.records > 0
	}
	return nil
}

func (s *Spool) putRecords(p *piece) error {
	f := p.file
	var err error
	s.disk.during(func() {
		crash.At("before write")
		_, err = f.WriteAt(s.buf, f.offset)
		if err == nil && f.records == 0 { // it now has an event
			crash.At("before the name of a segment")
			err = f.rename(segmentExt)
		}
		crash.At("after write")
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	f.last = p.last // even after an error: some records may be written
	if err != nil {
		return err
	}
	if n := len(f.places); n == 0 || p.first.offset-f.places[n-1].offset >= placeEvery {
		f.places = append(f.places, p.first)
	}
	if p.have == nil {
		f.have.Add(p.first.seq, p.last+1)
	}
	for _, r := range p.have {
		f.have.Add(r.From, r.To)
	}
	if f.acked.Count(p.first.seq, p.last+1) > 0 { // during the write
		f.acksStale = true
		s.chores.Store(true)
	}
	f.offset += int64(len(s.buf))
	f.records += p.records
	if f.offset > s.cfg.SegmentBytes/2 {
		s.makeAhead()
	}
	if !f.dirty {
		f.dirty, f.dirtyAt = true, time.Now()
		s.planned.stale = true // a sync must be scheduled
	}
	return nil
}

// advance records that everything up to position is on disk or acknowledged.
func (s *Spool) advance(position uint64) {
	if position <= s.stored.Load() {
		return
	}
	s.mu.Lock()
	s.stored.Store(position)
	if s.sleepers > 0 {
		s.progress.Broadcast()
	}
	s.mu.Unlock()
	if s.hot != nil {
		s.hot.persisted(position)
	}
}

// earliest returns the earlier of two times, ignoring zero times.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
