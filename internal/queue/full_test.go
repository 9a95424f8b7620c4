package queue_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

func TestDropNewest(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, room)
	for n := range 3 {
		if err := q.Append(event(room + 1 + n)); !errors.Is(err, queue.ErrFull) {
			t.Fatalf("a full queue: got %v", err)
		}
	}
	if s := wantState(t, q, room+3, 0, room); s.PendingBytes != room*eventBytes {
		t.Errorf("%d bytes pending", s.PendingBytes)
	}
	wantLost(t, q, account.Full, 3)
	b := wantNext(t, q, 1, perBatch)
	if err := q.Append(event(0)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("a batch in flight is still in memory: got %v", err)
	}
	ack(q, b)
	appendAll(t, q, room+1, room+perBatch)
	if err := q.Append(event(0)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("full again: got %v", err)
	}
}

// TestSmallerEventFindsRoom: the bound is of bytes.
func TestSmallerEventFindsRoom(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, room-1)
	if err := q.Append(eventOf(room, eventBytes+1)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("a byte too many: got %v", err)
	}
	appendAll(t, q, room, room)
}

func TestFullQueueDoesNotWaitForTheInterval(t *testing.T) {
	q := queue.New(queue.Config{Head: head, MaxBytes: 2 * eventBytes, Interval: interval})
	appendAll(t, q, 1, 2)
	ack(q, wantNext(t, q, 1, 1)) // sealed when the second one came
	appendAll(t, q, 3, 3)
	ack(q, wantNext(t, q, 2, 2))
	wantNone(t, q)
	if err := q.Append(eventOf(4, 2*eventBytes)); !errors.Is(err, queue.ErrFull) {
		t.Fatalf("got %v", err)
	}
	wantNext(t, q, 3, 3)
}

func TestOneEventAlwaysFitsAnEmptyQueue(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		q := newQueue(policy)
		if err := q.Append(eventOf(1, 10*room*eventBytes)); err != nil {
			t.Errorf("policy %d: %v", policy, err)
		}
		wantState(t, q, 1, 0, 1)
	}
}

func TestDropOldest(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, room)
	appendAll(t, q, room+1, room+1)
	wantState(t, q, room+1, 0, room+1-perBatch)
	wantLost(t, q, account.Full, perBatch)      // the oldest batch
	b := wantNext(t, q, perBatch+1, 2*perBatch) // in flight
	appendAll(t, q, room+2, room+perBatch+1)    // the last one drops 21 to 30
	wantLost(t, q, account.Full, 2*perBatch)
	ack(q, b)
	wantNext(t, q, 3*perBatch+1, 4*perBatch)
	wantState(t, q, room+perBatch+1, perBatch, room+perBatch+1-3*perBatch)
}

func TestDropOldestTakesTheOpenBatchLast(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, 5)
	if err := q.Append(eventOf(6, room*eventBytes)); err != nil {
		t.Fatal(err)
	}
	wantState(t, q, 6, 0, 1)
	wantLost(t, q, account.Full, 5) // the smaller ones
}

func TestDropOldestSparesTheBatchInFlight(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, 1)
	q.Flush()
	b := wantNext(t, q, 1, 1)
	if err := q.Append(eventOf(2, room*eventBytes)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("nothing can be dropped: got %v", err)
	}
	ack(q, b)
	wantState(t, q, 2, 1, 0)
	wantLost(t, q, account.Full, 1)
}

func TestBlockWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.Block)
		appendAll(t, q, 1, room)
		done := make(chan error)
		go func() { done <- q.Append(event(room + 1)) }()
		synctest.Wait()
		wantState(t, q, room, 0, room) // the one that waits is not accepted yet
		b := wantNext(t, q, 1, perBatch)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it did not wait for Settle: %v", err)
		default:
		}
		ack(q, b)
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantState(t, q, room+1, perBatch, room+1-perBatch)
	})
}

func TestCloseReleasesWhoIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 3
		q := newQueue(queue.Block)
		appendAll(t, q, 1, room)
		done := make(chan error)
		for n := range callers {
			go func() { done <- q.Append(event(room + 1 + n)) }()
		}
		synctest.Wait()
		q.Close()
		for range callers {
			if err := <-done; !errors.Is(err, queue.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		wantState(t, q, room+callers, 0, room)
		wantLost(t, q, account.Closed, callers)
	})
}

// TestDropOldestKeepsWhatCannotMakeRoom: an event that does not fit beside the
// batch in flight is dropped alone.
func TestDropOldestKeepsWhatCannotMakeRoom(t *testing.T) {
	q := newQueue(queue.DropOldest)
	appendAll(t, q, 1, 2*perBatch)
	wantNext(t, q, 1, perBatch)
	if err := q.Append(eventOf(0, room*eventBytes)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("got %v", err)
	}
	wantState(t, q, 2*perBatch+1, 0, 2*perBatch)
	wantLost(t, q, account.Full, 1)
}

// TestLevelsAndTheLastRoom: under DropNewest the last room is for what matters
// most.
func TestLevelsAndTheLastRoom(t *testing.T) {
	tests := []struct {
		policy queue.Policy
		level  account.Level
		taken  int // of room
	}{
		{queue.DropNewest, account.Debug, room * 8 / 10},
		{queue.DropNewest, account.Info, room * 9 / 10},
		{queue.DropNewest, account.Warn, room},
		{queue.DropNewest, account.Error, room},
		{queue.DropNewest, account.None, room},
		{queue.DropOldest, account.Debug, room},
		{queue.DropOldest, account.Info, room},
	}
	for _, tt := range tests {
		q := newQueue(tt.policy)
		of := func(n int) batch.Event {
			e := event(n)
			e.Level = tt.level
			return e
		}
		for n := range tt.taken {
			if err := q.Append(of(n)); err != nil {
				t.Errorf("policy %d, %v: event %d: %v", tt.policy, tt.level, n, err)
			}
		}
		wantState(t, q, int64(tt.taken), 0, int64(tt.taken))
		_ = q.Append(of(tt.taken))
		wantLost(t, q, account.Full, map[queue.Policy]int64{queue.DropNewest: 1, queue.DropOldest: perBatch}[tt.policy])
		if tt.policy == queue.DropNewest && tt.taken < room {
			appendAll(t, q, tt.taken+1, room) // lines still find room
		}
	}
}

// TestDebugFindsRoomInAnEmptyQueue, however large it is.
func TestDebugFindsRoomInAnEmptyQueue(t *testing.T) {
	q := newQueue(queue.DropNewest)
	e := eventOf(1, 2*room*eventBytes)
	e.Level = account.Debug
	if err := q.Append(e); err != nil {
		t.Error(err)
	}
}

// TestDropOldestTellsLevels of all that it gives up.
func TestDropOldestTellsLevels(t *testing.T) {
	q := newQueue(queue.DropOldest)
	var want account.Loss
	for n := range room {
		e := event(n)
		e.Level = account.Level(n % int(account.Levels))
		if err := q.Append(e); err != nil {
			t.Fatal(err)
		}
		if n < perBatch {
			want.Add(e.Time, e.Size, e.Level)
		}
	}
	appendAll(t, q, room, room)
	for a := range queue.Audiences {
		if told := q.Tell(a); told != (account.Losses{account.Full: want}) {
			t.Errorf("audience %d was told %+v, want %+v", a, told, want)
		}
	}
}
