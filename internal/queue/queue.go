// Package queue holds accepted events in memory until the service has them.
//
// Events go in one by one and come out as batches: Append fills the open
// batch, Next hands out the oldest one, Ack removes it. A batch leaves the
// queue only when it is settled, so "empty" also means "nothing in flight".
package queue

import (
	"errors"
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
	Interval time.Duration // how long the oldest event of the open batch waits at most
}

// Queue is a bounded queue of batches. It is safe for concurrent use; Next and
// Ack belong to the one goroutine that delivers.
type Queue struct {
	cfg       Config
	maxBatch  int           // a batch that holds this much memory is sealed
	maxSealed int           // so many sealed batches are a full queue
	wake      chan struct{} // capacity 1: Next or Awaited may answer otherwise
	roomOrEnd sync.Cond     // on mu: something was settled, or the queue was closed

	mu       sync.Mutex
	ledger   account.Ledger
	open     *item     // being filled; nil or not empty
	openedAt time.Time // when its first event came
	sealed   []*item   // full ones, oldest first
	inFlight *item     // handed out by Next, not yet settled
	held     int       // memory of the three above
	pending  int64     // events in the three above
	taken    uint64    // events that ever entered the queue: the position of the newest
	urgent   uint64    // position up to which batches are due at once
	closed   bool
	waiters  []waiter                    // of Flush, in the order of their positions
	spares   []*batch.Batch              // settled ones, used again
	usual    struct{ bytes, events int } // what the last full batch had
}

// item is a batch in the queue.
type item struct {
	*batch.Batch
	after uint64 // position of the event before its first one
}

type waiter struct {
	position uint64
	done     chan struct{}
}

// New returns an empty queue.
func New(cfg Config) *Queue {
	q := &Queue{
		cfg: cfg,
		// Small queues cut small batches, so that dropping the oldest one
		// does not empty them.
		maxBatch: max(cfg.MaxBytes/4, 1),
		// Only times more than 24 hours apart make so many. Each takes about
		// a kilobyte by itself, which held does not count.
		maxSealed: max(cfg.MaxBytes>>14, 16),
		wake:      make(chan struct{}, 1),
	}
	q.roomOrEnd.L = &q.mu
	return q
}

// Append takes a copy of the event. It returns ErrFull or ErrClosed if the
// event is dropped; under Block it waits for room first.
func (q *Queue) Append(e batch.Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.admit(e, true)
}

// admit lets an event in or drops it. One that may not wait is the partial line
// that Flush takes: it may go beyond the bound, but only once.
func (q *Queue) admit(e batch.Event, mayWait bool) error {
	full := false
	for !q.closed && !full && !q.hasRoom(e) && (mayWait || q.held > q.cfg.MaxBytes) {
		q.hurry() // a full queue does not wait for the interval
		switch q.cfg.OnFull {
		case DropNewest:
			full = true
		case DropOldest:
			// If the batch in flight leaves no room, neither do the others.
			full = q.inFlight != nil && q.inFlight.Held()+e.Held() > q.cfg.MaxBytes || !q.dropOldest()
		case Block:
			if full = !mayWait; !full {
				q.roomOrEnd.Wait()
			}
		}
	}
	switch {
	case q.closed:
		q.drop(account.Closed)
		return ErrClosed
	case full:
		q.drop(account.Full)
		return ErrFull
	default:
		q.add(e)
		return nil
	}
}

// drop counts an event that does not get in.
func (q *Queue) drop(reason account.Drop) {
	q.ledger.Accepted++
	q.ledger.Dropped[reason]++
}

func (q *Queue) hasRoom(e batch.Event) bool {
	return q.held == 0 || q.held+e.Held() <= q.cfg.MaxBytes && len(q.sealed) < q.maxSealed
}

