// Package queue holds accepted events in memory until the service has them.
//
// Events go in one by one and come out as batches: Append fills the open
// batch, Next hands out one that is due, Settle removes it. A batch leaves the
// queue only when it is settled, so "empty" also means "nothing in flight".
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

// Errors of Append.
var (
	ErrFull   = errors.New("buffer full, event dropped")
	ErrClosed = errors.New("closed, event dropped")
)

// Policy says what happens to an event that finds the queue full.
type Policy int

const (
	DropNewest Policy = iota // it is dropped
	DropOldest               // the oldest batch that is not in flight makes room
	Block                    // its log call waits for room
)

// maxSpare is the largest body whose memory is kept for the next ones: a full
// batch of text with many escapes.
const maxSpare = 2 << 20

// Config is read by New and never changed.
type Config struct {
	Head     []byte        // the start of every body, see batch.Head
	MaxBytes int           // memory for events; one event always fits an empty queue
	OnFull   Policy        // what happens to an event that finds no room
	Interval time.Duration // an event waits at most this long for others to share a batch with
	Store    Store         // where events are kept outside the queue; nil = nowhere
	Replica  Replica       // the Store, if it has to copy each event; otherwise nil
}

// Queue is a bounded queue of batches. It is safe for concurrent use; Next and
// Settle belong to the one goroutine that delivers.
type Queue struct {
	cfg        Config
	replica    Replica             // nil if there is none
	limits     [account.Levels]int // the memory up to which events of a level get in
	maxBatch   int                 // a batch that holds this much memory is sealed
	maxBatches int                 // so many batches in memory are a full queue
	maxSpan    int                 // the most memory of a span of several batches when it is read back
	maxBeside  int                 // bounds beside
	grid       time.Time           // batches are due at whole intervals from here
	wake       chan struct{}       // capacity 1: Next or Awaited may answer otherwise
	roomOrEnd  sync.Cond           // on mu: something was settled, or the queue was closed
	turnEnded  sync.Cond           // on mu: turn is nil again, or the queue was closed

	mu       sync.Mutex
	ledger   account.Ledger
	untold   [Audiences]untold
	items    []*Item                     // everything unsettled, oldest first
	open     *Item                       // the last of items, if that is being filled
	held     int                         // memory of the batches that count towards MaxBytes
	batches  int                         // their number
	flying   int                         // memory of those in flight
	beside   int                         // memory of all other batches: they are in flight, and the store keeps them as well
	yielded  int                         // part of that: of those that yield, which do not keep others out
	asked    bool                        // nothing more can be evicted before the sync that the replica was asked for
	pending  int64                       // events in items that are not settled
	taken    uint64                      // events that ever entered the queue: the position of the newest
	urgent   uint64                      // position up to which batches are due at once
	turn     *Turn                       // whose events must stay together; others wait
	closed   bool                        // log calls are refused
	ended    bool                        // so are notes
	fromBack bool                        // Next has taken the newest batch last, see there
	waiters  []waiter                    // of Flush, in the order of their positions
	spares   []*batch.Batch              // settled ones, used again
	usual    struct{ bytes, events int } // what the last full batch had
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
		// Small queues cut small batches, so that dropping the oldest one
		// does not empty them.
		maxBatch: max(cfg.MaxBytes/4, 1),
		// Only times more than 24 hours apart make so many. Each takes about
		// a kilobyte by itself, which held does not count.
		maxBatches: max(cfg.MaxBytes>>14, 16),
		// Four spans fit into what is read back at once. A small buffer, too, is
		// drained by requests of useful size.
		maxSpan:   max(cfg.MaxBytes/16, 1<<20),
		maxBeside: max(cfg.MaxBytes/4, 4<<20),
		// Programs that started together must not send together.
		grid: time.Now().Add(-rand.N(cfg.Interval)),
		wake: make(chan struct{}, 1),
	}
	for level := range q.limits {
		q.limits[level] = cfg.MaxBytes
	}
	if cfg.OnFull == DropNewest { // the last room is for what matters most
		q.limits[account.Debug] = cfg.MaxBytes / 10 * 8
		q.limits[account.Info] = cfg.MaxBytes / 10 * 9
	}
	if q.replica != nil {
		q.cfg.Store = q.replica
	}
	q.roomOrEnd.L, q.turnEnded.L = &q.mu, &q.mu
	return q
}

// Append takes a copy of the event, and returns when the store is done with it. It
// returns ErrFull or ErrClosed if the event is dropped; under Block it waits for
// room first.
func (q *Queue) Append(e batch.Event) error {
	q.mu.Lock()
	q.awaitTurn(nil)
	err := q.admit(e, nil, true)
	position := q.taken
	q.mu.Unlock()
	if err == nil && q.replica != nil {
		q.replica.Wait(position)
	}
	return err
}

// Note takes a copy of an event of the library itself, which never waits for room. It is
// still taken after Stop, and ignored after Close.
func (q *Queue) Note(e batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
	case q.closed:
		q.add(e) // there are only a few, and room was made for the last events as well
	default:
		_ = q.admit(e, nil, false) // a loss is counted
	}
}

// admit lets an event in or drops it. One that may not wait may go beyond the bound, but only
// once. turn is the caller's, or nil.
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
		q.refuse(account.Closed, e)
		return ErrClosed
	case full:
		q.refuse(account.Full, e)
		return ErrFull
	default:
		q.add(e)
		return nil
	}
}

