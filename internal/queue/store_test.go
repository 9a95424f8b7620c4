package queue_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// testStore is a store that keeps nothing but notes of what it is told, and says
// what the test wants it to.
type testStore struct {
	stored    uint64 // what was synced: up to here
	after, to uint64 // what Unsafe returns

	added   []string // the wire form of the event at position 1, 2, 3 and so on
	settled []settled
	shorts  int
	closes  int
	waits   []uint64
	wait    func(position uint64) // called by Wait; may be nil
	rooms   int

	room      func(batch.Event) bool // called by Room; nil = there is
	awaitRoom func() bool
	relief    func(since time.Time) bool // called by AwaitRelief; nil = there is none
}

type settled struct{ after, to, low uint64 }

func (s *testStore) Room(e batch.Event) bool {
	s.rooms++
	return s.room == nil || s.room(e)
}

func (s *testStore) AwaitRoom() bool { return s.awaitRoom() }

func (s *testStore) Add(position uint64, e batch.Event) {
	s.added = append(s.added, string(e.Wire))
	if position != uint64(len(s.added)) {
		panic(fmt.Sprintf("position %d of event %d", position, len(s.added)))
	}
}

func (s *testStore) Settled(after, to, low uint64) {
	s.settled = append(s.settled, settled{after, to, low})
}

func (s *testStore) Synced(_, to uint64) bool { return to <= s.stored }
func (s *testStore) Short()                   { s.shorts++ }
func (s *testStore) Closed()                  { s.closes++ }

func (s *testStore) Unsafe() (positions segment.Ranges) {
	positions.Add(s.after+1, max(s.to, s.to+1)) // there is none behind the largest number
	return positions
}

func (s *testStore) AwaitRelief(since time.Time) bool { return s.relief != nil && s.relief(since) }

func (s *testStore) Wait(position uint64) {
	s.waits = append(s.waits, position)
	if s.wait != nil {
		s.wait(position)
	}
}

// newStored is newQueue with a store.
func newStored(policy queue.Policy) (*queue.Queue, *testStore) {
	s := &testStore{to: math.MaxUint64}
	return queue.New(queue.Config{Head: head, MaxBytes: room * eventBytes, OnFull: policy, Interval: interval, Store: s}), s
}

// identity checks that of package account, and returns the state.
func identity(t testing.TB, q *queue.Queue) queue.State {
	t.Helper()
	s := q.State()
	sum := s.Delivered + s.Pending
	for _, n := range s.Lost {
		sum += n
	}
	if sum != s.Accepted {
		t.Errorf("accepted %d, but delivered + pending + lost = %d: %+v", s.Accepted, sum, s)
	}
	return s
}

// copied returns which events Copy visits, at most so many, and where it ends.
func copied(q *queue.Queue, after uint64, most int) (list []int, reached uint64) {
	reached = q.Copy(after, func(position uint64, e batch.Event) bool {
		if len(list) == most {
			return false
		}
		list = append(list, numberOf(position, e))
		return true
	})
	return list, reached
}

// numberOf returns the number of the event that has this position, or -1 if the
// event is not the one of that position.
func numberOf(position uint64, e batch.Event) int {
	number, _, _ := bytes.Cut(batch.Message(e.Wire), []byte(" "))
	n, err := strconv.Atoi(string(number))
	if err != nil || uint64(n) != position {
		return -1
	}
	return n
}

// span returns the numbers from first to last.
func span(first, last int) (list []int) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

func wantCopied(t *testing.T, q *queue.Queue, after uint64, most int, want []int, wantReached uint64) {
	t.Helper()
	if got, reached := copied(q, after, most); !slices.Equal(got, want) || reached != wantReached {
		t.Errorf("%d events after %d: visited %v and reached %d, want %v and %d", most, after, got, reached, want, wantReached)
	}
}

const all = math.MaxInt // events

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

// wantAway takes the next batch, which must be 21 to 30 of evicted.
func wantAway(t *testing.T, q *queue.Queue) *queue.Item {
	t.Helper()
	it, _, _ := q.Next(time.Now())
	if it == nil || !it.Away() {
		t.Fatal("the next batch is not one that must be loaded")
	}
	if after, to := it.Span(); after != 20 || to != 30 {
		t.Fatalf("it is the one after %d to %d", after, to)
	}
	return it
}

