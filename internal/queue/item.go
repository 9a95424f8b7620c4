package queue

import (
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Item is a batch in the queue.
type Item struct {
	*batch.Batch              // nil while it is only in the store
	away         away         // what is known of it then
	after, to    uint64       // it has the events after the one position, up to the other
	since        time.Time    // when its first event came
	inFlight     bool         // handed out by Next, not yet done with
	yields       bool         // others need not wait for it, see Yield
	settled      account.Loss // sum of the events that are settled, as long as others are not
	reread       bool         // it was loaded from the store
	sealing      sync.Mutex   // held while the batch is put in order, see Copy
}

// away is what is known of a batch that is only in the store.
type away struct {
	oldest, newest int64
	sum            account.Loss
}

// Seal puts the events in order, see batch.Batch.
func (it *Item) Seal() []byte {
	it.sealing.Lock()
	defer it.sealing.Unlock()
	return it.Batch.Seal()
}

// Away reports whether the batch must be loaded from the store, see Span and
// Loaded.
func (it *Item) Away() bool { return it.Batch == nil }

// Span returns where its events are: after the one position, up to the other.
func (it *Item) Span() (after, to uint64) { return it.after, it.to }

// left returns the number of events that are not settled.
func (it *Item) left() int64 {
	if it.Batch == nil {
		return it.away.sum.Events - it.settled.Events
	}
	return int64(it.Len()) - it.settled.Events
}

// sum sums up its events.
func (it *Item) sum() account.Loss {
	if it.Batch == nil {
		return it.away.sum
	}
	return it.Loss(0, it.Len())
}

// memory returns how much its events take.
func (it *Item) memory() int {
	if it.Batch == nil {
		return 0
	}
	return it.Held()
}

// times returns those of its oldest and newest event.
func (it *Item) times() (oldest, newest int64) {
	if it.Batch == nil {
		return it.away.oldest, it.away.newest
	}
	return it.Oldest(), it.Newest()
}

// leave gives up the copy of the batch in memory.
func (it *Item) leave() {
	oldest, newest := it.times()
	it.away = away{oldest, newest, it.sum()}
	it.Batch = nil
}

// Loaded enters that the batch is back in memory, with as many of its events as the
// store still has. It reports whether there are any; without, it is settled.
func (q *Queue) Loaded(it *Item, b *batch.Batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !it.inFlight { // abandoned meanwhile
		return false
	}
	damaged := it.away.sum
	found := b.Loss(0, b.Len())
	damaged.Subtract(&found)
	q.lose(account.Damaged, &damaged)
	q.pending -= damaged.Events
	it.Batch, it.reread = b, true
	q.held += b.Held()
	q.flying += b.Held()
	if b.Len() == 0 {
		q.remove(it)
		return false
	}
	return true
}
