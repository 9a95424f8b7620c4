// Package queue holds accepted events in memory until the service has acknowledged them.
//
// Events are appended one by one and leave as batches: [Queue.Append] fills the open batch,
// [Queue.Next] hands out one that is due, [Queue.Settle] records its outcome and removes it. A
// batch leaves the queue only when its outcome is known, so "empty" also means "nothing in
// flight".
package queue

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Errors of [Queue.Append].
var (
	ErrFull   = errors.New("buffer full, event dropped")
	ErrClosed = errors.New("closed, event dropped")
)

// Policy is what happens to an event that finds the queue full.
type Policy int

const (
	DropNewest Policy = iota // the event is dropped
	DropOldest               // the oldest batch that is not in flight is dropped
	Block                    // the log call blocks until there is room
)

// maxSpare is the largest body kept for reuse: a full batch of text with many escapes.
const maxSpare = 2 << 20

// Config configures a [Queue]. [New] reads it; it must not change afterwards.
type Config struct {
	Head     []byte        // start of every body, see batch.Head
	MaxBytes int           // memory limit for events; one event always fits an empty queue
	OnFull   Policy        // what happens to an event that finds no room
	Interval time.Duration // an event waits at most this long for others to share its batch
	Store    Store         // keeps events outside the queue; nil: none
	Replica  Replica       // set instead of Store if the store copies each event; nil: none
}

// Queue is a bounded queue of batches. It is safe for concurrent use, but Next and Settle belong
// to the one goroutine that delivers.
type Queue struct {
	cfg         Config
	replica     Replica             // nil: none
	limits      [account.Levels]int // memory limit by level
	maxBatch    int                 // a batch that holds this much memory is sealed
	maxBatches  int                 // limit of batches in memory
	maxSpan     int                 // largest merged span, in bytes of memory when read back
	maxExcluded int                 // limit of excluded
	grid        time.Time           // batches are due at multiples of the interval from here
	wake        chan struct{}       // capacity 1; signals that Next or Awaited may return something else
	roomOrEnd   sync.Cond           // on mu: the outcome of a batch was recorded, or the queue was closed
	turnEnded   sync.Cond           // on mu: turn is nil again, or the queue was closed

	mu            sync.Mutex
	ledger        account.Ledger
	unreported    [Audiences]unreportedLosses
	items         []*Item                     // every batch whose outcome is not recorded yet, oldest first
	open          *Item                       // the last item while it is being filled; otherwise nil
	held          int                         // memory of the batches that count towards MaxBytes
	batches       int                         // number of those batches
	inFlight      int                         // memory of those in flight
	excluded      int                         // memory of the other batches: in flight, and kept by the store as well
	yielded       int                         // part of excluded: batches that yield, which do not keep others out
	syncRequested bool                        // a sync was requested; nothing more can be evicted before it
	pending       int64                       // events in items whose outcome is not recorded yet
	appended      uint64                      // events appended so far: the position of the newest
	urgent        uint64                      // batches up to this position are due at once
	turn          *Turn                       // whose events must stay together; other callers wait
	closed        bool                        // log calls are refused
	ended         bool                        // notices are refused too
	fromBack      bool                        // Next took the newest batch last time
	waiters       []waiter                    // of Flush, ordered by position
	spares        []*batch.Batch              // emptied, for reuse
	lastFull      struct{ bytes, events int } // size of the last full batch
}

type waiter struct {
	position uint64
	done     chan struct{}
}

// New returns an empty queue.
func New(cfg Config) *Queue {
	q := &Queue{
		cfg:     cfg,
		replica: cfg.Replica,
		// Small queues use small batches, so that dropping the oldest one does not empty the
		// queue.
		maxBatch: max(cfg.MaxBytes/4, 1),
		// Only timestamps more than 24 hours apart make so many batches. Each takes about a
		// kilobyte by itself, which held does not count.
		maxBatches: max(cfg.MaxBytes>>14, 16),
		// Four spans fit into what is read back at once. Even a small buffer is drained by
		// requests of useful size.
		maxSpan:     max(cfg.MaxBytes/16, 1<<20),
		maxExcluded: max(cfg.MaxBytes/4, 4<<20),
		// Random, so that programs that started together do not send together.
		grid: time.Now().Add(-rand.N(cfg.Interval)),
		wake: make(chan struct{}, 1),
	}
	for level := range q.limits {
		q.limits[level] = cfg.MaxBytes
	}
	if cfg.OnFull == DropNewest { // the rest of the memory is reserved for Warn and Error
		q.limits[account.Debug] = cfg.MaxBytes / 10 * 8
		q.limits[account.Info] = cfg.MaxBytes / 10 * 9
	}
	if q.replica != nil {
		q.cfg.Store = q.replica
	}
	q.roomOrEnd.L, q.turnEnded.L = &q.mu, &q.mu
	return q
}