// TestRelieve gives back the newest batches that are synced, until half of the memory is
// free. It says that memory is short as long as the store could do something about it.
func TestRelieve(t *testing.T) {
	rows := []struct {
		rule   string
		stored uint64
		flying int // batches in flight
		keeps  []int
		shorts int
	}{
		{"the newest ones go, but for the open one", room, 0, slices.Concat(span(1, 10), span(31, 40)), 0},
		{"what is not synced stays", 25, 0, span(21, 40), 1},
		{"not even the last of a batch", 19, 0, span(11, 40), 1},
		{"the last of a batch is synced", 20, 0, span(21, 40), 1},
		{"nothing is synced", 9, 0, span(1, 40), 1},
		{"what is in flight stays", room, 2, slices.Concat(span(1, 20), span(31, 40)), 0},
		{"all is in flight", room, 3, span(1, 40), 0},
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			q, s := newStored(queue.DropNewest)
			appendAll(t, q, 1, room)
			for i := range row.flying {
				wantNext(t, q, 10*i+1, 10*i+10)
			}
			s.stored, s.shorts = row.stored, 0
			q.Relieve()
			wantCopied(t, q, 0, all, row.keeps, room)
			if got := identity(t, q); got.PendingBytes != int64(len(row.keeps)*eventBytes) || got.Pending != room {
				t.Errorf("%d events in %d bytes, want all in those of %d", got.Pending, got.PendingBytes, len(row.keeps))
			}
			if s.shorts != row.shorts {
				t.Errorf("said %d times that memory is short, want %d", s.shorts, row.shorts)
			}
			q.Relieve()
			wantCopied(t, q, 0, all, row.keeps, room)
		})
	}
}

// TestMemoryThatIsGivenBackSoon: a log call that finds none waits, without the lock,
// under each policy. Nothing is dropped for it.
func TestMemoryThatIsGivenBackSoon(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		q, s := newStored(policy)
		appendAll(t, q, 1, room)
		asked := 0
		s.relief = func(since time.Time) bool {
			if asked++; asked == 3 {
				s.stored = room
				q.Relieve()
			}
			return asked < 3 // and it was in vain, as far as the store knows
		}
		appendAll(t, q, room+1, room+1)
		if asked != 3 {
			t.Errorf("policy %d: asked %d times", policy, asked)
		}
		wantState(t, q, room+1, 0, room+1)
		q.Flush(event(room + 2)) // its event never waits
		if asked != 3 {
			t.Errorf("policy %d: asked for an event that may not wait", policy)
		}
	}
}

// TestMemoryThatIsNotGivenBack: the policy decides.
func TestMemoryThatIsNotGivenBack(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	appendAll(t, q, 1, room)
	asked := 0
	s.relief = func(time.Time) bool { asked++; return asked < 5 }
	if err := q.Append(event(0)); err != queue.ErrFull || asked != 5 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
	q, _ = newStored(queue.DropOldest)
	appendAll(t, q, 1, room+1)
	wantLost(t, q, account.Full, 10)
}

// TestBlockedCallGoesOnWhenMemoryIsGivenBack, not only when something is delivered.
func TestBlockedCallGoesOnWhenMemoryIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := newStored(queue.Block)
		appendAll(t, q, 1, room)
		returned := false
		go func() {
			if err := q.Append(event(room + 1)); err != nil {
				t.Error(err)
			}
			returned = true
		}()
		synctest.Wait()
		if returned {
			t.Error("there was room")
		}
		s.stored = room
		q.Relieve()
		synctest.Wait()
		if !returned {
			t.Error("it is still blocked")
			q.Close()
		}
	})
}

// TestMemoryIsBounded while the store keeps up: events that it has make room for others.
// It is told when more than a quarter is in use.
func TestMemoryIsBounded(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	for n := 1; n <= 15*perBatch; n++ {
		s.stored = uint64(max(n-1-perBatch/2, 0))
		appendAll(t, q, n, n)
		if got := identity(t, q); got.PendingBytes > room*eventBytes*3/4 {
			t.Fatalf("%d events take %d bytes", n, got.PendingBytes)
		}
		if n <= 2*perBatch && s.shorts > 0 {
			t.Fatalf("memory is short with %d events", n)
		}
	}
	if s.shorts == 0 {
		t.Error("memory was never short")
	}
	wantState(t, q, 15*perBatch, 0, 15*perBatch)
	wantLost(t, q, account.Full, 0)
}

// TestFullOfBatchesThatAreAway: each takes some memory by itself, so there is a bound
// of their number.
func TestFullOfBatchesThatAreAway(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	s.stored = math.MaxUint64
	appendAll(t, q, 1, 15*perBatch+1)
	if err := q.Append(event(0)); err != queue.ErrFull {
		t.Errorf("got %v", err)
	}
}

