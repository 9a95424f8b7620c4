// Package spool keeps the events of a queue where they outlive the process: in
// segments on disk, and on a RAM file system where there is one that does.
//
// The spool follows the queue. Events are copied from the queue to the open segment
// with plain writes: in direct mode as soon as they are logged, and the log call
// returns when that is done. In hot mode the log call stores its event in a mapped
// file on a RAM file system, and only what the service does not take in time is
// written to the disk.
//
// A goroutine, the writer, does that and everything else that needs the disk. While
// events come back to back, log calls write themselves, see lead.
//
// Log calls wait as long as the disk answers, however slow it or the machine is. A
// disk that does not answer for MaxStall has stalled: from then on nobody waits for
// it, and events stay in memory until it is back.
package spool

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Source is where the events are: a *queue.Queue. It calls the methods of the
// spool under its lock, so the spool never calls it with a lock of its own held.
type Source interface {
	// Copy visits the events after a position that are in memory and not settled,
	// until visit returns false. reached is up to where nothing is left to visit.
	Copy(after uint64, visit func(position uint64, e batch.Event) bool) (reached uint64)
	// Since returns when the first event after a position came that is not
	// settled; zero if there is none.
	Since(after uint64) time.Time
	// Relieve is called when the disk keeps events that it did not before.
	Relieve()
	// GiveUp is called when the disk is full. It reports whether something old was
	// given up for what is new.
	GiveUp() bool
}

// Config is read by New and never changed.
type Config struct {
	Dir     Directory      // where segments are kept
	Hot     Directory      // on a RAM file system; nil = direct mode
	HotLeft Directory      // where other processes may have left hot files; nil = nowhere
	Header  segment.Header // of every segment; what differs is filled in

	MaxBytes     int64         // of all files in Dir
	MinFree      int64         // what the file system must have left
	SegmentBytes int64         // of a segment
	Overhead     int64         // what a file system may take for a file beside its size, some of it later
	HotBytes     int64         // of all hot files
	MaxStall     time.Duration // a disk that does not answer for so long has stalled
	SyncEvery    time.Duration // what is written is synced after this time
	SpillAfter   time.Duration // hot events are written to disk when they are older

	// Failed is told when events can no longer be written, and why. It must not
	// wait.
	Failed func(operation, path string, err error)
}

// Spool keeps events of one queue. It is the queue's store.
type Spool struct {
	cfg    Config
	source Source        // set by Start
	hot    *hot          // nil in direct mode
	noHot  error         // why there is none although there should be
	wake   chan struct{} // capacity 1: the writer may have something to do
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended
	ready  chan made     // capacity 1: the segment made ahead

	taken    atomic.Uint64 // position of the newest event
	stored   atomic.Uint64 // everything up to here is on disk or settled; grows under mu
	want     atomic.Uint64 // the writer shall get this far; in direct mode it wants everything
	chores   atomic.Bool   // there are acknowledgements to be written
	quiet    atomic.Bool   // the writer has nothing to spill: the next event starts its clock
	short    atomic.Bool   // there is little memory left: what is written is synced at once
	needed   atomic.Uint64 // must be on disk before there is room in the hot files
	gone     atomic.Bool   // the directory was, and nobody has looked for the files in it yet
	doubts   atomic.Bool   // a sync has failed, see doubtful
	stalled  atomic.Bool   // the disk does not answer or has failed: log calls do not wait
	disk     diskClock
	numbered atomic.Uint32 // segments made
	wereRisk atomic.Int64  // log calls that returned with their event in memory only

	// Held while events are written, and by the writer for everything else it does. It
	// guards the fields below.
	writing lock
	buf     []byte
	piece   piece
	visit   func(uint64, batch.Event) bool // visitEvent, made once
	planned plan                           // when there is something to do although nobody asks
	making  bool                           // a segment is being made ahead
	trouble trouble

	interrupted bool      // the last write has left some of what was wanted, for chores come first
	checkedAt   time.Time // when the files were last looked at

	adopted map[string]bool // hot files of others that Adopt has done what it can for; only its caller uses them
	unmoved int64           // events in them that it could not move; like adopted

	limits limits

	mu       sync.Mutex
	progress sync.Cond      // on mu: stored has grown, or the disk has stalled
	sleepers int            // log calls that wait for progress
	stuck    stuck          // whether the disk answers them
	segments []*openFile    // those not removed, oldest first
	current  *openFile      // the last of segments that takes records; nil if there is none
	failure  error          // why nothing can be written now; nil if all is well
	relief   sync.Cond      // on mu: memory may have been given back
	reliefs  int            // how often that was so
	giving   int            // goroutines that are about to give some back
	awaited  time.Time      // since when somebody has waited for that; zero after it was so
	others   sync.WaitGroup // goroutines that make and sync segments
}

