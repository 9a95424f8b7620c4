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

// load has a span read back of which the store has those events: the number of one is
// its position.
func load(t *testing.T, q *queue.Queue, it *queue.Item, list []int) bool {
	t.Helper()
	if !it.Away() {
		t.Fatal("it need not be read back")
	}
	return q.Loaded(it, q.Read(it, func(after, to uint64, visit func(uint64, batch.Event)) {
		for _, n := range list {
			if uint64(n) > after && uint64(n) <= to {
				visit(uint64(n), event(n))
			}
		}
	}))
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
	if err := q.Append(eventOf(52, 25*eventBytes)); err != nil { // others go; what was read back takes none of their room
		t.Fatal(err)
	}
	wantLost(t, q, account.Full, 10+20)
	if got := numbers(t, it); !slices.Equal(got, span(1, 10)) {
		t.Errorf("what was loaded holds %v", got)
	}
	ack(q, it)
	wantState(t, q, 52, 10, 12)
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
