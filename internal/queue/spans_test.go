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
)

// storedEvents is a queue whose store syncs everything at once and can read every event.
type storedEvents struct {
	*testing.T
	*queue.Queue
	store   *testStore
	events  []batch.Event // at position 1, 2, 3 and so on
	missing []int         // positions that cannot be read
}

func newStoredEvents(t *testing.T, policy queue.Policy, maxBytes int) *storedEvents {
	s := &testStore{to: math.MaxUint64, stored: math.MaxUint64}
	return &storedEvents{
		T: t, store: s,
		Queue: queue.New(queue.Config{Head: head, MaxBytes: maxBytes, OnFull: policy, Interval: interval, Replica: s}),
	}
}

// log appends events at those times, in ms after start.
func (q *storedEvents) log(held int, times ...int64) {
	q.Helper()
	for _, ms := range times {
		e := eventAt(len(q.events)+1, held, start+ms)
		if err := q.Append(e); err != nil {
			q.Fatalf("event %d: %v", len(q.events)+1, err)
		}
		q.events = append(q.events, e)
	}
}

// every returns n times, one each step.
func every(step int64, n int) (times []int64) {
	for i := range n {
		times = append(times, int64(i)*step)
	}
	return times
}

// take takes the next item, which must hold the positions from first to last, and has it
// read back if need be.
func (q *storedEvents) take(first, last int) *queue.Item {
	q.Helper()
	it, _, _ := q.Next(time.Now())
	if it == nil {
		q.Fatalf("nothing is handed out, want %d to %d", first, last)
	}
	if it.Away() && !q.load(it) {
		q.Fatalf("nothing of %d to %d was found", first, last)
	}
	if after, to := it.Span(); int(after)+1 != first || int(to) != last {
		q.Fatalf("got %d to %d, want %d to %d", after+1, to, first, last)
	}
	return it
}

// skip delivers the oldest batches, up to a position: they are still in memory.
func (q *storedEvents) skip(to int) {
	q.Helper()
	for first := 1; first <= to; first += perBatch {
		ack(q.Queue, q.take(first, first+perBatch-1))
	}
	q.store.settled = nil
}

func (q *storedEvents) load(it *queue.Item) bool {
	return q.Loaded(it, q.Read(it, func(after, to uint64, visit func(uint64, batch.Event)) {
		for p := after + 1; p <= to; p++ {
			if !slices.Contains(q.missing, int(p)) {
				visit(p, q.events[p-1])
			}
		}
	}))
}

// TestSpansThatFollowEachOtherAreSentTogether, however small the batches were.
func TestSpansThatFollowEachOtherAreSentTogether(t *testing.T) {
	q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
	q.log(eventBytes, every(1, 500)...)
	q.skip(20)
	it := q.take(21, 490)
	if got := numbers(t, it); !slices.Equal(got, span(21, 490)) {
		t.Errorf("it holds %v", got)
	}
	ack(q.Queue, it)
	if want := []settled{{20, 490, 490}}; !slices.Equal(q.store.settled, want) {
		t.Errorf("settled %v, want %v", q.store.settled, want)
	}
	wantState(t, q.Queue, 500, 490, 10)
}

// TestSpanPassesOverWhatIsSettled: what was delivered from the middle of a backlog is not
// sent again although the store still has it.
func TestSpanPassesOverWhatIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
		q.log(eventBytes, every(1, 100)...)
		time.Sleep(3 * interval)
		ack(q.Queue, q.take(91, 100)) // the newest and the oldest by turns
		q.log(eventBytes, every(1, 60)...)
		q.skip(20)
		q.missing = []int{25, 120}
		it := q.take(21, 150)
		got := numbers(t, it)
		want := slices.Concat(span(21, 24), span(26, 90), span(101, 119), span(121, 150))
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("it holds %v, want %v", got, want)
		}
		damaged := q.Tell(queue.Program)[account.Damaged]
		if want := int64(q.events[24].Size + q.events[119].Size); damaged.Events != 2 || damaged.Bytes != want {
			t.Errorf("%+v is damaged, want %d bytes of 2 events", damaged, want)
		}
		wantState(t, q.Queue, 160, 30, 128)
	})
}

