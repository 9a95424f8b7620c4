package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// TestInterval: an event waits for the next point of a grid, so at most for the
// interval.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.DropNewest)
		if due := wantNone(t, q); !due.IsZero() {
			t.Errorf("an empty queue has something due at %v", due)
		}
		var last time.Time
		for n := range 20 {
			if n > 0 { // whenever it comes
				time.Sleep(interval * time.Duration(n) / 7)
			}
			came := time.Now()
			appendAll(t, q, 1, 1)
			due := wantNone(t, q)
			if wait := due.Sub(came); wait <= 0 || wait > interval {
				t.Errorf("due in %v, want at most %v", wait, interval)
			}
			if off := due.Sub(last) % interval; n > 0 && off != 0 {
				t.Errorf("due %v off the grid", off)
			}
			last = due
			time.Sleep(due.Sub(came) / 2)
			appendAll(t, q, 2, 2)
			if again := wantNone(t, q); !again.Equal(due) {
				t.Errorf("due %v later because of a second event", again.Sub(due))
			}
			time.Sleep(time.Until(due) - 1)
			wantNone(t, q)
			time.Sleep(time.Nanosecond)
			ack(q, wantNext(t, q, 1, 2))
		}
	})
}

// TestPhase: programs that started together do not send together.
func TestPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queues = 1000
		begin := time.Now()
		var tenths [10]int
		for range queues {
			q := newQueue(queue.DropNewest)
			appendAll(t, q, 1, 1)
			wait := wantNone(t, q).Sub(begin)
			tenths[(wait-1)*10/interval]++
		}
		for tenth, n := range tenths {
			if n < queues/10/2 || n > queues/10*2 { // five standard deviations
				t.Errorf("%d of %d are due in the %d. tenth of the interval", n, queues, tenth)
			}
		}
	})
}

// TestSeveralInFlight: batches of different times go side by side.
func TestSeveralInFlight(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, room)
	q.Flush()
	var flying []*queue.Item
	for first := 1; first <= room; first += perBatch {
		flying = append(flying, wantNext(t, q, first, first+perBatch-1))
	}
	if due := wantNone(t, q); !due.IsZero() {
		t.Errorf("due %v with everything in flight", due)
	}
	for _, i := range []int{2, 0, 3, 1} {
		ack(q, flying[i])
		books(t, q)
	}
	wantState(t, q, room, room, 0)
}

// TestOverlap: two batches whose times overlap are never in flight together.
func TestOverlap(t *testing.T) {
	type times [2]int64 // of the oldest and the newest event of a batch
	tests := []struct {
		rule   string
		have   []times
		flying []int // those that Next hands out at once, in its order
	}{
		{"apart", []times{{1, 2}, {3, 4}, {5, 6}}, []int{0, 1, 2}},
		{"a millisecond in common", []times{{1, 3}, {3, 4}, {5, 6}}, []int{0, 2}},
		{"the same", []times{{1, 1}, {1, 1}}, []int{0}},
		{"within the first", []times{{1, 9}, {2, 3}, {10, 11}}, []int{0, 2}},
		{"around the first", []times{{5, 6}, {1, 9}}, []int{0}},
		{"one that waits keeps back who overlaps with it alone", []times{{1, 5}, {5, 9}, {9, 10}, {11, 12}}, []int{0, 3}},
		{"earlier than the first: it waits, for that one may get it wrong", []times{{5, 6}, {1, 2}}, []int{0}},
		{"time 0", []times{{0, 0}, {0, 1}, {2, 2}}, []int{0, 2}},
	}
	for _, tt := range tests {
		q := queue.New(queue.Config{Head: head, MaxBytes: 8 * eventBytes, Interval: interval}) // two events fill a batch
		for i, at := range tt.have {
			for _, at := range at {
				if err := q.Append(eventAt(i, eventBytes, at)); err != nil {
					t.Fatal(err)
				}
			}
		}
		q.Flush()
		flying := make(map[int]*queue.Item)
		for _, want := range tt.flying {
			it, _, _ := q.Next(time.Now())
			if it == nil {
				t.Fatalf("%s: batch %d is not handed out", tt.rule, want)
			}
			if got := numbers(t, it)[0]; got != want {
				t.Errorf("%s: handed out %d, want %d", tt.rule, got, want)
			}
			flying[want] = it
		}
		if it, _, _ := q.Next(time.Now()); it != nil {
			t.Errorf("%s: batch %v is handed out as well", tt.rule, numbers(t, it))
		}
		for _, it := range flying { // then the others go, too
			ack(q, it)
		}
		for n := len(flying); n < len(tt.have); n++ {
			it, _, _ := q.Next(time.Now())
			if it == nil {
				t.Fatalf("%s: %d batches were handed out, then none", tt.rule, n)
			}
			ack(q, it)
		}
	}
}

