// Package spool persists the events of a queue beyond the life of the process: in segments on
// disk, and on a RAM file system where one survives the process.
//
// The spool follows the queue. Events are copied from the queue to the open segment with plain
// writes. In direct mode that happens as soon as they are logged, and the log call returns
// afterwards. In hot mode the log call stores its event in a mapped file on a RAM file system,
// and only events that are not delivered in time are written to the disk.
//
// A goroutine, the writer, does this and everything else that needs the disk. During bursts log
// calls write for themselves, see writeThrough.
//
// Log calls wait for a disk that responds, however slow it or the machine is. A disk that does
// not respond for MaxStall has stalled: log calls no longer wait for it, and events stay in
// memory until it responds.
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

// Source provides the events: a *queue.Queue. It calls the methods of the spool under its lock,
// so the spool must not call it with a lock of its own held.
type Source interface {
	// Copy visits the unacknowledged events in memory after a position until visit returns
	// false. reached is the position up to which nothing is left to visit.
	Copy(after uint64, visit func(position uint64, e batch.Event) bool) (reached uint64)
	// Since returns the arrival time of the first unacknowledged event after a position; zero
	// if there is none.
	Since(after uint64) time.Time
	// Relieve is called when more events are on stable storage than before.
	Relieve()
	// GiveUp is called when the disk is full. It reports whether old events were given up in
	// favor of new ones.
	GiveUp() bool
}

// Config is read by [New] and never changed.
type Config struct {
	Dir          Directory      // for segments
	Hot          Directory      // on a RAM file system; nil = direct mode
	HotLeftovers Directory      // where other processes may have left hot files; nil = nowhere
	Header       segment.Header // template for every segment

	MaxBytes     int64         // limit for all files in Dir
	MinFree      int64         // minimum free space of the file system
	SegmentBytes int64         // size of a segment
	Overhead     int64         // what a file system may allocate in addition to the size of a segment, some of it later
	HotBytes     int64         // total size of the hot files
	MaxStall     time.Duration // a disk that does not respond for this long has stalled
	SyncEvery    time.Duration // writes are synced after this time
	SpillAfter   time.Duration // hot events are written to disk at this age

	// Failed reports that events can no longer be written, and the cause. It must not block.
	Failed func(operation, path string, err error)
}

// Spool persists the events of one queue. It is the queue's store.
type Spool struct {
	cfg    Config
	source Source        // set by Start
	hot    *hot          // nil in direct mode
	hotErr error         // why hot mode could not be started
	wake   chan struct{} // capacity 1: the writer may have work
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended
	ready  chan made     // capacity 1: the segment created ahead

	newest     atomic.Uint64 // position of the newest event
	stored     atomic.Uint64 // everything up to this position is on disk or acknowledged; increased under mu
	want       atomic.Uint64 // position the writer was asked to reach; ignored in direct mode, where it is the newest
	chores     atomic.Bool   // acks must be written
	quiet      atomic.Bool   // the writer has nothing to spill: the next event must wake it
	lowMemory  atomic.Bool   // memory is low: sync every write at once
	hotNeeds   atomic.Uint64 // position that must be on disk before the hot files have room
	dirGone    atomic.Bool   // the directory was deleted or replaced, and its files have not been checked since
	syncFailed atomic.Bool   // a sync has failed, see unresolved
	stalled    atomic.Bool   // the disk does not respond or has failed: log calls do not wait
	disk       diskClock
	lastNumber atomic.Uint32 // number of the last segment created
	everAtRisk atomic.Int64  // log calls that returned while their event was in memory only

	// Held while events are written, and by the writer for all of its other work. It guards the
	// fields below.
	writing lock
	buf     []byte
	piece   piece
	visit   func(uint64, batch.Event) bool // visitEvent, bound once
	planned plan                           // next scheduled work
	making  bool                           // a segment is being created ahead
	failing failing

	interrupted bool      // the last write stopped early to let chores run
	checkedAt   time.Time // time of the last check of the files

	adopted map[string]bool // hot files of others that Adopt has handled; used only by its caller
	unmoved int64           // events in them that it could not move; like adopted

	limits limits

	mu          sync.Mutex
	progress    sync.Cond      // on mu: stored has increased, or the disk has stalled
	sleepers    int            // log calls waiting for progress
	watchdog    watchdog       // detects a stalled disk for them
	segments    []*openFile    // existing segments, oldest first
	current     *openFile      // the segment that takes records, the last of segments; nil if there is none
	writeErr    error          // why nothing can be written now; nil if writing works
	relief      sync.Cond      // on mu: memory may have been released
	reliefs     int            // number of releases
	relieving   int            // goroutines about to release memory
	reliefSince time.Time      // start of the current wait for a release; zero if there is none
	background  sync.WaitGroup // goroutines that create and sync segments
}

// New returns a spool. It creates the first segment or the hot files; if that fails
// temporarily, it is retried later.
func New(cfg Config) *Spool {
	s := &Spool{
		cfg:   cfg,
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		ready: make(chan made, 1),

		writing: make(lock, 1),
		limits:  limits{lock: make(lock, 1)},
	}
	s.disk.began = time.Now()
	s.progress.L, s.relief.L = &s.mu, &s.mu
	s.watchdog.timer = time.AfterFunc(math.MaxInt64, s.tick)
	if cfg.Hot != nil {
		s.hot, s.hotErr = newHot(s)
	}
	if s.hot != nil { // no log call waits for a segment, and usually none is needed
		return s
	}
	s.makeAhead()
	first := time.NewTimer(startTime)
	defer first.Stop()
	select {
	case m := <-s.ready:
		s.ready <- m // for the writer
	case <-first.C: // so that the first log calls do not wait
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stall()
	}
	return s
}

