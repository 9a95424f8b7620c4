package queue_test

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

func TestPositions(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	appendAll(t, q, 1, 12)
	q.Refuse(account.Oversize, event(0)) // those that never get in have no position
	q.Flush(event(13))
	appendAll(t, q, 14, room)
	if err := q.Append(event(0)); err == nil {
		t.Fatal("there was room")
	}
	q.Close(event(room+1), event(room+2))
	if err := q.Append(event(0)); err == nil {
		t.Fatal("it was not closed")
	}
	q.Flush(event(0))
	var want []string
	var waits []uint64
	for n := 1; n <= room+2; n++ {
		want = append(want, string(event(n).Wire))
		if n != 13 && n <= room { // the others have nobody who could wait
			waits = append(waits, uint64(n))
		}
	}
	if !slices.Equal(s.added, want) {
		t.Errorf("the store was told of %d events, want %d, or not of the same ones", len(s.added), len(want))
	}
	if !slices.Equal(s.waits, waits) {
		t.Errorf("waits for %v, want %v", s.waits, waits)
	}
	if s.closes != 1 {
		t.Errorf("told %d times that no other event comes", s.closes)
	}
	for first := 1; first <= room+2; {
		it, _, _ := q.Next(time.Now())
		after, to := it.Span()
		if got := numbers(t, it); !slices.Equal(got, span(int(after)+1, int(to))) || got[0] != first {
			t.Errorf("a batch after %d to %d holds %v", after, to, got)
		}
		first = int(to) + 1
		ack(q, it)
	}
	wantEnd(t, q)
}

// TestWaitWithoutTheLock: everything goes on while a log call waits for the store.
func TestWaitWithoutTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := newStored(queue.DropNewest)
		release := make(chan struct{})
		s.wait = func(uint64) { <-release }
		returned := false
		go func() {
			if err := q.Append(event(1)); err != nil {
				t.Error(err)
			}
			returned = true
		}()
		synctest.Wait()
		if returned {
			t.Error("the log call did not wait")
		}
		s.wait = nil
		appendAll(t, q, 2, 3)
		q.Flush()
		ack(q, wantNext(t, q, 1, 3)) // delivery does not wait either
		close(release)
		synctest.Wait()
		if !returned {
			t.Error("the log call waits on")
		}
		wantState(t, q, 3, 3, 0)
	})
}

// TestRoomInTheStore: a log call waits for it, without the lock, and looks again
// whether there still is room in memory. If there is none soon, the event gets in
// anyway.
func TestRoomInTheStore(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	rooms := 0
	waits := []bool{true, true, false}
	s.room = func(e batch.Event) bool {
		if want := event(1); string(e.Wire) != string(want.Wire) {
			t.Errorf("asked about %s", e.Wire)
		}
		return rooms == 0
	}
	s.awaitRoom = func() bool {
		wantState(t, q, 0, 0, 0) // it has the lock
		soon := waits[0]
		waits = waits[1:]
		return soon
	}
	rooms = -1
	appendAll(t, q, 1, 1)
	if len(waits) != 0 || s.rooms != 3 {
		t.Errorf("asked %d times, and %d waits left", s.rooms, len(waits))
	}
	wantState(t, q, 1, 0, 1)

	q, s = newStored(queue.DropNewest)
	s.room = func(batch.Event) bool { return s.rooms > 1 }
	s.awaitRoom = func() bool { return true }
	appendAll(t, q, 1, 1)
	if s.rooms != 2 {
		t.Errorf("asked %d times", s.rooms)
	}
	q.Flush(event(2)) // its event never waits
	q.Close(event(3))
	if s.rooms != 2 {
		t.Errorf("asked for an event that may not wait")
	}
	wantState(t, q, 3, 0, 3)
}

