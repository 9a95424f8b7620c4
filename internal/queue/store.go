package queue

import (
	"math"
	"sort"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Store knows where events are kept outside the memory of the queue. It knows them by
// their positions: 1, 2, 3 and so on, in the order in which they entered the queue.
//
// Its methods are called under the lock of the queue. They must not wait for anything.
type Store interface {
	// Settled reports that the events after the first position, up to the second,
	// are done with, and that so are all up to low.
	Settled(after, to, low uint64)
	// Unsafe returns the positions of events that are in memory only, and of some that
	// are done with or do not exist.
	Unsafe() segment.Ranges
}

// Replica is a Store that copies each event of the queue to where it outlives the
// process.
//
// But for AwaitRoom, AwaitRelief and Wait, its methods are called under the lock of the
// queue. They must not wait for anything.
type Replica interface {
	Store
	// Room reports whether there is room for an event. If not, AwaitRoom waits for
	// it. If that returns false there is none soon, and the event is added anyway.
	Room(e batch.Event) bool
	AwaitRoom() bool
	// Add is called with each event that enters the queue. The wire form is only valid
	// during the call.
	Add(position uint64, e batch.Event)
	// Wait returns when the event is as safe as the replica can make it.
	Wait(position uint64)
	// Synced reports whether the events after the one position, up to the other, stay
	// on the disk whatever happens: they were written and synced, or are done with.
	Synced(after, to uint64) bool
	// Short asks for a sync: there is little memory left.
	Short()
	// AwaitRelief is called by a log call that finds no memory and began to wait at that
	// time. It waits until some may have been given back. If it returns false, none is
	// soon.
	AwaitRelief(since time.Time) bool
	// Closed is called when no other event comes.
	Closed()
}

// Copy visits the events after a position that are in memory and not done with, in
// the order they came, until visit returns false. visit gets copies of nothing: it
// runs under the lock, and may keep only what it copies itself. reached is the
// position up to which all were visited, or need not be. It stops early where a
// batch is being sealed: that is only for a moment.
func (q *Queue) Copy(after uint64, visit func(position uint64, e batch.Event) bool) (reached uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	reached = after
	for _, it := range q.itemsAfter(after) {
		if it.Batch == nil || it.reread { // a store has them, it need not ask
			reached = it.to
			continue
		}
		if !it.sealing.TryLock() {
			return reached
		}
		reached = max(reached, it.after) // what was between is done with
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
	return q.taken
}

// Since returns when the first event after a position came that is not done with;
// the zero time if there is none.
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

// Unsafe returns how many events are in memory only.
func (q *Queue) Unsafe() (n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	unsafe := q.unsafePositions()
	for _, it := range q.items {
		n += min(it.left(), int64(it.countIn(unsafe)))
	}
	return n
}

// unsafePositions returns those of events that are in memory only: without a store, all.
func (q *Queue) unsafePositions() segment.Ranges {
	if q.cfg.Store == nil {
		return segment.Ranges{{From: 1, To: math.MaxUint64}}
	}
	return q.cfg.Store.Unsafe()
}

// GiveUp drops the oldest batch that is not in flight, if that is what the policy
// says. The store calls it when it is full.
func (q *Queue) GiveUp() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.cfg.OnFull == DropOldest && q.dropOldest(func(it *Item) bool { return it != q.open })
}
