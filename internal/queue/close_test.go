package queue_test

import (
	"errors"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

func TestCloseMakesWhatIsLeftDue(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, perBatch+3)
	q.Close()
	ack(q, wantNext(t, q, 1, perBatch))
	b := wantNext(t, q, perBatch+1, perBatch+3)
	if s := books(t, q); s.Pending != 3 {
		t.Errorf("%d pending with a batch in flight, want 3", s.Pending)
	}
	ack(q, b)
	wantEnd(t, q)
}

func TestClosedQueueTakesNothing(t *testing.T) {
	q := newQueue(queue.DropNewest)
	if q.Closed() {
		t.Error("it is closed from the start")
	}
	q.Close()
	if err := q.Append(event(1)); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if done := q.Flush(event(2)); !isClosed(done) {
		t.Error("Flush of a closed and empty queue waits")
	}
	q.Close(event(3))
	wantState(t, q, 3, 0, 0)
	wantLost(t, q, account.Closed, 3)
	if !q.Closed() {
		t.Error("it is not closed")
	}
	wantEnd(t, q)
}

// TestStoppedQueueTakesNotes until it is closed.
func TestStoppedQueueTakesNotes(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, room)
	q.Stop()
	if err := q.Append(event(room + 1)); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	q.Note(event(room + 1))
	for n := 1; n <= room; n += perBatch {
		ack(q, wantNext(t, q, n, n+perBatch-1))
	}
	ack(q, wantNext(t, q, room+1, room+1))
	if q.Ended() {
		t.Error("it has ended, although a note may come")
	}
	q.Note(event(room + 2))
	q.Close()
	q.Note(event(room + 3))
	ack(q, wantNext(t, q, room+2, room+2))
	wantEnd(t, q)
	wantState(t, q, room+3, room+2, 0)
}

func TestCloseTakesTheLastEvents(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 1)
	q.Close(event(2), event(3))
	ack(q, wantNext(t, q, 1, 3))
	wantEnd(t, q)
	wantState(t, q, 3, 3, 0)
}

// TestLastEventsFindRoom, whatever the policy, and Close does not wait for it.
func TestLastEventsFindRoom(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		q := newQueue(policy)
		appendAll(t, q, 1, room)
		q.Close(event(room+1), event(room+2))
		wantState(t, q, room+2, 0, room+2) // none is lost
	}
}

func TestAbandonCountsWhatIsLeft(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 25)
	done := q.Flush()
	ack(q, wantNext(t, q, 1, 10))
	b := wantNext(t, q, 11, 20) // in flight, and never heard of again
	q.Close()
	_, dropped := q.Abandon()
	events, bytes := dropped.Events, dropped.Bytes
	each := int64(event(11).Size + 26)
	if events != 15 || bytes != 15*each {
		t.Errorf("abandoned %d events, %d bytes; want 15, %d", events, bytes, 15*each)
	}
	wantState(t, q, 25, 10, 0)
	wantLost(t, q, account.Undelivered, 15)
	if !isClosed(done) {
		t.Error("Flush waits for what is lost")
	}
	ack(q, b) // too late: it counts as lost
	wantState(t, q, 25, 10, 0)
	wantEnd(t, q)
}

func TestAbandonOfNothing(t *testing.T) {
	q := newQueue(queue.DropNewest)
	q.Close()
	if kept, dropped := q.Abandon(); kept != (queue.Left{}) || dropped != (queue.Left{}) {
		t.Errorf("kept %+v, dropped %+v", kept, dropped)
	}
	books(t, q)
}

// TestAbandonOfAPartlySettledBatch counts what is left of it, and no more.
func TestAbandonOfAPartlySettledBatch(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 3)
	warning := event(4)
	warning.Level = account.Warn
	if err := q.Append(warning); err != nil {
		t.Fatal(err)
	}
	q.Close()
	it := wantNext(t, q, 1, 4)
	o := account.Outcome{Delivered: 2, Bytes: it.Counted(0, 2), Settled: it.Loss(0, 2)}
	q.Settle(it, &o, false)
	if s := wantState(t, q, 4, 2, 2); s.PendingBytes != 4*eventBytes {
		t.Errorf("%d bytes pending, want those of the whole batch", s.PendingBytes)
	}
	_, dropped := q.Abandon()
	events, bytes := dropped.Events, dropped.Bytes
	if want := int64(it.Counted(2, 4)); events != 2 || bytes != want {
		t.Errorf("abandoned %d events, %d bytes; want 2, %d", events, bytes, want)
	}
	wantState(t, q, 4, 2, 0)
	wantLost(t, q, account.Undelivered, 2)
	told := q.Tell(queue.Program)
	want := it.Loss(2, 4)
	want.First = event(1).Time // the times are those of the batch
	if got := told[account.Undelivered]; got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
}