// TestSpanHoldsNoMoreThanARequest, by each limit but that of times. One that is almost full
// ends where a millisecond does.
func TestSpanHoldsNoMoreThanARequest(t *testing.T) {
	const mib = 1 << 20
	for _, row := range []struct {
		limit  string
		held   int
		events int
		step   int64 // between their times
		want   func(it *queue.Item) bool
	}{
		{"events", 80, 40_000, 1, func(it *queue.Item) bool { return it.Len() > 9375 && it.Len() <= 9375+200 }},
		{"events, all at one time", 80, 40_000, 0, func(it *queue.Item) bool { return it.Len() > 9800 && it.Len() <= 10_000 }},
		{"memory", 5000, 1000, 1, func(it *queue.Item) bool { return it.Held() > mib*15/16 && it.Held() <= mib*15/16+16<<10 }},
		{"memory, all at one time", 5000, 1000, 0, func(it *queue.Item) bool { return it.Held() > mib-16<<10 && it.Held() <= mib }},
	} {
		t.Run(row.limit, func(t *testing.T) {
			q := newStoredEvents(t, queue.DropNewest, 64<<10)
			q.log(row.held, every(row.step, row.events)...)
			spans := 0
			for first := 1; ; {
				it, _, _ := q.Next(time.Now())
				if it == nil {
					break
				}
				after, to := it.Span()
				if int(after)+1 != first {
					t.Fatalf("from %d on, want %d", after+1, first)
				}
				first = int(to) + 1
				if !it.Away() { // the oldest batches, and the newest one
					it.Seal()
				} else if spans++; !q.load(it) {
					t.Fatal("it cannot be read")
				} else if first < row.events*3/4 && !row.want(it) {
					t.Errorf("a span of %d events with %d bytes, that take %d", it.Len(), it.Bytes(), it.Held())
				}
				ack(q.Queue, it)
			}
			if spans < 2 {
				t.Errorf("%d spans", spans)
			}
		})
	}
}

// TestSpanInFlightStaysAsItIs: what is read from the disk meanwhile is no part of others.
func TestSpanInFlightStaysAsItIs(t *testing.T) {
	q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
	q.log(eventBytes, every(1, 100)...)
	q.skip(20)
	it, _, _ := q.Next(time.Now())
	q.log(eventBytes, every(1, 100)...)
	if after, to := it.Span(); after != 20 || to != 90 || !it.Away() {
		t.Fatalf("the span in flight is one from %d to %d", after+1, to)
	}
	if !q.load(it) {
		t.Fatal("nothing was found")
	}
	if got := numbers(t, it); !slices.Equal(got, span(21, 90)) {
		t.Errorf("it holds %v", got)
	}
}

// TestSpanOfDaysIsSplit: a request takes 24 hours. What was found is counted once, and the
// rest is sent beside the first part, since its times are known.
func TestSpanOfDaysIsSplit(t *testing.T) {
	const hour = int64(time.Hour / time.Millisecond)
	q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
	q.log(eventBytes, every(hour, 120)...)
	q.skip(20)
	q.missing = []int{25, 46, 47, 80} // also the first one of the rest, and one of the rest of that
	before := identity(t, q.Queue)
	first := q.take(21, 47)
	if got := numbers(t, first); !slices.Equal(got, slices.Concat(span(21, 24), span(26, 45))) {
		t.Errorf("the first part holds %v", got)
	}
	after := wantLostOf(t, q.Queue, account.Damaged, 4) // at once
	if after.Oldest != before.Oldest {
		t.Errorf("the oldest came at %v, before at %v", after.Oldest, before.Oldest)
	}
	q.missing = nil // they can be read after all: they are lost nevertheless
	second := q.take(48, 72)
	if got := numbers(t, second); !slices.Equal(got, span(48, 72)) {
		t.Errorf("the second part holds %v", got)
	}
	ack(q.Queue, second)
	ack(q.Queue, first)
	if want := []settled{{47, 72, 20}, {20, 47, 72}}; !slices.Equal(q.store.settled, want) {
		t.Errorf("settled %v, want %v", q.store.settled, want)
	}
	third := q.take(73, 98-1)
	if got := numbers(t, third); !slices.Equal(got, slices.Concat(span(73, 79), span(81, 97))) {
		t.Errorf("the third part holds %v", got)
	}
	wantLostOf(t, q.Queue, account.Damaged, 4)
}