// New returns a spool with its first segment or its hot files made. Where that fails
// for now, it tries again later.
func New(cfg Config) *Spool {
	s := &Spool{
		cfg:   cfg,
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		ready: make(chan made, 1),

		writing: make(lock, 1),
		limits:  limits{asking: make(lock, 1)},
	}
	s.disk.began = time.Now()
	s.progress.L, s.relief.L = &s.mu, &s.mu
	s.stuck.timer = time.AfterFunc(math.MaxInt64, s.tick)
	if cfg.Hot != nil {
		s.hot, s.noHot = newHot(s)
	}
	if s.hot != nil { // nobody waits for a segment, and mostly none is needed
		return s
	}
	s.makeAhead()
	first := time.NewTimer(startTime)
	defer first.Stop()
	select {
	case m := <-s.ready:
		s.ready <- m // the writer takes it from there
	case <-first.C: // the first log calls need not find that out
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stall()
	}
	return s
}

// startTime is how long each step of the start waits for a disk. It bounds the start
// of a program whose disk does not answer.
const startTime = 500 * time.Millisecond

// Start starts the writer.
func (s *Spool) Start(source Source) {
	s.source = source
	s.visit = s.visitEvent
	go s.run()
}

// direct reports whether log calls wait for the disk.
func (s *Spool) direct() bool { return s.hot == nil }

// Hot reports whether log calls store events on a RAM file system. If they should
// but do not, the error says why.
func (s *Spool) Hot() (bool, error) {
	if s.hot == nil {
		return false, s.noHot
	}
	s.hot.mu.Lock()
	defer s.hot.mu.Unlock()
	return !s.hot.broken, s.hot.why
}

// The methods of queue.Replica.

// Room is called before an event enters the queue, under its lock. It reports whether
// the event can be added right now. AwaitRoom, called without the lock, waits until
// that may be so, for MaxStall at most; while the disk stalls it does not wait, and
// returns false.
func (s *Spool) Room(e batch.Event) bool {
	if s.hot == nil {
		return true
	}
	room, needed := s.hot.room(e)
	if !room {
		s.needed.Store(needed)
	}
	return room
}

// AwaitRoom is explained at Room.
func (s *Spool) AwaitRoom() bool {
	if s.stalled.Load() {
		return false
	}
	needed := s.needed.Load()
	s.raise(needed)
	return s.sleep(func() bool { return s.stored.Load() >= needed })
}

// Add is called with each event, under the lock of the queue.
func (s *Spool) Add(position uint64, e batch.Event) {
	s.taken.Store(position)
	if s.hot == nil {
		return // Wait writes it, or has it written
	}
	if !s.hot.add(position, e) {
		s.raise(position)
	} else if s.quiet.Load() && s.quiet.Swap(false) {
		s.signal() // it has to be spilled some time
	}
}