// load has a batch loaded with those events.
func load(t *testing.T, q *queue.Queue, it *queue.Item, list []int) bool {
	t.Helper()
	if !it.Away() {
		t.Fatal("it need not be loaded")
	}
	b := batch.New(head, 0, 0)
	for _, n := range list {
		b.Add(event(n))
	}
	return q.Loaded(it, b)
}

// TestLoaded: what the store does not have any more is lost.
func TestLoaded(t *testing.T) {
	rows := []struct {
		rule string
		list []int
	}{
		{"all", span(21, 30)},
		{"some", []int{21, 22, 25, 30}},
		{"one", []int{27}},
		{"none", nil},
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			q, s, flying := evicted(t)
			before := identity(t, q)
			s.settled = nil
			it := wantAway(t, q)
			if got := load(t, q, it, row.list); got != (len(row.list) > 0) {
				t.Errorf("something is there: %v", got)
			}
			var lost account.Loss
			for n := 21; n <= 30; n++ {
				if !slices.Contains(row.list, n) {
					lost.Add(event(n).Time, event(n).Size, event(n).Level)
				}
			}
			if lost.Events > 0 {
				lost.First, lost.Last = event(21).Time, event(30).Time // of the batch; more is not known
			}
			want := before
			want.Lost[account.Damaged] = lost.Events
			want.Pending -= lost.Events
			want.PendingBytes += int64(len(row.list)) * eventBytes
			if got := identity(t, q); got != want {
				t.Errorf("the state is\n%+v, want\n%+v", got, want)
			}
			for a := range queue.Audiences {
				if told := q.Tell(a); told[account.Damaged] != lost {
					t.Errorf("audience %d was told %+v, want %+v", a, told[account.Damaged], lost)
				}
			}
			if len(row.list) > 0 {
				if got := numbers(t, it); !slices.Equal(got, row.list) {
					t.Errorf("the batch holds %v, want %v", got, row.list)
				}
				ack(q, it)
			}
			if want := []settled{{20, 30, 10}}; !slices.Equal(s.settled, want) {
				t.Errorf("settled %v, want %v", s.settled, want)
			}
			ack(q, flying)
			q.Flush()
			ack(q, wantNext(t, q, 31, 40))
			wantState(t, q, 40, 40-lost.Events, 0)
		})
	}
}

// TestAwayTakesPartInTheOrder: no batch goes out whose times overlap with those of
// one that is only in the store.
func TestAwayTakesPartInTheOrder(t *testing.T) {
	q, s := newStored(queue.DropNewest)
	appendAll(t, q, 1, 30)
	if err := q.Append(eventAt(31, eventBytes, event(25).Time)); err != nil {
		t.Fatal(err)
	}
	q.Flush()
	ack(q, wantNext(t, q, 1, 10))
	flying := wantNext(t, q, 11, 20)
	s.stored = 31
	q.Relieve()
	ack(q, flying)
	it := wantAway(t, q)
	wantNone(t, q)
	load(t, q, it, span(21, 30))
	wantNone(t, q)
	ack(q, it)
	wantNext(t, q, 31, 31)
}

// TestDropOldestKeepsWhatIsAway: it takes no memory, so it need not make room.
func TestDropOldestKeepsWhatIsAway(t *testing.T) {
	q, s := newStored(queue.DropOldest)
	appendAll(t, q, 1, 30)
	s.stored = 10
	q.Relieve()
	wantCopied(t, q, 0, all, span(11, 30), 30)
	appendAll(t, q, 31, 51)
	wantCopied(t, q, 0, all, span(21, 51), 51)
	wantLost(t, q, account.Full, 10)
	if want := []settled{{10, 20, 0}}; !slices.Equal(s.settled, want) {
		t.Errorf("dropped %v, want %v", s.settled, want)
	}
	it, _, _ := q.Next(time.Now())
	if !it.Away() || !load(t, q, it, span(1, 10)) {
		t.Fatal("1 to 10 are gone")
	}
	if err := q.Append(eventOf(52, 25*eventBytes)); err != nil { // the others go, not what was loaded
		t.Fatal(err)
	}
	wantLost(t, q, account.Full, 10+30)
	if got := numbers(t, it); !slices.Equal(got, span(1, 10)) {
		t.Errorf("what was loaded holds %v", got)
	}
	ack(q, it)
	wantState(t, q, 52, 10, 2)
}