// Append adds a copy of the event and returns when the store is done with it. It returns
// [ErrFull] or [ErrClosed] if the event is dropped; under [Block] it first waits for room.
func (q *Queue) Append(e batch.Event) error {
	q.mu.Lock()
	q.awaitTurn(nil)
	err := q.admit(e, nil, true)
	position := q.appended
	q.mu.Unlock()
	if err == nil && q.replica != nil {
		q.replica.Wait(position)
	}
	return err
}

// Note adds a copy of an event of the library itself. It never waits for room. Notes are still
// accepted after Stop, and ignored after Close.
func (q *Queue) Note(e batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
	case q.closed:
		q.add(e) // they are few, and Stop adds its last events without a limit too
	default:
		_ = q.admit(e, nil, false) // the loss is counted
	}
}

// admit adds an event or drops it. If mayWait is false, the event may exceed the limit, but only
// one may. turn is the caller's, or nil.
func (q *Queue) admit(e batch.Event, turn *Turn, mayWait bool) error {
	full := q.makeRoom(e, turn, mayWait)
	for waits := mayWait && q.replica != nil; waits && !full && !q.closed && !q.replica.Room(e); full = q.makeRoom(e, turn, mayWait) {
		q.mu.Unlock()
		waits = q.replica.AwaitRoom()
		q.mu.Lock()
		q.awaitTurn(turn)
	}
	switch {
	case q.closed:
		q.rejectLocked(account.Closed, e)
		return ErrClosed
	case full:
		q.rejectLocked(account.Full, e)
		return ErrFull
	default:
		q.add(e)
		return nil
	}
}

// makeRoom makes room in memory for an event according to the policy, unless the store can
// release memory soon. It reports whether that failed.
func (q *Queue) makeRoom(e batch.Event, turn *Turn, mayWait bool) (full bool) {
	if mayWait && q.replica != nil && !q.hasRoom(e, q.cfg.MaxBytes/reserveShare) {
		q.awaitMemory(e, turn)
	}
	for !q.closed && !full && !q.hasRoom(e, 0) && (mayWait || q.held > q.cfg.MaxBytes) {
		q.makeAllDue() // a full queue does not wait for the interval
		switch q.cfg.OnFull {
		case DropNewest:
			full = true
		case DropOldest:
			// If the batches in flight leave no room, dropping others does not help.
			full = q.inFlight > 0 && q.inFlight+e.Held() > q.cfg.MaxBytes || !q.evictOldest(inMemory)
		case Block:
			if full = !mayWait; !full {
				q.roomOrEnd.Wait()
				q.awaitTurn(turn)
			}
		}
	}
	return full
}

// hasRoom reports whether there is room for an event and left more bytes.
func (q *Queue) hasRoom(e batch.Event, left int) bool {
	return q.held == 0 || q.held+e.Held()+left <= q.limits[e.Level] && q.batches < q.maxBatches
}

// reserveShare is the fraction of the memory reserved for callers whose wait for the store has
// failed. It slows a burst down to the speed of the disk instead of losing events.
const reserveShare = 32

// awaitMemory waits while memory is short and the store is about to release some.
func (q *Queue) awaitMemory(e batch.Event, turn *Turn) {
	since := time.Now()
	for again := true; again && !q.closed && !q.hasRoom(e, q.cfg.MaxBytes/reserveShare); {
		q.mu.Unlock()
		again = q.replica.AwaitRelief(since)
		q.mu.Lock()
		q.awaitTurn(turn)
	}
}