// Settled is called when events are done with, under the lock of the queue.
func (s *Spool) Settled(after, to, low uint64) {
	if s.hot != nil {
		s.hot.settle(after+1, to+1, low)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		f.settle(after+1, to+1)
	}
	if len(s.segments) > 0 {
		s.chores.Store(true)
		s.signal()
	}
}

// Stored returns the position up to which everything is on disk or settled.
func (s *Spool) Stored() uint64 { return s.stored.Load() }

// Synced reports whether the events after the one position, up to the other, stay on
// the disk whatever happens to the machine.
func (s *Spool) Synced(after, to uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var have segment.Ranges
	for _, f := range s.segments {
		if f.suspect != nil {
			continue
		}
		for _, r := range f.synced {
			have.Add(max(r.From, after+1), min(r.To, to+1))
		}
	}
	return have.Covers(after+1, to+1)
}

// Unsafe returns which events would not survive the process, or may not: the file in
// which they are cannot be relied on.
func (s *Spool) Unsafe() (positions segment.Ranges) {
	after, to := s.stored.Load(), uint64(math.MaxUint64-1)
	if s.hot != nil {
		after, to = max(after, s.hot.since.Load()), s.hot.gap.Load()
	}
	positions.Add(after+1, to+1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if f.unsure() || s.gone.Load() {
			for _, r := range f.have {
				positions.Add(r.From, r.To)
			}
		}
	}
	return positions
}

// Short has everything written to disk and synced, so that memory can be given back.
func (s *Spool) Short() {
	s.short.Store(true)
	s.chores.Store(true)
	s.raise(s.taken.Load())
}

// reliefTime is for how long log calls wait, one after the other, for a disk that takes
// what was logged but does not get it synced.
const reliefTime = time.Second

// AwaitRelief waits until memory may have been given back, until MaxStall has passed
// since then.
func (s *Spool) AwaitRelief(since time.Time) bool {
	now := time.Now()
	left := s.cfg.MaxStall - now.Sub(since)
	s.mu.Lock()
	defer s.mu.Unlock()
	vain := !s.awaited.IsZero() && now.Sub(s.awaited) > max(reliefTime, s.cfg.MaxStall)
	if left <= 0 || vain || s.failure != nil || !s.unsynced() {
		return false
	}
	if s.awaited.IsZero() {
		s.awaited = now
	}
	s.short.Store(true)
	s.chores.Store(true)
	s.signal()
	over := false
	watch := time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		over = true
		s.relief.Broadcast()
	})
	defer watch.Stop()
	before := s.reliefs
	for !over && s.reliefs == before {
		s.relief.Wait()
	}
	return !over
}

// unsynced reports whether a sync is under way that may give memory back, or will be
// soon.
func (s *Spool) unsynced() bool {
	return s.giving > 0 || s.stored.Load() < s.wanted() || slices.ContainsFunc(s.segments, func(f *openFile) bool {
		return f.syncing || f.dirty && f.suspect == nil
	})
}

// Closed has everything written to disk, since hot files do not outlive the
// machine.
func (s *Spool) Closed() { s.raise(s.taken.Load()) }

// raise has the writer get to a position.
func (s *Spool) raise(position uint64) {
	for {
		old := s.want.Load()
		if old >= position || s.want.CompareAndSwap(old, position) {
			break
		}
	}
	s.signal()
}

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// State is a snapshot.
type State struct {
	Bytes    int64 // of all files in the directory, when that was last known
	Stalled  bool  // log calls do not wait for the disk: events may be in memory only
	WereRisk int64 // log calls that returned with their event in memory only
	Failure  error // why nothing can be written now, or what is written cannot be relied on
}

// State returns a snapshot.
func (s *Spool) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	failure := s.failure
	if failure == nil && s.gone.Load() {
		failure = disk.ErrGone
	}
	for _, f := range s.segments {
		if failure == nil && f.unsure() {
			failure = f.suspect
		}
	}
	return State{s.limits.used.Load(), s.stalled.Load(), s.wereRisk.Load(), failure}
}