// TestAbandonKeepsWhatIsStored: it splits what is left by what the store calls
// unsafe.
func TestAbandonKeepsWhatIsStored(t *testing.T) {
	// 11 to 20 are in flight, 21 to 30 away, 31 to 40 open. Where only some of those
	// that are away are unsafe, nobody can say which, so all are.
	rows := []struct {
		rule      string
		after, to uint64
		dropped   []int
	}{
		{"nothing is stored", 0, math.MaxUint64, span(11, 40)},
		{"all is stored", 40, math.MaxUint64, nil},
		{"all is stored elsewhere", 20, 20, nil},
		{"whole batches are", 30, math.MaxUint64, span(31, 40)},
		{"some of the last one", 33, math.MaxUint64, span(34, 40)},
		{"some of the first one", 13, math.MaxUint64, span(14, 40)},
		{"some of what is away", 27, math.MaxUint64, span(21, 40)},
		{"a gap", 18, 32, span(19, 32)},
		{"a gap within a batch", 12, 15, span(13, 15)},
		{"the last event", 39, 40, span(40, 40)},
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			q, s, flying := evicted(t)
			q.Close()
			s.settled, s.after, s.to = nil, row.after, row.to
			var want [2]queue.Left // kept, dropped
			var lost account.Loss
			kept := make(map[int]bool) // batches of which something is
			for n := 11; n <= 40; n++ {
				i := 0
				if slices.Contains(row.dropped, n) {
					i = 1
					lost.Add(event(n).Time, event(n).Size, event(n).Level)
				} else {
					kept[(n-1)/10] = true
				}
				want[i].Events++
				want[i].Bytes += int64(event(n).Size) + 26
			}
			var gone []settled
			for b := 1; b <= 3; b++ {
				low := b + 1
				for before := b - 1; before >= 1; before-- {
					if kept[before] {
						low = before
					}
				}
				if !kept[b] {
					gone = append(gone, settled{uint64(10 * b), uint64(10*b + 10), uint64(10 * low)})
				}
			}
			var got [2]queue.Left
			if got[0], got[1] = q.Abandon(); got != want {
				t.Errorf("kept and dropped %+v, want %+v", got, want)
			}
			after := identity(t, q)
			if after.Pending != want[0].Events || after.Lost[account.Undelivered] != want[1].Events || after.Accepted != 40 {
				t.Errorf("%d pending, %d lost, want %d and %d", after.Pending, after.Lost[account.Undelivered], want[0].Events, want[1].Events)
			}
			if told := q.Tell(queue.Program); told[account.Undelivered] != lost {
				t.Errorf("told %+v, want %+v", told[account.Undelivered], lost)
			}
			if !slices.Equal(s.settled, gone) {
				t.Errorf("settled %v, want %v", s.settled, gone)
			}
			ack(q, flying) // too late
			if got := identity(t, q); got != after {
				t.Errorf("an answer that is too late has changed\n%+v to\n%+v", after, got)
			}
		})
	}
}

// TestAbandonOfWhatIsSettledInPart: nobody knows which events are settled, so of a
// batch of which only some are in the store, none counts as being there.
func TestAbandonOfWhatIsSettledInPart(t *testing.T) {
	for _, row := range []struct {
		after         uint64
		kept, dropped int64
	}{
		{0, 0, 7 + 20},
		{10, 0, 7 + 20},
		{14, 0, 7 + 20},
		{20, 7, 20},
		{30, 7 + 10, 10},
		{34, 7 + 10 + 4, 6},
		{40, 7 + 20, 0},
	} {
		for _, loaded := range []bool{false, true} {
			q, s, flying := evicted(t)
			q.Settle(flying, &account.Outcome{Delivered: 3, Settled: flying.Loss(0, 3)}, false)
			it := wantAway(t, q)
			if loaded { // what was loaded is still in the store
				load(t, q, it, span(21, 30))
			}
			q.Close()
			s.after = row.after
			kept, dropped := q.Abandon()
			if kept.Events != row.kept || dropped.Events != row.dropped {
				t.Errorf("after %d: kept %d, dropped %d; want %d and %d", row.after, kept.Events, dropped.Events, row.kept, row.dropped)
			}
			if got := identity(t, q); got.Pending != row.kept {
				t.Errorf("after %d: %d pending", row.after, got.Pending)
			}
			if !loaded && load(t, q, it, span(21, 30)) {
				t.Error("a batch was loaded after all was over")
			}
			identity(t, q)
		}
	}
}