// startTime is the maximum wait for a disk in each step of the start. It bounds the start of a
// program whose disk does not respond.
const startTime = 500 * time.Millisecond

// Start starts the writer.
func (s *Spool) Start(source Source) {
	s.source = source
	s.visit = s.visitEvent
	go s.run()
}

// direct reports whether log calls wait for the disk.
func (s *Spool) direct() bool { return s.hot == nil }

// Hot reports whether log calls store events on a RAM file system. The error is why they do not
// although hot mode was configured.
func (s *Spool) Hot() (bool, error) {
	if s.hot == nil {
		return false, s.hotErr
	}
	s.hot.mu.Lock()
	defer s.hot.mu.Unlock()
	return !s.hot.broken, s.hot.err
}

// The methods below implement queue.Replica.

// Room reports whether an event can be added now. It is called under the lock of the queue
// before an event is added. [Spool.AwaitRoom] waits until it may.
func (s *Spool) Room(e batch.Event) bool {
	if s.hot == nil {
		return true
	}
	room, needed := s.hot.hasRoom(e)
	if !room {
		s.hotNeeds.Store(needed)
	}
	return room
}

// AwaitRoom waits until there may be room, for at most MaxStall. It is called without the lock
// of the queue. While the disk is stalled it returns false without waiting.
func (s *Spool) AwaitRoom() bool {
	if s.stalled.Load() {
		return false
	}
	needed := s.hotNeeds.Load()
	s.raise(needed)
	return s.sleep(func() bool { return s.stored.Load() >= needed })
}

// Add adds an event. It is called under the lock of the queue.
func (s *Spool) Add(position uint64, e batch.Event) {
	s.newest.Store(position)
	if s.hot == nil {
		return // Wait writes it
	}
	if !s.hot.add(position, e) {
		s.raise(position)
	} else if s.quiet.Load() && s.quiet.Swap(false) {
		s.signal() // it must be spilled later
	}
}

// Settled acknowledges the events in (after, to]. Everything up to low is acknowledged. It is
// called under the lock of the queue.
func (s *Spool) Settled(after, to, low uint64) {
	if s.hot != nil {
		s.hot.ack(after+1, to+1, low)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		f.ack(after+1, to+1)
	}
	if len(s.segments) > 0 {
		s.chores.Store(true)
		s.signal()
	}
}

// Stored returns the position up to which everything is on disk or acknowledged.
func (s *Spool) Stored() uint64 { return s.stored.Load() }

// Synced reports whether the events in (after, to] are on stable storage and survive a power
// cut.
func (s *Spool) Synced(after, to uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var have segment.Ranges
	for _, f := range s.segments {
		if f.suspect != nil {
			continue
		}
		for _, r := range f.stable {
			have.Add(max(r.From, after+1), min(r.To, to+1))
		}
	}
	return have.Covers(after+1, to+1)
}

// Unsafe returns the positions of events that might not survive the process, including those in
// files that are unreliable.
func (s *Spool) Unsafe() (positions segment.Ranges) {
	after, to := s.stored.Load(), uint64(math.MaxUint64-1)
	if s.hot != nil {
		after, to = max(after, s.hot.missingAfter.Load()), s.hot.missingTo.Load()
	}
	positions.Add(after+1, to+1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.segments {
		if f.unreliable() || s.dirGone.Load() {
			for _, r := range f.have {
				positions.Add(r.From, r.To)
			}
		}
	}
	return positions
}

// Short asks for everything to be written and synced at once, so that memory can be released.
func (s *Spool) Short() {
	s.lowMemory.Store(true)
	s.chores.Store(true)
	s.raise(s.newest.Load())
}

// reliefTime is how long log calls, one after the other, wait for a disk that accepts writes
// but does not finish a sync.
const reliefTime = time.Second

// AwaitRelief waits until memory may have been released, for at most MaxStall after since.
func (s *Spool) AwaitRelief(since time.Time) bool {
	now := time.Now()
	left := s.cfg.MaxStall - now.Sub(since)
	s.mu.Lock()
	defer s.mu.Unlock()
	exhausted := !s.reliefSince.IsZero() && now.Sub(s.reliefSince) > max(reliefTime, s.cfg.MaxStall)
	if left <= 0 || exhausted || s.writeErr != nil || !s.unsynced() {
		return false
	}
	if s.reliefSince.IsZero() {
		s.reliefSince = now
	}
	s.lowMemory.Store(true)
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

// unsynced reports whether a sync that may release memory is in progress or due.
func (s *Spool) unsynced() bool {
	return s.relieving > 0 || s.stored.Load() < s.wanted() || slices.ContainsFunc(s.segments, func(f *openFile) bool {
		return f.syncing || f.dirty && f.suspect == nil
	})
}

// Closed asks for everything to be written to disk, since hot files do not survive the machine.
func (s *Spool) Closed() { s.raise(s.newest.Load()) }

// raise asks the writer to persist up to position.
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

// State is a snapshot of a [Spool].
type State struct {
	Bytes      int64 // of all files in the directory, when last known
	Stalled    bool  // log calls do not wait for the disk: events may be in memory only
	EverAtRisk int64 // log calls that returned while their event was in memory only
	Err        error // why nothing can be written now, or why written events are unreliable
}

// State returns a snapshot.
func (s *Spool) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	failure := s.writeErr
	if failure == nil && s.dirGone.Load() {
		failure = disk.ErrGone
	}
	for _, f := range s.segments {
		if failure == nil && f.unreliable() {
			failure = f.suspect
		}
	}
	return State{s.limits.used.Load(), s.stalled.Load(), s.everAtRisk.Load(), failure}
}
