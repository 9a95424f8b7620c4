package queue_test

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

func TestFlushOfNothing(t *testing.T) {
	if q := newQueue(queue.DropNewest); !isClosed(q.Flush()) {
		t.Error("nothing is pending, but Flush waits")
	}
}

func TestFlushWaitsForAllThatWasAppended(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 2*perBatch+5)
	done := q.Flush()
	for first := 1; first <= 2*perBatch+5; first += perBatch {
		b := wantNext(t, q, first, min(first+perBatch-1, 2*perBatch+5))
		if isClosed(done) {
			t.Fatalf("released before event %d was settled", first)
		}
		ack(q, b)
	}
	if !isClosed(done) {
		t.Error("all is settled, but Flush waits")
	}
}

func TestFlushDoesNotWaitForLaterEvents(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 3)
	done := q.Flush()
	b := wantNext(t, q, 1, 3)
	appendAll(t, q, 4, 6)
	ack(q, b)
	if !isClosed(done) {
		t.Error("what was there before is settled, but Flush waits")
	}
	wantNone(t, q) // the later ones wait for their interval
}

func TestFlushWhileABatchIsInFlight(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 3)
	first := q.Flush()
	b := wantNext(t, q, 1, 3)
	appendAll(t, q, 4, 6)
	second := q.Flush()
	third := q.Flush()
	if ack(q, b); !isClosed(first) || isClosed(second) || isClosed(third) {
		t.Error("after the first batch the first Flush must be released, and no other")
	}
	if ack(q, wantNext(t, q, 4, 6)); !isClosed(second) || !isClosed(third) {
		t.Error("after the second batch every Flush must be released")
	}
}

func TestFlushTakesEvents(t *testing.T) {
	q := newQueue(queue.DropNewest)
	done := q.Flush(event(1), event(2))
	if isClosed(done) {
		t.Fatal("released before its own events are settled")
	}
	if ack(q, wantNext(t, q, 1, 2)); !isClosed(done) {
		t.Error("Flush waits")
	}
	wantState(t, q, 2, 2, 0)
}

// TestFlushNeverWaitsForRoom: its event finds room in a full queue, but the next
// one does not, or many flushes would make the queue grow without bound.
func TestFlushNeverWaitsForRoom(t *testing.T) {
	tests := []struct {
		policy        queue.Policy
		lost, pending int64
	}{
		{queue.DropNewest, 1, room + 1},
		{queue.DropOldest, perBatch, room + 2 - perBatch},
		{queue.Block, 1, room + 1},
	}
	for _, tt := range tests {
		q := newQueue(tt.policy)
		appendAll(t, q, 1, room)
		q.Flush(event(room + 1))
		wantState(t, q, room+1, 0, room+1) // none is lost
		q.Flush(event(room + 2))
		wantState(t, q, room+2, 0, tt.pending)
		wantLost(t, q, account.Full, tt.lost)
	}
}

// TestFlushAndDropOldest: what is dropped behind a batch in flight does not
// release who waits for that batch.
func TestFlushAndDropOldest(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, 5)
	early := q.Flush()
	b := wantNext(t, q, 1, 5) // in flight
	appendAll(t, q, 6, room)
	late := q.Flush()
	appendAll(t, q, room+1, 4*room) // drops everything between
	if isClosed(early) || isClosed(late) {
		t.Fatal("released while the first batch is in flight")
	}
	if ack(q, b); !isClosed(early) || !isClosed(late) {
		t.Error("the rest of what they wait for was dropped, but they wait")
	}
	books(t, q)
}

func TestFlushIsReleasedWhenAllItWaitsForIsDropped(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, 15)
	done := q.Flush()
	appendAll(t, q, 16, room)
	appendAll(t, q, room+1, room+1) // drops 1 to 10
	if isClosed(done) {
		t.Fatal("released, but 11 to 15 are still there")
	}
	appendAll(t, q, room+2, room+perBatch+1) // drops 11 to 20
	if !isClosed(done) {
		t.Error("what it waits for was dropped, but it waits")
	}
}

// TestFlushDoesNotHurryForEver: only what was there is due at once.
func TestFlushDoesNotHurryForEver(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 1)
	q.Flush()
	ack(q, wantNext(t, q, 1, 1))
	appendAll(t, q, 2, 2)
	if due := wantNone(t, q); time.Until(due) <= 0 {
		t.Errorf("the next event is due in %v", time.Until(due))
	}
}

// TestFlushWaitsForTheOldest, in whatever order batches are settled.
func TestFlushWaitsForTheOldest(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 2*perBatch)
	early := q.Flush()
	appendAll(t, q, 2*perBatch+1, 3*perBatch)
	late := q.Flush()
	first := wantNext(t, q, 1, perBatch)
	second := wantNext(t, q, perBatch+1, 2*perBatch)
	third := wantNext(t, q, 2*perBatch+1, 3*perBatch)
	ack(q, third)
	ack(q, first)
	if isClosed(early) || isClosed(late) {
		t.Error("released while the second batch is in flight")
	}
	if ack(q, second); !isClosed(early) || !isClosed(late) {
		t.Error("all is settled, but Flush waits")
	}
}

// TestFlushWaitsForTheRestOfABatch: a batch that is settled in part is not settled.
func TestFlushWaitsForTheRestOfABatch(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 4)
	done := q.Flush()
	it := wantNext(t, q, 1, 4)
	q.Settle(it, &account.Outcome{Delivered: 3, Bytes: it.Counted(0, 3), Settled: it.Loss(0, 3)}, false)
	if isClosed(done) {
		t.Error("released before event 4 was settled")
	}
	q.Settle(it, &account.Outcome{Delivered: 1, Bytes: it.Counted(3, 4)}, true)
	if !isClosed(done) {
		t.Error("all is settled, but Flush waits")
	}
	wantState(t, q, 4, 4, 0)
}

// TestLeave: who does not wait any more does not hurry others.
func TestLeave(t *testing.T) {
	q := newQueue(queue.DropNewest)
	if q.Awaited() {
		t.Error("awaited from the start")
	}
	appendAll(t, q, 1, 1)
	one, two := q.Flush(), q.Flush()
	q.Leave(one)
	if !q.Awaited() {
		t.Error("the other one still waits")
	}
	q.Leave(two)
	if q.Awaited() {
		t.Error("awaited by nobody")
	}
	ack(q, wantNext(t, q, 1, 1)) // it is due all the same
	if isClosed(one) || isClosed(two) {
		t.Error("who has left is told")
	}
	q.Leave(q.Flush()) // closed already
	q.Close()
	if !q.Awaited() {
		t.Error("a closed queue is awaited")
	}
}

// TestFlushOfSeveralFindsRoomForAll: they are the partial lines of several Writers, of which
// each was held in memory already.
func TestFlushOfSeveralFindsRoomForAll(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		q := newQueue(policy)
		appendAll(t, q, 1, room)
		q.Flush(event(room+1), event(room+2), event(room+3))
		wantState(t, q, room+3, 0, room+3)
		q.Flush(event(room+4), event(room+5)) // beyond the bound only once
		if s := books(t, q); s.PendingBytes > (room+3)*eventBytes {
			t.Errorf("policy %d: %d bytes pending", policy, s.PendingBytes)
		}
	}
}