// TestRoomInTheStoreComesTooLate: others have filled the memory meanwhile, or closed
// the queue.
func TestRoomInTheStoreComesTooLate(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	s.room = func(batch.Event) bool { return s.rooms > 1 }
	s.awaitRoom = func() bool {
		for n := 1; n <= room; n++ {
			if err := q.Append(event(n)); err != nil {
				t.Fatal(err)
			}
		}
		return true
	}
	if err := q.Append(event(0)); err != queue.ErrFull {
		t.Errorf("got %v", err)
	}
	wantState(t, q, room+1, 0, room)
	wantLost(t, q, account.Full, 1)

	q, s = newStored(queue.DropNewest)
	s.room = func(batch.Event) bool { return false }
	s.awaitRoom = func() bool {
		q.Close()
		return true
	}
	if err := q.Append(event(0)); err != queue.ErrClosed {
		t.Errorf("got %v", err)
	}
	wantState(t, q, 1, 0, 0)
	wantLost(t, q, account.Closed, 1)
}

// TestGiveUp: a store that is full has the oldest batch dropped, also if it is away,
// but neither what is in flight nor what is open, and only under DropOldest.
func TestGiveUp(t *testing.T) {
	q, s := newStored(queue.DropOldest)
	appendAll(t, q, 1, room)
	flying := wantNext(t, q, 1, 10)
	s.stored = 20
	q.Relieve() // 11 to 20 are away
	for i, want := range []bool{true, true, false, false} {
		if got := q.GiveUp(); got != want {
			t.Errorf("attempt %d gave something up: %v", i, got)
		}
	}
	if want := []settled{{10, 20, 0}, {20, 30, 0}}; !slices.Equal(s.settled, want) {
		t.Errorf("settled %v, want %v", s.settled, want)
	}
	wantCopied(t, q, 0, all, slices.Concat(span(1, 10), span(31, 40)), room)
	wantLost(t, q, account.Full, 20)
	ack(q, flying)
	q.Flush()
	ack(q, wantNext(t, q, 31, 40))
	wantState(t, q, room, 20, 0)

	for _, policy := range []queue.Policy{queue.DropNewest, queue.Block} {
		q, _ := newStored(policy)
		appendAll(t, q, 1, room)
		if q.GiveUp() {
			t.Errorf("policy %d gives up something old", policy)
		}
		wantState(t, q, room, 0, room)
	}
}

// TestSettledInEveryOrder: the store is told of each batch once, when all of it is
// settled, and up to where nothing is left.
func TestSettledInEveryOrder(t *testing.T) {
	const batches = 4
	var try func(order []int)
	try = func(order []int) {
		if len(order) < batches {
			for i := range batches {
				if !slices.Contains(order, i) {
					try(append(slices.Clip(order), i))
				}
			}
			return
		}
		q, s := newStored(queue.DropNewest)
		appendAll(t, q, 1, 35) // the last one is half full
		q.Flush()
		var items []*queue.Item
		for i := range batches {
			items = append(items, wantNext(t, q, 10*i+1, min(10*i+10, 35)))
		}
		var want []settled
		gone := make([]bool, batches)
		for _, i := range order {
			it := items[i]
			q.Settle(it, &account.Outcome{Delivered: 3, Bytes: it.Counted(0, 3), Settled: it.Loss(0, 3)}, false)
			q.Settle(it, &account.Outcome{Delivered: it.Len() - 3, Bytes: it.Counted(3, it.Len())}, true)
			gone[i] = true
			low := uint64(35)
			if left := slices.Index(gone, false); left >= 0 {
				low = uint64(10 * left)
			}
			want = append(want, settled{uint64(10 * i), uint64(min(10*i+10, 35)), low})
		}
		if !slices.Equal(s.settled, want) {
			t.Errorf("order %v: told of %v, want %v", order, s.settled, want)
		}
		wantState(t, q, 35, 35, 0)
	}
	try(nil)
}

