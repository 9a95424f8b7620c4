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
	*batch.Batch              // nil for a span
	span         span         // set for a span; otherwise only skip is valid
	after, to    uint64       // its events are at the positions (after, to]
	since        time.Time    // when its first event was appended
	inFlight     bool         // handed out by Next, outcome not recorded yet
	yields       bool         // later batches need not wait for it, see Yield
	settled      account.Loss // sum of the events whose outcome is recorded, while others are left
	reread       bool         // read back from the store
	excluded     bool         // its memory does not count towards Config.MaxBytes, see Queue.excluded
	sealing      sync.Mutex   // held while the batch is sealed, see Copy
}

// span describes events that are only in the store.
type span struct {
	sum  account.Loss   // First and Last are the oldest and the newest timestamp
	held int            // memory they take when they are read back, in bytes
	skip segment.Ranges // positions that must not be read: outcome recorded before, or damaged
}

// Seal puts the events in order, see [batch.Batch.Seal].
func (it *Item) Seal() []byte {
	it.sealing.Lock()
	defer it.sealing.Unlock()
	return it.Batch.Seal()
}

// Away reports whether the events must be read back from the store, see [Queue.Read].
func (it *Item) Away() bool { return it.Batch == nil }

// Span returns the positions (after, to] of its events.
func (it *Item) Span() (after, to uint64) { return it.after, it.to }

// left returns the number of unacknowledged events.
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

// countIn returns how many of its positions are in a set, excluding those whose outcome was
// recorded before.
func (it *Item) countIn(positions segment.Ranges) uint64 {
	n := positions.Count(it.after+1, it.to+1)
	for _, r := range it.span.skip {
		if r.From <= it.to {
			n -= positions.Count(r.From, min(r.To, it.to+1))
		}
	}
	return n
}

// memory returns the memory of its events. A span being read back counts in full.
func (it *Item) memory() int {
	switch {
	case it.Batch != nil:
		return it.Held()
	case it.excluded:
		return it.span.held
	default:
		return 0
	}
}

// times returns the oldest and the newest timestamp.
func (it *Item) times() (oldest, newest int64) {
	if it.Batch == nil {
		return it.span.sum.First, it.span.sum.Last
	}
	return it.Oldest(), it.Newest()
}