func (q *Queue) add(e batch.Event) {
	if q.open != nil && (!q.open.Fits(e) || q.open.Held()+e.Held() > q.maxBatch) {
		q.usual.bytes, q.usual.events = q.open.Size(), q.open.Len()
		q.sealed = append(q.sealed, q.open)
		q.open = nil
		q.signal()
	}
	if q.open == nil {
		q.open = &item{q.empty(), q.taken}
		q.openedAt = time.Now()
		q.signal()
	}
	q.open.Add(e)
	q.held += e.Held()
	q.ledger.Accepted++
	q.pending++
	q.taken++
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

// recycle keeps a batch that nobody uses any more for empty. In a burst that is
// as many as the bound allows, since fresh memory costs more than filling it. An
// empty queue keeps two, one to be filled while the other is sent, and gives the
// others back.
func (q *Queue) recycle(b *item) {
	const kept = 2
	if b.Size() <= maxSpare && q.held+(len(q.spares)+1)*q.usual.bytes <= q.cfg.MaxBytes {
		b.Reset()
		q.spares = append(q.spares, b.Batch)
	}
	if q.pending == 0 && len(q.spares) > kept {
		clear(q.spares[kept:])
		q.spares = q.spares[:kept]
	}
}

// dropOldest gives up the oldest batch that is not in flight.
func (q *Queue) dropOldest() bool {
	var oldest *item
	switch {
	case len(q.sealed) > 0:
		oldest = q.shift()
	case q.open != nil:
		oldest, q.open = q.open, nil
	default:
		return false
	}
	q.ledger.Dropped[account.Full] += int64(oldest.Len())
	q.remove(oldest)
	q.recycle(oldest)
	return true
}

// shift takes the oldest sealed batch.
func (q *Queue) shift() *item {
	oldest := q.sealed[0]
	q.sealed[0] = nil // the array must not keep its memory
	q.sealed = q.sealed[1:]
	return oldest
}

// Count enters an event that never reaches the queue.
func (q *Queue) Count(reason account.Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(reason)
}

// Next hands out the oldest batch if one is due at the time now: it is full, it
// has waited for the interval, or somebody asked for it. Otherwise b is nil and
// due says when the open batch will be; the zero time if the queue is empty. The
// batch stays in the queue until Ack. ended means closed and empty.
func (q *Queue) Next(now time.Time) (b *batch.Batch, due time.Time, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.sealed) > 0:
		q.inFlight = q.shift()
	case q.open == nil:
		return nil, time.Time{}, q.closed
	default:
		due = q.openedAt.Add(q.cfg.Interval)
		if !q.closed && q.urgent <= q.open.after && now.Before(due) {
			return nil, due, false
		}
		q.inFlight, q.open = q.open, nil
	}
	return q.inFlight.Batch, time.Time{}, false
}

// Ack removes the batch that Next handed out and enters what became of it. The
// batch and its body may be used again from now on.
func (q *Queue) Ack(outcome account.Outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.inFlight
	if b == nil { // abandoned meanwhile, and counted as such
		return
	}
	q.inFlight = nil
	q.ledger.Settle(outcome, b.Bytes())
	q.remove(b)
	q.recycle(b)
}

// remove takes a batch that is no longer in the queue off its sums, and tells
// those who wait for that.
func (q *Queue) remove(b *item) {
	q.held -= b.Held()
	q.pending -= int64(b.Len())
	settled := q.settled()
	for len(q.waiters) > 0 && q.waiters[0].position <= settled {
		close(q.waiters[0].done)
		q.waiters = q.waiters[1:]
	}
	q.roomOrEnd.Broadcast()
}

// settled returns the position up to which nothing is left in the queue.
func (q *Queue) settled() uint64 {
	switch {
	case q.inFlight != nil:
		return q.inFlight.after
	case len(q.sealed) > 0:
		return q.sealed[0].after
	case q.open != nil:
		return q.open.after
	default:
		return q.taken
	}
}

// Flush takes the events and makes everything appended so far due at once. The
// channel it returns is closed when all of that is settled. It never waits.
func (q *Queue) Flush(events ...batch.Event) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range events {
		_ = q.admit(e, false) // a loss is counted
	}
	done := make(chan struct{})
	if q.pending == 0 {
		close(done)
		return done
	}
	q.waiters = append(q.waiters, waiter{q.taken, done})
	q.hurry()
	q.signal()
	return done
}

// Leave ends the wait for a channel of Flush.
func (q *Queue) Leave(settled <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiters = slices.DeleteFunc(q.waiters, func(w waiter) bool { return w.done == settled })
}

// Awaited reports whether somebody waits for the queue to be empty: in Flush, or
// since Close.
func (q *Queue) Awaited() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed || len(q.waiters) > 0
}

// hurry makes everything due at once.
func (q *Queue) hurry() {
	if q.urgent != q.taken {
		q.urgent = q.taken
		q.signal()
	}
}

// Close takes the last events, which always find room, lets no others in any
// more, and makes what is left due at once. It never waits.
func (q *Queue) Close(last ...batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range last {
		if q.closed {
			q.drop(account.Closed)
		} else {
			q.add(e)
		}
	}
	q.closed = true
	q.signal()
	q.roomOrEnd.Broadcast()
}

// Closed reports whether Close was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Abandon drops what is left in a closed queue whose deliverer has ended, and
// returns how much that was, in events and in bytes as the service counts them.
func (q *Queue) Abandon() (events, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := q.sealed
	for _, b := range []*item{q.inFlight, q.open} {
		if b != nil {
			left = append(left, b)
		}
	}
	q.inFlight, q.sealed, q.open = nil, nil, nil
	for _, b := range left {
		events += int64(b.Len())
		bytes += int64(b.Bytes())
		q.remove(b)
	}
	q.ledger.Dropped[account.Undelivered] += events
	return events, bytes
}

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
	Pending      int64 // events in the queue, those in flight included
	PendingBytes int64 // memory they take
}

// State returns a snapshot.
func (q *Queue) State() State {
	q.mu.Lock()
	defer q.mu.Unlock()
	return State{Ledger: q.ledger, Pending: q.pending, PendingBytes: int64(q.held)}
}
