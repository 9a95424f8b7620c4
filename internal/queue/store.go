package queue

import (
	"math"
	"sort"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Store keeps events outside the memory of the queue. It knows them by their positions: 1, 2, 3
// and so on, in the order in which they were appended.
//
// Its methods are called with the queue's lock held and must not block.
type Store interface {
	// Settled reports that the outcome of the events at (after, to] is known, and that of all
	// events up to low.
	Settled(after, to, low uint64)
	// Unsafe returns the positions of events that are in memory only. It may include positions
	// whose outcome is known or that do not exist.
	Unsafe() segment.Ranges
}

// Replica is a [Store] that copies each event to where it survives the process.
//
// All methods except AwaitRoom, AwaitRelief and Wait are called with the queue's lock held and
// must not block.
type Replica interface {
	Store
	// Room reports whether there is room for an event. If not, AwaitRoom waits for it. If
	// AwaitRoom returns false, no room is expected soon, and the event is added anyway.
	Room(e batch.Event) bool
	AwaitRoom() bool
	// Add is called for each appended event. The event is valid only during the call.
	Add(position uint64, e batch.Event)
	// Wait returns when the event is as durable as the replica can make it.
	Wait(position uint64)
	// Synced reports whether the events at (after, to] are on disk for good: written and synced,
	// or their outcome is known.
	Synced(after, to uint64) bool
	// Short asks for a sync because memory is short.
	Short()
	// AwaitRelief is called by a log call that finds no memory and has waited since then. It
	// waits until memory may have been released; false means that none is expected soon.
	AwaitRelief(since time.Time) bool
	// Closed is called when no more events will come.
	Closed()
}

// Copy visits the unacknowledged events in memory after a position, in the order of arrival,
// until visit returns false. visit runs with the lock held and must copy what it keeps. Copy
// returns the position up to which all events were visited or did not need to be. It stops early
// at a batch that is being sealed, which takes only a moment.
func (q *Queue) Copy(after uint64, visit func(position uint64, e batch.Event) bool) (reached uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	reached = after
	for _, it := range q.itemsAfter(after) {
		if it.Batch == nil || it.reread { // the store has them already
			reached = it.to
			continue
		}
		if !it.sealing.TryLock() {
			return reached
		}
		reached = max(reached, it.after) // the outcome of everything between is known
		going := true
		it.Arrived(int(reached-it.after), func(e batch.Event) bool {
			if going = visit(reached+1, e); going {
				reached++
			}
			return going
		})
		it.sealing.Unlock()
		if !going {
			return reached
		}
	}
	return q.appended
}

// Since returns when the first unacknowledged event after a position was appended; zero if there
// is none.
func (q *Queue) Since(after uint64) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	if items := q.itemsAfter(after); len(items) > 0 {
		return items[0].since
	}
	return time.Time{}
}

// itemsAfter returns the items with events after a position.
func (q *Queue) itemsAfter(position uint64) []*Item {
	return q.items[sort.Search(len(q.items), func(i int) bool { return q.items[i].to > position }):]
}

// Unsafe returns the number of events that are in memory only.
func (q *Queue) Unsafe() (n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	unsafe := q.atRiskPositions()
	for _, it := range q.items {
		n += min(it.left(), int64(it.countIn(unsafe)))
	}
	return n
}

// atRiskPositions returns the positions of events that are in memory only: all without a store.
func (q *Queue) atRiskPositions() segment.Ranges {
	if q.cfg.Store == nil {
		return segment.Ranges{{From: 1, To: math.MaxUint64}}
	}
	return q.cfg.Store.Unsafe()
}

// GiveUp drops the oldest batch that is not in flight if the policy is [DropOldest]. The store
// calls it when it is full.
func (q *Queue) GiveUp() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.cfg.OnFull == DropOldest && q.evictOldest(func(it *Item) bool { return it != q.open })
}