// TestSettledBesideTheOpenBatch: what comes later is not settled.
func TestSettledBesideTheOpenBatch(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	appendAll(t, q, 1, 3)
	q.Flush()
	it := wantNext(t, q, 1, 3)
	appendAll(t, q, 4, 5)
	ack(q, it)
	q.Flush()
	ack(q, wantNext(t, q, 4, 5))
	if want := []settled{{0, 3, 3}, {3, 5, 5}}; !slices.Equal(s.settled, want) {
		t.Errorf("told of %v, want %v", s.settled, want)
	}
}

// TestDroppedIsSettled: the store need not keep what is given up.
func TestDroppedIsSettled(t *testing.T) {
	q, s := newStored(queue.DropOldest)
	appendAll(t, q, 1, room)
	wantNext(t, q, 1, 10) // in flight, so 11 to 20 make room
	appendAll(t, q, room+1, room+1)
	if want := []settled{{10, 20, 0}}; !slices.Equal(s.settled, want) {
		t.Errorf("told of %v, want %v", s.settled, want)
	}
	wantLost(t, q, account.Full, 10)
}

// evicted returns a queue with the batches 1 to 10 (delivered), 11 to 20 (in flight),
// 21 to 30 (only in the store) and 31 to 40 (open).
func evicted(t *testing.T) (q *queue.Queue, s *testStore, flying *queue.Item) {
	t.Helper()
	q, s = newStored(queue.DropNewest)
	appendAll(t, q, 1, 10)
	q.Flush()
	ack(q, wantNext(t, q, 1, 10))
	appendAll(t, q, 11, 20)
	q.Flush()
	flying = wantNext(t, q, 11, 20)
	appendAll(t, q, 21, 40)
	s.stored = 40
	q.Relieve() // three batches take more than half of the memory, and one of them can go
	return q, s, flying
}

func TestCopy(t *testing.T) {
	q, _, flying := evicted(t)
	rest := slices.Concat(span(11, 20), span(31, 40))
	wantCopied(t, q, 0, all, rest, 40)
	wantCopied(t, q, 10, all, rest, 40)
	wantCopied(t, q, 14, all, rest[4:], 40)
	wantCopied(t, q, 20, all, rest[10:], 40)
	wantCopied(t, q, 25, all, rest[10:], 40) // in the middle of what is away
	wantCopied(t, q, 33, all, rest[13:], 40)
	wantCopied(t, q, 40, all, nil, 40)
	wantCopied(t, q, 0, 0, nil, 10) // it ends before the first event that is not visited
	wantCopied(t, q, 0, 1, rest[:1], 11)
	wantCopied(t, q, 0, 10, rest[:10], 30)
	wantCopied(t, q, 12, 3, rest[2:5], 15)
	wantCopied(t, q, 25, 2, rest[10:12], 32)

	// Which events of a batch are settled is not known until all are.
	q.Settle(flying, &account.Outcome{Delivered: 3, Settled: flying.Loss(0, 3)}, false)
	wantCopied(t, q, 0, all, rest, 40)
	q.Settle(flying, &account.Outcome{Delivered: 7}, true)
	wantCopied(t, q, 0, all, rest[10:], 40)
	wantCopied(t, q, 0, 1, rest[10:11], 31)

	// What was loaded from the store need not be visited.
	it, _, _ := q.Next(time.Now())
	load(t, q, it, span(21, 30))
	wantCopied(t, q, 0, all, rest[10:], 40)
	wantCopied(t, q, 22, 1, rest[10:11], 31)
	ack(q, it)
	q.Flush()
	ack(q, wantNext(t, q, 31, 40))
	wantCopied(t, q, 0, all, nil, 40)
	wantCopied(t, q, 3, all, nil, 40)
}