// makeRoom makes room in memory for an event, as the policy says, unless the store can
// give some back soon. It reports whether that failed.
func (q *Queue) makeRoom(e batch.Event, turn *Turn, mayWait bool) (full bool) {
	if mayWait && q.replica != nil && !q.hasRoom(e, q.cfg.MaxBytes/lastShare) {
		q.awaitRelief(e, turn)
	}
	for !q.closed && !full && !q.hasRoom(e, 0) && (mayWait || q.held > q.cfg.MaxBytes) {
		q.hurry() // a full queue does not wait for the interval
		switch q.cfg.OnFull {
		case DropNewest:
			full = true
		case DropOldest:
			// If those in flight leave no room, the others need not go.
			full = q.flying > 0 && q.flying+e.Held() > q.cfg.MaxBytes || !q.dropOldest(inMemory)
		case Block:
			if full = !mayWait; !full {
				q.roomOrEnd.Wait()
				q.awaitTurn(turn)
			}
		}
	}
	return full
}

// hasRoom reports whether there is room for an event, and so much is left then.
func (q *Queue) hasRoom(e batch.Event, left int) bool {
	return q.held == 0 || q.held+e.Held()+left <= q.limits[e.Level] && q.batches < q.maxBatches
}

// lastShare is the part of the memory that is left for those who have waited in vain:
// a burst that is faster than the disk is slowed down to what that can take, and loses
// nothing.
const lastShare = 32

// awaitRelief waits as long as there is little memory and the store is about to give some
// back.
func (q *Queue) awaitRelief(e batch.Event, turn *Turn) {
	since := time.Now()
	for again := true; again && !q.closed && !q.hasRoom(e, q.cfg.MaxBytes/lastShare); {
		q.mu.Unlock()
		again = q.replica.AwaitRelief(since)
		q.mu.Lock()
		q.awaitTurn(turn)
	}
}

func (q *Queue) add(e batch.Event) {
	if q.open != nil && q.fills(e) {
		q.usual.bytes, q.usual.events = q.open.Size(), q.open.Len()
		q.open.Shrink()
		q.open = nil
		q.relieve()
		q.signal()
	}
	if q.open == nil {
		q.open = &Item{Batch: q.empty(), after: q.taken, since: time.Now()}
		q.items = append(q.items, q.open)
		q.batches++
		q.signal()
	}
	q.open.Add(e)
	q.held += e.Held()
	q.ledger.Accepted++
	q.pending++
	q.taken++
	q.open.to = q.taken
	if q.replica != nil {
		q.replica.Add(q.taken, e)
	}
}

// fills reports whether the open batch is full before the event. Batches whose
// times overlap cannot be sent side by side, so one that is almost full ends
// where a millisecond does.
func (q *Queue) fills(e batch.Event) bool {
	held := q.open.Held()
	return !q.open.Fits(e) || held+e.Held() > q.maxBatch ||
		(q.open.AlmostFull() || held > q.maxBatch/16*15) && e.Time > q.open.Newest()
}

// empty returns a batch to be filled. One like the last full one does not have
// to grow, which would copy it several times.
func (q *Queue) empty() *batch.Batch {
	if n := len(q.spares); n > 0 {
		b := q.spares[n-1]
		q.spares[n-1] = nil
		q.spares = q.spares[:n-1]
		return b
	}
	return batch.New(q.cfg.Head, q.usual.bytes+q.usual.bytes/32, q.usual.events+q.usual.events/32)
}

// recycle keeps the batch of an item for empty if nobody uses it any more. In a burst
// that is as many as the bound allows, since fresh memory costs more than filling it. An
// empty queue keeps two, one to be filled while the other is sent, and gives the
// others back.
func (q *Queue) recycle(it *Item) {
	const kept = 2
	b := it.Batch
	if b != nil && !it.reread && b.Size() <= maxSpare && q.held+(len(q.spares)+1)*q.usual.bytes <= q.cfg.MaxBytes {
		b.Reset()
		q.spares = append(q.spares, b)
	}
	if q.pending == 0 && len(q.spares) > kept {
		clear(q.spares[kept:])
		q.spares = q.spares[:kept]
	}
}

// dropOldest gives up the oldest batch of some that is not in flight.
func (q *Queue) dropOldest(of func(*Item) bool) bool {
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

// hurry makes everything due at once.
func (q *Queue) hurry() {
	if q.urgent != q.taken {
		q.urgent = q.taken
		q.signal()
	}
}

// Stop takes the last events, which always find room, lets none but notes in any more,
// and makes what is left due at once. The queue ends only after Close. It never waits.
func (q *Queue) Stop(last ...batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stop(last)
}

// Close is Stop that lets no notes in either: an empty queue has ended.
func (q *Queue) Close(last ...batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.stop(last)
}

func (q *Queue) stop(last []batch.Event) {
	for _, e := range last {
		if q.closed {
			q.refuse(account.Closed, e)
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
	return q.over()
}

func (q *Queue) over() bool { return q.ended && len(q.items) == 0 }

// Wake returns the channel that is sent on when Next or Awaited may answer
// otherwise than before.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// State is a snapshot of the books: the identity of package account holds in it.
type State struct {
	account.Ledger
	Pending      int64     // events in the queue, those in flight included
	PendingBytes int64     // memory they take
	Oldest       time.Time // when the first of them came; zero if there is none
}

// State returns a snapshot.
func (q *Queue) State() State {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := State{Ledger: q.ledger, Pending: q.pending, PendingBytes: int64(q.held + q.beside)}
	if len(q.items) > 0 {
		s.Oldest = q.items[0].since
	}
	return s
}