func (q *Queue) add(e batch.Event) {
	if q.open != nil && q.fills(e) {
		q.lastFull.bytes, q.lastFull.events = q.open.Size(), q.open.Len()
		q.open.Shrink()
		q.open = nil
		q.evictStored()
		q.signal()
	}
	if q.open == nil {
		q.open = &Item{Batch: q.empty(), after: q.appended, since: time.Now()}
		q.items = append(q.items, q.open)
		q.batches++
		q.signal()
	}
	q.open.Add(e)
	q.held += e.Held()
	q.ledger.Accepted++
	q.pending++
	q.appended++
	q.open.to = q.appended
	if q.replica != nil {
		q.replica.Add(q.appended, e)
	}
}

// fills reports whether the open batch is full before the event. Batches with overlapping
// timestamps cannot be in flight together, so an almost full batch ends between two milliseconds.
func (q *Queue) fills(e batch.Event) bool {
	held := q.open.Held()
	return !q.open.Fits(e) || held+e.Held() > q.maxBatch ||
		(q.open.AlmostFull() || held > q.maxBatch/16*15) && e.Time > q.open.Newest()
}

// empty returns an empty batch. It has the capacity of the last full one, because growing copies
// the body several times.
func (q *Queue) empty() *batch.Batch {
	if n := len(q.spares); n > 0 {
		b := q.spares[n-1]
		q.spares[n-1] = nil
		q.spares = q.spares[:n-1]
		return b
	}
	return batch.New(q.cfg.Head, q.lastFull.bytes+q.lastFull.bytes/32, q.lastFull.events+q.lastFull.events/32)
}

// recycle keeps the batch of an item for reuse. In a burst it keeps as many as the limit allows,
// because allocating costs more than filling. An empty queue keeps two, one to fill while the
// other is sent.
func (q *Queue) recycle(it *Item) {
	const kept = 2
	b := it.Batch
	if b != nil && !it.reread && b.Size() <= maxSpare && q.held+(len(q.spares)+1)*q.lastFull.bytes <= q.cfg.MaxBytes {
		b.Reset()
		q.spares = append(q.spares, b)
	}
	if q.pending == 0 && len(q.spares) > kept {
		clear(q.spares[kept:])
		q.spares = q.spares[:kept]
	}
}

// evictOldest drops the oldest batch selected by of that is not in flight.
func (q *Queue) evictOldest(of func(*Item) bool) bool {
	i := slices.IndexFunc(q.items, func(it *Item) bool { return !it.inFlight && of(it) })
	if i < 0 {
		return false
	}
	oldest := q.items[i]
	loss := oldest.sum()
	q.lose(account.Full, &loss)
	q.remove(oldest)
	q.recycle(oldest)
	return true
}

func inMemory(it *Item) bool { return it.Batch != nil }

// makeAllDue makes everything due at once.
func (q *Queue) makeAllDue() {
	if q.urgent != q.appended {
		q.urgent = q.appended
		q.signal()
	}
}

// Stop adds the last events, which always find room, refuses all others except notes, and makes
// everything due at once. The queue ends only after [Queue.Close]. Stop never blocks.
func (q *Queue) Stop(last ...batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopLocked(last)
}

// Close is like [Queue.Stop] but refuses notes too: an empty queue has ended.
func (q *Queue) Close(last ...batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.stopLocked(last)
}

func (q *Queue) stopLocked(last []batch.Event) {
	for _, e := range last {
		if q.closed {
			q.rejectLocked(account.Closed, e)
		} else {
			q.add(e)
		}
	}
	q.closed = true
	if q.replica != nil {
		q.replica.Closed()
	}
	q.signal()
	q.roomOrEnd.Broadcast()
	q.turnEnded.Broadcast()
}

// Closed reports whether Stop or Close was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Ended reports whether the queue is closed and empty.
func (q *Queue) Ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.endedLocked()
}

func (q *Queue) endedLocked() bool { return q.ended && len(q.items) == 0 }

// Wake returns the channel that receives a value when Next or Awaited may return something else
// than before.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// State is a consistent snapshot of the counters: accepted = delivered + pending + lost.
type State struct {
	account.Ledger
	Pending      int64     // events in the queue, including those in flight
	PendingBytes int64     // memory they take
	Oldest       time.Time // when the oldest of them was appended; zero: none
}

// State returns a snapshot.
func (q *Queue) State() State {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := State{Ledger: q.ledger, Pending: q.pending, PendingBytes: int64(q.held + q.excluded)}
	if len(q.items) > 0 {
		s.Oldest = q.items[0].since
	}
	return s
}
