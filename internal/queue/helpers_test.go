package queue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// Most tests use events that hold 100 bytes each, in a queue for 40 of them,
// which makes batches of 10.
const (
	eventBytes = 100
	room       = 40
	perBatch   = 10
	interval   = time.Second
)

func newQueue(policy queue.Policy) *queue.Queue {
	return queue.New(queue.Config{Head: head, MaxBytes: room * eventBytes, OnFull: policy, Interval: interval})
}

var head = batch.Head("g", "s")

// event makes the n-th event of a test.
func event(n int) batch.Event { return eventOf(n, eventBytes) }

// eventOf makes an event that holds that many bytes, at least 70. Each has a time
// of its own, so that batches may be in flight together.
func eventOf(n, held int) batch.Event { return eventAt(n, held, start+int64(n)) }

const start = 1_763_812_800_000 // time of the events, in ms

// eventAt is eventOf with another time.
func eventAt(n, held int, at int64) batch.Event {
	message := fmt.Append(nil, n, " ")
	e := batch.Event{Time: at}
	e.Wire, _ = new(batch.Encoder).AppendEvent(nil, e.Time, message)
	message = append(message, bytes.Repeat([]byte("."), held-e.Held())...)
	e.Wire, e.Size = new(batch.Encoder).AppendEvent(nil, e.Time, message)
	return e
}

// appendAll appends the events from first to last.
func appendAll(t *testing.T, q *queue.Queue, first, last int) {
	t.Helper()
	for n := first; n <= last; n++ {
		if err := q.Append(event(n)); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
	}
}

// numbers seals a batch, and returns which events are in it.
func numbers(t testing.TB, it *queue.Item) (list []int) {
	t.Helper()
	var body struct{ LogEvents []struct{ Message string } }
	if err := json.Unmarshal(it.Seal(), &body); err != nil {
		t.Fatal(err)
	}
	for _, e := range body.LogEvents {
		number, _, _ := bytes.Cut([]byte(e.Message), []byte(" "))
		n, err := strconv.Atoi(string(number))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// wantNext takes the next batch, which must be due and hold the events from
// first to last.
func wantNext(t *testing.T, q *queue.Queue, first, last int) *queue.Item {
	t.Helper()
	it, due, ended := q.Next(time.Now())
	if it == nil {
		t.Fatalf("no batch is due, want events %d to %d", first, last)
	}
	if !due.IsZero() || ended {
		t.Errorf("with a batch, it says due %v, ended %v", due, ended)
	}
	if got := numbers(t, it); len(got) != last-first+1 || got[0] != first || !slices.IsSorted(got) {
		t.Fatalf("the batch holds events %v, want %d to %d", got, first, last)
	}
	return it
}

// wantNone checks that no batch is due, and returns when one will be.
func wantNone(t *testing.T, q *queue.Queue) (due time.Time) {
	t.Helper()
	b, due, ended := q.Next(time.Now())
	if b != nil || ended {
		t.Fatalf("there is a batch (%v) or an end (%v), want neither", b != nil, ended)
	}
	return due
}

// wantEnd checks that the queue is closed and empty.
func wantEnd(t *testing.T, q *queue.Queue) {
	t.Helper()
	if b, due, ended := q.Next(time.Now()); b != nil || !due.IsZero() || !ended {
		t.Errorf("batch %v, due %v, ended %v; want the end", b != nil, due, ended)
	}
}

// ack settles a whole batch as delivered.
func ack(q *queue.Queue, it *queue.Item) {
	q.Settle(it, &account.Outcome{Delivered: it.Len(), Bytes: it.Bytes()}, true)
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// books is identity where all that is pending is in memory: it checks the rest as well.
func books(t testing.TB, q *queue.Queue) queue.State {
	t.Helper()
	s := identity(t, q)
	if idle := s.Pending == 0; idle != s.Oldest.IsZero() || idle != (s.PendingBytes == 0) {
		t.Errorf("%d pending in %d bytes since %v", s.Pending, s.PendingBytes, s.Oldest)
	}
	return s
}

// wantState checks the numbers that matter most.
func wantState(t testing.TB, q *queue.Queue, accepted, delivered, pending int64) queue.State {
	t.Helper()
	s := books(t, q)
	if s.Accepted != accepted || s.Delivered != delivered || s.Pending != pending {
		t.Errorf("accepted %d, delivered %d, pending %d; want %d, %d, %d", s.Accepted, s.Delivered, s.Pending, accepted, delivered, pending)
	}
	return s
}

// wantLost checks that so many events were lost for a reason, and none for others.
func wantLost(t testing.TB, q *queue.Queue, reason account.Reason, n int64) {
	t.Helper()
	var want [account.Reasons]int64
	want[reason] = n
	if s := books(t, q); s.Lost != want {
		t.Errorf("lost %v by reason, want %v", s.Lost, want)
	}
}
