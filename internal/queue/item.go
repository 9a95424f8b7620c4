package queue

import (
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Item is a batch in the queue, or a span of events that are only in the store.
type Item struct {
	*batch.Batch              // nil while it is a span
	span         span         // what is known of the events then; only gone is valid otherwise
	after, to    uint64       // it has the events after the one position, up to the other
	since        time.Time    // when its first event came
	inFlight     bool         // handed out by Next, not yet done with
	yields       bool         // others need not wait for it, see Yield
	settled      account.Loss // sum of the events that are settled, as long as others are not
	reread       bool         // it was read back from the store
	beside       bool         // its memory does not count towards Config.MaxBytes, see Queue.beside
	sealing      sync.Mutex   // held while the batch is put in order, see Copy
}

// span is what is known of events that are only in the store.
type span struct {
	sum  account.Loss   // First and Last are the times of the oldest and the newest one
	held int            // the memory they take when they are read back, in bytes
	gone segment.Ranges // positions among theirs that must not be read: settled before, or damaged
}

// Seal puts the events in order, see batch.Batch.
func (it *Item) Seal() []byte {
	it.sealing.Lock()
	defer it.sealing.Unlock()
	return it.Batch.Seal()
}

// Away reports whether the events must be read back from the store, see Queue.Read.
func (it *Item) Away() bool { return it.Batch == nil }

// Span returns where its events are: after the one position, up to the other.
func (it *Item) Span() (after, to uint64) { return it.after, it.to }

// left returns the number of events that are not settled.
func (it *Item) left() int64 {
	if it.Batch == nil {
		return it.span.sum.Events - it.settled.Events
	}
	return int64(it.Len()) - it.settled.Events
}

// sum sums up its events.
func (it *Item) sum() account.Loss {
	if it.Batch == nil {
		return it.span.sum
	}
	return it.Loss(0, it.Len())
}

// countIn returns how many of its positions are in a set, but for those that were settled
// before.
func (it *Item) countIn(positions segment.Ranges) uint64 {
	n := positions.Count(it.after+1, it.to+1)
	for _, r := range it.span.gone {
		if r.From <= it.to {
			n -= positions.Count(r.From, min(r.To, it.to+1))
		}
	}
	return n
}

// memory returns how much its events take. A span that is being read back counts in
// full.
func (it *Item) memory() int {
	switch {
	case it.Batch != nil:
		return it.Held()
	case it.beside:
		return it.span.held
	default:
		return 0
	}
}

// times returns those of its oldest and newest event.
func (it *Item) times() (oldest, newest int64) {
	if it.Batch == nil {
		return it.span.sum.First, it.span.sum.Last
	}
	return it.Oldest(), it.Newest()
}
