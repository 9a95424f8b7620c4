package queue

import (
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Settle records the outcome of some events of a batch that Next handed out. done means that the
// outcome of all its events is known now: the queue may reuse the batch and its body. Otherwise
// o.Settled must sum up the events concerned.
func (q *Queue) Settle(it *Item, o *account.Outcome, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !it.inFlight { // abandoned meanwhile, and counted as such
		return
	}
	q.ledger.Settle(o)
	for reason := range o.Lost {
		q.addUnreported(account.Reason(reason), &o.Lost[reason])
	}
	if done {
		q.remove(it)
		q.recycle(it)
		return
	}
	it.settled.Merge(&o.Settled)
	q.pending -= o.Settled.Events
}

// remove removes a batch from the queue and wakes those who wait for it.
func (q *Queue) remove(it *Item) {
	q.items = slices.DeleteFunc(q.items, func(other *Item) bool { return other == it })
	if q.open == it {
		q.open = nil
	}
	q.count(it, -1)
	it.inFlight = false
	q.pending -= it.left()
	settled := q.appended // no event up to this position is left in the queue
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

// count adds an item's memory to the counters (n is 1) or subtracts it (n is -1).
func (q *Queue) count(it *Item, n int) {
	memory := n * it.memory()
	switch {
	case it.excluded:
		q.excluded += memory
		if it.yields {
			q.yielded += memory
		}
	case it.Batch != nil:
		q.held += memory
		q.batches += n
		if it.inFlight {
			q.inFlight += memory
		}
	}
}

// Flush adds the events and makes everything appended so far due at once. The returned channel is
// closed when the outcome of all of it is known. Flush never blocks.
func (q *Queue) Flush(events ...batch.Event) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	beyond := q.held > q.cfg.MaxBytes
	for _, e := range events {
		if beyond || q.closed {
			_ = q.admit(e, nil, false) // the loss is counted
		} else { // all of them: otherwise only the first partial line would be kept
			q.add(e)
		}
	}
	done := make(chan struct{})
	if len(q.items) == 0 {
		close(done)
		return done
	}
	q.waiters = append(q.waiters, waiter{q.appended, done})
	q.makeAllDue()
	q.signal()
	return done
}

// Leave cancels the wait for a channel returned by [Queue.Flush].
func (q *Queue) Leave(settled <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiters = slices.DeleteFunc(q.waiters, func(w waiter) bool { return w.done == settled })
}

// Awaited reports whether a caller waits for the queue to be empty: in Flush, or after Stop.
func (q *Queue) Awaited() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed || len(q.waiters) > 0
}

// Left is a number of events left in a queue, with their size.
type Left struct {
	Events int64
	Bytes  int64 // as the service counts them
}

func (l *Left) add(sum *account.Loss) {
	l.Events += sum.Events
	l.Bytes += sum.Bytes + sum.Events*batch.EventOverhead
}

// Abandon ends a closed queue whose deliverer has ended. Events that the store keeps stay pending
// forever, the others are dropped. It returns the size of both.
func (q *Queue) Abandon() (kept, dropped Left) {
	q.mu.Lock()
	defer q.mu.Unlock()
	unsafe := q.atRiskPositions()
	for _, it := range slices.Clone(q.items) {
		drop := it.atRisk(unsafe)
		dropped.add(&drop)
		q.lose(account.Undelivered, &drop)
		if it.left() == drop.Events {
			q.remove(it)
			continue
		}
		q.count(it, -1)
		it.inFlight = false // answers from now on are too late
		q.count(it, 1)
		q.pending -= drop.Events
		it.settled.Merge(&drop)
		rest := it.sum()
		rest.Subtract(&it.settled)
		kept.add(&rest)
	}
	return kept, dropped
}

// atRisk sums up the item's unacknowledged events at the given positions. If only some events are
// acknowledged and only some are in the store, the overlap is unknown, and all unacknowledged
// events count; likewise in a batch that was read back, whose positions are unknown.
func (it *Item) atRisk(positions segment.Ranges) (sum account.Loss) {
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