func wantLostOf(t *testing.T, q *queue.Queue, reason account.Reason, n int64) queue.State {
	t.Helper()
	s := identity(t, q)
	if s.Lost[reason] != n {
		t.Errorf("%d are lost, want %d", s.Lost[reason], n)
	}
	return s
}

// TestSpanOfWhichNothingIsLeft is removed, and whoever waits for it goes on.
func TestSpanOfWhichNothingIsLeft(t *testing.T) {
	q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
	q.log(eventBytes, every(1, 100)...)
	q.skip(20)
	q.missing = span(1, 100)
	done := q.Flush()
	it, _, _ := q.Next(time.Now())
	if !it.Away() || q.load(it) {
		t.Fatal("something was found")
	}
	for it, _, _ = q.Next(time.Now()); it != nil; it, _, _ = q.Next(time.Now()) {
		it.Seal()
		ack(q.Queue, it)
	}
	if !isClosed(done) {
		t.Error("Flush waits on")
	}
	wantLost(t, q.Queue, account.Damaged, 70)
}

// TestEachEventADayLater: such events, too, are one span, and each is sent alone.
func TestEachEventADayLater(t *testing.T) {
	const day = int64(25 * time.Hour / time.Millisecond)
	for _, row := range []struct {
		rule  string
		times []int64
	}{
		{"ascending", every(day, 1000)},
		{"back and forth", slices.Repeat([]int64{0, day}, 500)},
	} {
		t.Run(row.rule, func(t *testing.T) {
			q := newStoredEvents(t, queue.DropNewest, 1<<20)
			q.log(eventBytes, row.times...)
			if s := identity(t, q.Queue); s.PendingBytes > 40*eventBytes { // no more than half of 64 batches
				t.Errorf("%d bytes of memory", s.PendingBytes)
			}
			began := time.Now()
			var got []int
			for it, _, _ := q.Next(time.Now()); it != nil; it, _, _ = q.Next(time.Now()) {
				if it.Away() && !q.load(it) {
					t.Fatal("nothing was found")
				}
				got = append(got, numbers(t, it)...)
				ack(q.Queue, it)
				q.Flush()
			}
			t.Logf("it took %v", time.Since(began))
			if slices.Sort(got); !slices.Equal(got, span(1, 1000)) {
				t.Errorf("%d events were handed out", len(got))
			}
			wantState(t, q.Queue, 1000, 1000, 0)
		})
	}
}