// TestCopyInTheOrderTheyCame, although their batch is sorted by time.
func TestCopyInTheOrderTheyCame(t *testing.T) {
	q, _ := newStored(queue.DropNewest)
	for n := 1; n <= 5; n++ {
		if err := q.Append(eventAt(n, eventBytes, start+[]int64{0, 5, 3, 5, 1, 3}[n])); err != nil {
			t.Fatal(err)
		}
	}
	wantCopied(t, q, 0, all, span(1, 5), 5)
	q.Flush()
	it, _, _ := q.Next(time.Now())
	if got := numbers(t, it); !slices.Equal(got, []int{4, 2, 5, 1, 3}) {
		t.Errorf("the batch holds %v", got)
	}
	wantCopied(t, q, 0, all, span(1, 5), 5)
	wantCopied(t, q, 3, 1, span(4, 4), 4)
}

func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := newStored(queue.DropNewest)
		began := time.Now()
		want := func(after uint64, ms int) {
			t.Helper()
			if got, want := q.Since(after), began.Add(time.Duration(ms)*time.Millisecond); !got.Equal(want) {
				t.Errorf("the first after %d came at %v, want %v", after, got, want)
			}
		}
		for n := 1; n <= 25; n++ {
			appendAll(t, q, n, n)
			time.Sleep(time.Millisecond)
		}
		for after := range uint64(25) {
			want(after, int(after)/10*10) // when the first of its batch came
		}
		ack(q, wantNext(t, q, 1, 10))
		want(0, 10)
		want(9, 10)
		for _, after := range []uint64{25, 100} {
			if got := q.Since(after); !got.IsZero() {
				t.Errorf("there is none after %d, but it came at %v", after, got)
			}
		}
	})
}

func TestUnsafeCountsWhatIsPending(t *testing.T) {
	q, s, flying := evicted(t)
	q.Settle(flying, &account.Outcome{Delivered: 3, Settled: flying.Loss(0, 3)}, false)
	q.Flush()
	wantAway(t, q)
	open := wantNext(t, q, 31, 40)
	q.Settle(open, &account.Outcome{Delivered: 1, Settled: open.Loss(0, 1)}, false)
	for _, row := range []struct {
		after, to uint64
		want      int64
	}{
		{0, math.MaxUint64, 7 + 10 + 9},
		{0, 40, 7 + 10 + 9},
		{0, 0, 0},
		{10, 20, 7},
		{20, 30, 10},
		{30, math.MaxUint64, 9},
		{40, math.MaxUint64, 0},
		{25, 32, 5 + 2},
		{18, 22, 2 + 2},
		{12, 20, 7}, // which ones are settled is not known, so it may be any
	} {
		s.after, s.to = row.after, row.to
		if got := q.Unsafe(); got != row.want {
			t.Errorf("after %d to %d: %d, want %d", row.after, row.to, got, row.want)
		}
	}
}

// keptElsewhere is a store that has every event already.
type keptElsewhere struct{ settled []settled }

func (k *keptElsewhere) Unsafe() segment.Ranges { return nil }
func (k *keptElsewhere) Settled(after, to, low uint64) {
	k.settled = append(k.settled, settled{after, to, low})
}

// TestStoreThatHasTheEventsAlready: it is no Replica. Events stay in memory until they
// are settled, and what is left at the end is kept.
func TestStoreThatHasTheEventsAlready(t *testing.T) {
	k := &keptElsewhere{}
	q := queue.New(queue.Config{Head: head, MaxBytes: room * eventBytes, Interval: interval, Store: k})
	appendAll(t, q, 1, 30)
	q.Relieve()
	ack(q, wantNext(t, q, 1, 10))
	if got := q.Unsafe(); got != 0 {
		t.Errorf("%d events are unsafe", got)
	}
	q.Close()
	if kept, dropped := q.Abandon(); kept.Events != 20 || dropped.Events != 0 {
		t.Errorf("kept %d, dropped %d", kept.Events, dropped.Events)
	}
	if want := []settled{{0, 10, 10}}; !slices.Equal(k.settled, want) {
		t.Errorf("settled %v, want %v", k.settled, want)
	}
}