// TestYield: what is left of a batch may have to wait, and others need not wait for it.
func TestYield(t *testing.T) {
	q := queue.New(queue.Config{Head: head, MaxBytes: 8 * eventBytes, Interval: interval})
	for n := range 4 {
		if err := q.Append(eventAt(n, eventBytes, start)); err != nil {
			t.Fatal(err)
		}
	}
	done := q.Flush()
	first := wantNext(t, q, 0, 1)
	wantNone(t, q)
	q.Yield(first)
	second := wantNext(t, q, 2, 3)
	ack(q, second)
	if isClosed(done) {
		t.Error("Flush waits for the first one, too")
	}
	if ack(q, first); !isClosed(done) {
		t.Error("all is settled, but Flush waits")
	}
	wantState(t, q, 4, 4, 0)
}

// TestNewestAndOldestByTurns: where the oldest batch has waited for more than two
// intervals, every other one is the newest.
func TestNewestAndOldestByTurns(t *testing.T) {
	tests := []struct {
		rule   string
		waited time.Duration
		want   []int // first events, in units of a batch
	}{
		{"all is well", 2 * interval, []int{0, 1, 2, 3}},
		{"there was trouble", 2*interval + 1, []int{3, 0, 2, 1}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(queue.DropNewest)
			appendAll(t, q, 0, room-1)
			q.Flush()
			time.Sleep(tt.waited)
			for _, b := range tt.want {
				ack(q, wantNext(t, q, b*perBatch, (b+1)*perBatch-1))
			}
			// With the backlog gone, the oldest goes first again.
			appendAll(t, q, 0, room-1)
			q.Flush()
			for b := range 4 {
				wantNext(t, q, b*perBatch, (b+1)*perBatch-1)
			}
		})
	}
}

// TestNewestMustBeDue: the open batch is not sent early because others are late.
func TestNewestMustBeDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.DropNewest)
		appendAll(t, q, 0, 2*perBatch-1)
		q.Flush()
		time.Sleep(3 * interval)
		appendAll(t, q, 2*perBatch, 2*perBatch)
		ack(q, wantNext(t, q, perBatch, 2*perBatch-1))
		ack(q, wantNext(t, q, 0, perBatch-1))
		due := wantNone(t, q)
		if wait := time.Until(due); wait <= 0 || wait > interval {
			t.Errorf("the open batch is due in %v", wait)
		}
	})
}

// TestAlmostFullBatchEndsWithItsMillisecond, so that the next one can be in flight
// beside it.
func TestAlmostFullBatchEndsWithItsMillisecond(t *testing.T) {
	const held = 10_000 // by an event: with 99 of these a batch is almost full, with 105 quite
	tests := []struct {
		rule string
		next int64 // time of what comes when the batch is almost full, after the newest, in ms
		cut  int   // where the batch ends
	}{
		{"the same millisecond goes in", 0, 105},
		{"an earlier one, too", -1, 105},
		{"a later one does not", 1, 99},
	}
	for _, tt := range tests {
		q := queue.New(queue.Config{Head: head, MaxBytes: 1 << 30, Interval: interval})
		for n := range 106 {
			at := int64(0)
			if n >= 99 {
				at = tt.next
			}
			if err := q.Append(eventAt(n, held, start+at)); err != nil {
				t.Fatal(err)
			}
		}
		it, _, _ := q.Next(time.Now())
		if it == nil {
			t.Fatalf("%s: nothing is due", tt.rule)
		}
		if it.Len() != tt.cut {
			t.Errorf("%s: the batch has %d events, want %d", tt.rule, it.Len(), tt.cut)
		}
	}
}

func TestLossesAreToldToEachAudience(t *testing.T) {
	hears := map[account.Reason][queue.Audiences]bool{
		account.Empty:       {},
		account.Closed:      {queue.Program: true},
		account.Undelivered: {queue.Program: true},
	}
	for reason := range account.Reasons {
		who, special := hears[reason]
		if !special {
			who = [queue.Audiences]bool{true, true}
		}
		q := newQueue(queue.DropNewest)
		var want account.Loss
		for n := range 3 {
			e := event(n)
			e.Level = account.Level(n)
			want.Add(e.Time, e.Size, e.Level)
			q.Refuse(reason, e)
		}
		for a := range queue.Audiences {
			var losses account.Losses
			if who[a] {
				losses[reason] = want
			}
			if n := q.Untold(a); n != losses[reason].Events {
				t.Errorf("reason %d: %d untold to %d", reason, n, a)
			}
			if got := q.Tell(a); got != losses {
				t.Errorf("reason %d: audience %d was told %+v, want %+v", reason, a, got, losses)
			}
			if n := q.Untold(a); n != 0 || q.Tell(a) != (account.Losses{}) {
				t.Errorf("reason %d: audience %d is told twice", reason, a)
			}
		}
	}
}

// TestLossWakes: a loss for the stream is something to send. Once is enough until
// it was told.
func TestLossWakes(t *testing.T) {
	q := newQueue(queue.DropNewest)
	woken := func() bool {
		select {
		case <-q.Wake():
			return true
		default:
			return false
		}
	}
	q.Refuse(account.Empty, event(1))
	if woken() {
		t.Error("woken for an empty message, which is no loss")
	}
	for range 2 {
		q.Refuse(account.Oversize, event(1))
		if !woken() {
			t.Error("not woken for a loss")
		}
		q.Refuse(account.Oversize, event(1))
		if woken() {
			t.Error("woken again")
		}
		q.Tell(queue.Stream)
	}
}