// TestSpansAreReadBackSideBySide, as far as there is memory for them. They take none of
// what is logged now, and do not keep it back.
func TestSpansAreReadBackSideBySide(t *testing.T) {
	q := newStoredEvents(t, queue.DropNewest, 64<<10)
	q.log(1000, every(1, 10_000)...)
	q.Flush()
	var spans, live []*queue.Item
	for it, _, _ := q.Next(time.Now()); it != nil; it, _, _ = q.Next(time.Now()) {
		if it.Away() {
			spans = append(spans, it)
			q.load(it)
		} else {
			live = append(live, it)
		}
		it.Seal()
	}
	if len(spans) != 4 {
		t.Fatalf("%d spans were handed out, want 4", len(spans))
	}
	if _, to := live[len(live)-1].Span(); to != 10_000 {
		t.Errorf("what is in memory was handed out up to %d, want all", to)
	}
	s := identity(t, q.Queue)
	if s.PendingBytes < 3<<20 || s.PendingBytes > 4<<20+64<<10 {
		t.Errorf("%d bytes of memory", s.PendingBytes)
	}
	ack(q.Queue, spans[1])
	more, _, _ := q.Next(time.Now())
	if more == nil || !more.Away() {
		t.Fatal("there is room for another span")
	}
	q.load(more)
	wantNone(t, q.Queue)

	// One that waits for a decision may do so for long.
	q.Yield(spans[0])
	if it, _, _ := q.Next(time.Now()); it == nil || !it.Away() {
		t.Error("a span that yields keeps others out")
	}
}

// TestInFlightWhenTheOutageBegan: requests in flight do not take the memory of a small
// buffer until the outage is over, once their events are on disk.
func TestInFlightWhenTheOutageBegan(t *testing.T) {
	q := newStoredEvents(t, queue.DropNewest, room*eventBytes)
	q.store.stored = 0
	q.log(eventBytes, every(1, room)...)
	var flying []*queue.Item
	q.Flush()
	for first := 1; first < room; first += perBatch {
		flying = append(flying, q.take(first, first+perBatch-1))
	}
	if err := q.Append(event(room + 1)); err != queue.ErrFull {
		t.Fatalf("got %v", err)
	}
	q.store.stored = math.MaxUint64
	q.Relieve()
	appendAll(t, q.Queue, room+1, 100*room)
	wantCopied(t, q.Queue, 0, all, slices.Concat(span(1, room), span(3991, 4000)), 4000) // the store may still need them
	for _, it := range flying {
		ack(q.Queue, it)
	}
	if s := identity(t, q.Queue); s.Delivered != room || s.PendingBytes != 10*eventBytes {
		t.Errorf("%d delivered, %d bytes of memory", s.Delivered, s.PendingBytes)
	}
}

// TestManySmallBatchesGiveUpTheirMemory: each takes some by itself.
func TestManySmallBatchesGiveUpTheirMemory(t *testing.T) {
	const day = int64(25 * time.Hour / time.Millisecond)
	q := newStoredEvents(t, queue.Block, 1<<20)
	q.store.stored = 0
	q.log(eventBytes, every(day, 20)...)
	if q.store.shorts == 0 {
		t.Error("20 of 64 batches are in memory, and the store was not asked for a sync")
	}
	q.store.stored = math.MaxUint64
	q.log(eventBytes, every(day, 1000)...) // none of them blocks
	wantCopied(t, q.Queue, 0, math.MaxInt, slices.Concat(span(1, 32), []int{1020}), 1020)
}

// TestGiveUpOfASpan drops a request's worth, not all there is.
func TestGiveUpOfASpan(t *testing.T) {
	q := newStoredEvents(t, queue.DropOldest, 64<<10)
	q.log(1000, every(1, 10_000)...)
	var lost account.Loss
	for lost.Events < 100 { // the oldest batches are in memory
		q.Tell(queue.Program)
		q.store.settled = nil
		if !q.GiveUp() {
			t.Fatal("nothing was dropped")
		}
		lost = q.Tell(queue.Program)[account.Full]
	}
	gone := q.store.settled[0]
	if gone.to != gone.after+uint64(lost.Events) || gone.low != gone.to || len(q.store.settled) != 1 {
		t.Errorf("settled %v", q.store.settled)
	}
	var want account.Loss
	for _, e := range q.events[gone.after:gone.to] {
		want.Add(e.Time, e.Size, e.Level)
	}
	if lost != want || lost.Bytes < 900<<10 || lost.Bytes > 1<<20 {
		t.Errorf("dropped %+v, want %+v", lost, want)
	}
}
