package queue

import (
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
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
		q.recycle(it.Batch)
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
	if it.inFlight {
		it.inFlight = false
		q.flying -= it.Held()
	}
	q.held -= it.Held()
	q.pending -= it.left()
	settled := q.taken // the position up to which nothing is left in the queue
	if len(q.items) > 0 {
		settled = q.items[0].after
	}
	for len(q.waiters) > 0 && q.waiters[0].position <= settled {
		close(q.waiters[0].done)
		q.waiters = q.waiters[1:]
	}
	q.roomOrEnd.Broadcast()
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
// since Close.
func (q *Queue) Awaited() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed || len(q.waiters) > 0
}

// Abandon drops what is left in a closed queue whose deliverer has ended, and
// returns how much that was, in events and in bytes as the service counts them.
func (q *Queue) Abandon() (events, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) > 0 {
		it := q.items[0]
		loss := it.Loss(0, it.Len())
		loss.Subtract(&it.settled)
		events += loss.Events
		bytes += loss.Bytes + loss.Events*batch.EventOverhead
		q.lose(account.Undelivered, &loss)
		q.remove(it)
	}
	return events, bytes
}
