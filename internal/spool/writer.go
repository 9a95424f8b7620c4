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

// pieceBytes is how much is written at once: enough for the disk, and short enough
// for the log calls that wait while it is copied.
const pieceBytes = 64 << 10

// choresEvery is after how many writes in a row the writer looks for other things to
// do.
const choresEvery = 256

// run is the writer.
func (s *Spool) run() {
	defer close(s.done)
	s.writing.lock()
	defer s.writing.unlock()
	if s.direct() { // whether that works is known before the first event comes
		s.room()
	}
	s.planned.timer, s.planned.stale = time.NewTimer(math.MaxInt64), true
	defer s.planned.timer.Stop()
	for writes := 1; ; writes++ {
		s.write()
		if !s.direct() || s.trouble.err != nil || s.planned.stale || s.chores.Load() || writes%choresEvery == 0 {
			s.chores.Store(false)
			now := time.Now()
			s.acknowledge()
			s.sync(now)
			s.check(now)
			s.plan(now)
		}
		select {
		case <-s.stop:
			s.end()
			return
		default:
			s.rest()
		}
	}
}

// wanted returns the position the writer shall get to.
func (s *Spool) wanted() uint64 {
	if s.direct() {
		return s.taken.Load()
	}
	return s.want.Load()
}

// plan is when there is something to do if nobody asks for it.
type plan struct {
	timer *time.Timer
	stale bool   // something has to be done that is not in it
	taken uint64 // position of the newest event when the plan was made
	quiet bool   // see next
}

// plan makes a plan. In direct mode one is not needed for each event: the first one
// after a sync makes it stale.
func (s *Spool) plan(now time.Time) {
	p := &s.planned
	p.taken, p.stale = s.taken.Load(), false
	var next time.Time
	next, p.quiet = s.next(now)
	p.timer.Reset(next.Sub(now))
}

// rest returns when there may be something to do. Every log call that needs the writer
// sends on wake when it has entered what it wants; only in hot mode an event alone wants
// nothing, and the first one after quiet was set does so.
func (s *Spool) rest() {
	p := &s.planned
	if p.quiet {
		s.quiet.Store(true)
		defer s.quiet.Store(false)
		if s.taken.Load() != p.taken { // it came before that, and has not sent
			return
		}
	}
	if s.interrupted && s.trouble.err == nil && !s.doubtful() {
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

// next returns when there is something to do if nothing happens. quiet means, in hot
// mode, that all that was logged is on disk or wanted there.
func (s *Spool) next(now time.Time) (next time.Time, quiet bool) {
	next = s.checkedAt.Add(checkEvery)
	if s.trouble.err != nil && !s.copying() {
		next = earliest(next, s.trouble.at)
	}
	if !s.direct() { // what is wanted already waits for something else
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

// spill has hot events written to disk that have waited for long.
func (s *Spool) spill(now time.Time) {
	if s.direct() {
		return
	}
	if since := s.source.Since(s.stored.Load()); !since.IsZero() && now.Sub(since) >= s.cfg.SpillAfter {
		s.raise(s.taken.Load())
	}
}

// write brings to disk what is wanted there by now.
func (s *Spool) write() {
	s.interrupted = false
	if s.doubtful() || s.pausing() || s.trouble.err != nil && s.direct() && s.room() == nil {
		return
	}
	again := false // the last write has failed
	for target := s.wanted(); s.stored.Load() < target; {
		if s.current == nil && s.skip() { // no segment is needed for that
			continue
		}
		f := s.room()
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
		// What is acknowledged late is delivered twice if the process dies, and a sync may
		// be awaited.
		if s.interrupted = s.chores.Load() && s.stored.Load() < target; s.interrupted {
			return
		}
	}
	s.recovered()
}

// retry reports whether to write again after a failure: where there is no room, once old
// events were given up; otherwise to another segment, but only one.
func (s *Spool) retry(f *openFile, operation string, err error, again bool) bool {
	switch {
	case isFull(err) && operation == "grow segment":
		if s.source.GiveUp() {
			s.acknowledge() // there may be room now
			return true
		}
		s.fail(operation, f.name, err)
		return false
	case errors.Is(err, disk.ErrTruncated): // somebody has cut it
		s.mu.Lock()
		f.doubt(err)
		s.mu.Unlock()
	case again:
		s.seal(f)
		s.fail(operation, f.name, err)
		return false
	default:
		s.tell(operation, f.name, err)
	}
	s.seal(f)
	return true
}

// skip advances over events that are settled. It reports whether there were any.
func (s *Spool) skip() bool {
	before := s.stored.Load()
	s.advance(s.source.Copy(before, func(uint64, batch.Event) bool { return false }))
	return s.stored.Load() > before
}

// piece is what one write brings to a segment. Its bytes are in buf.
type piece struct {
	file    *openFile
	target  uint64 // no event after this position is needed
	records uint32
	first   place          // of its first record
	last    uint64         // position of its last one
	have    segment.Ranges // if there are gaps between the records that are not settled
	settled segment.Ranges // events passed over, since they are done with
	reached uint64         // everything up to here is in it, or need not be
	full    bool           // the next record does not fit into the segment
}

// gather makes the next piece.
func (s *Spool) gather(f *openFile, target uint64) *piece {
	s.buf = s.buf[:0]
	p := &s.piece
	*p = piece{file: f, target: target, reached: s.stored.Load(), settled: p.settled[:0]}
	reached := s.source.Copy(p.reached, s.visit)
	if reached > p.reached {
		p.settled.Add(p.reached+1, reached+1)
		p.reached = reached
	}
	return p
}

// visitEvent is what gather does with each event.
func (s *Spool) visitEvent(position uint64, e batch.Event) bool {
	p := &s.piece
	if position > p.target || !s.frame(p, recordOf(position, e)) {
		return false
	}
	if position > p.reached+1 {
		p.settled.Add(p.reached+1, position)
	}
	p.reached = position
	return true
}

// frame appends a record to the piece. It reports whether it fits.
func (s *Spool) frame(p *piece, r segment.Record) bool {
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

// put writes the piece, and enters what was passed over, also if that was all.
func (s *Spool) put(p *piece) error {
	if p.records > 0 {
		if err := s.putRecords(p); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range p.settled {
		p.file.settled.Add(r.From, r.To)
		p.file.unacked = p.file.unacked || p.records > 0
	}
	return nil
}

func (s *Spool) putRecords(p *piece) error {
	f := p.file
	var err error
	s.disk.during(func() {
		crash.At("before write")
		_, err = f.WriteAt(s.buf, f.offset)
		if err == nil && f.records == 0 { // from now on it has something
			crash.At("before the name of a segment")
			err = f.rename(segmentEnding)
		}
		crash.At("after write")
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	f.last = p.last // after an error, too: some of them may be there
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
	if f.settled.Count(p.first.seq, p.last+1) > 0 { // while it was written
		f.unacked = true
		s.chores.Store(true)
	}
	f.offset += int64(len(s.buf))
	f.records += p.records
	if f.offset > s.cfg.SegmentBytes/2 {
		s.makeAhead()
	}
	if !f.dirty {
		f.dirty, f.dirtyAt = true, time.Now()
		s.planned.stale = true // there is a sync to come
	}
	return nil
}

// advance enters that everything up to a position is on disk, or done with.
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
		s.hot.moved(position)
	}
}

// earliest returns the earlier one of two times of which either may not be set.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
