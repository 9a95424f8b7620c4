package queue

import (
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Settle enters what became of some events of a batch that Next handed out.
// done means that it was about the last of them: the batch and its body may be
// used again from now on. Otherwise the outcome says which ones it was about.
func (q *Queue) Settle(it *Item, o *account.Outcome, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !it.inFlight { // abandoned meanwhile, and counted as such
		return
	}
	q.ledger.Settle(o)
	for reason := range o.Lost {
		q.keep(account.Reason(reason), &o.Lost[reason])
	}
	if done {
		q.remove(it)
		q.recycle(it)
		return
	}
	it.settled.Merge(&o.Settled)
	q.pending -= o.Settled.Events
}

// remove takes a batch out of the queue, and tells those who wait for that.
func (q *Queue) remove(it *Item) {
	q.items = slices.DeleteFunc(q.items, func(other *Item) bool { return other == it })
	if q.open == it {
		q.open = nil
	}
	q.count(it, -1)
	it.inFlight = false
	q.pending -= it.left()
	settled := q.taken // the position up to which nothing is left in the queue
	if len(q.items) > 0 {
		settled = q.items[0].after
	}
	if q.cfg.Store != nil {
		q.cfg.Store.Settled(it.after, it.to, settled)
	}
	for len(q.waiters) > 0 && q.waiters[0].position <= settled {
		close(q.waiters[0].done)
		q.waiters = q.waiters[1:]
	}
	q.roomOrEnd.Broadcast()
}

// count adds an item to the sums of memory, or takes it off; n is 1 or -1.
func (q *Queue) count(it *Item, n int) {
	memory := n * it.memory()
	switch {
	case it.beside:
		q.beside += memory
		if it.yields {
			q.yielded += memory
		}
	case it.Batch != nil:
		q.held += memory
		q.batches += n
		if it.inFlight {
			q.flying += memory
		}
	}
}

// Flush takes the events and makes everything appended so far due at once. The
// channel it returns is closed when all of that is settled. It never waits.
func (q *Queue) Flush(events ...batch.Event) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	beyond := q.held > q.cfg.MaxBytes
	for _, e := range events {
		if beyond || q.closed {
			_ = q.admit(e, nil, false) // a loss is counted
		} else { // all of them, or only the first partial line would be kept
			q.add(e)
		}
	}
	done := make(chan struct{})
	if len(q.items) == 0 {
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
// since Stop.
func (q *Queue) Awaited() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed || len(q.waiters) > 0
}

// Left is how much is left in a queue.
type Left struct {
	Events int64
	Bytes  int64 // as the service counts them
}

func (l *Left) add(sum *account.Loss) {
	l.Events += sum.Events
	l.Bytes += sum.Bytes + sum.Events*batch.EventOverhead
}

// Abandon ends a closed queue whose deliverer has ended. What is left and in the
// store stays pending for ever, the rest is dropped. It returns how much that was.
func (q *Queue) Abandon() (kept, dropped Left) {
	q.mu.Lock()
	defer q.mu.Unlock()
	unsafe := q.unsafePositions()
	for _, it := range slices.Clone(q.items) {
		drop := it.unsafe(unsafe)
		dropped.add(&drop)
		q.lose(account.Undelivered, &drop)
		if it.left() == drop.Events {
			q.remove(it)
			continue
		}
		q.count(it, -1)
		it.inFlight = false // answers that still come are too late
		q.count(it, 1)
		q.pending -= drop.Events
		it.settled.Merge(&drop)
		rest := it.sum()
		rest.Subtract(&it.settled)
		kept.add(&rest)
	}
	return kept, dropped
}

// unsafe sums up the events at those positions that are not settled. Where only some
// are settled and only some are in the store, nobody knows which of them are both: they
// count as neither. Nor are the positions known of a batch that was loaded again.
func (it *Item) unsafe(positions segment.Ranges) (sum account.Loss) {
	n := it.countIn(positions)
	switch {
	case n == 0:
	case it.settled.Events > 0 || it.Batch == nil || it.reread || n == it.to-it.after:
		sum = it.sum()
		sum.Subtract(&it.settled)
	default:
		position := it.after
		it.Arrived(0, func(e batch.Event) bool {
			if position++; positions.Contains(position) {
				sum.Add(e.Time, e.Size, e.Level)
			}
			return true
		})
	}
	return sum
}
