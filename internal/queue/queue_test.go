package queue_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

func TestBatchesComeInOrder(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 35)
	q.Close()
	for first := 1; first <= 35; first += perBatch {
		ack(q, wantNext(t, q, first, min(first+perBatch-1, 35)))
	}
	wantEnd(t, q)
	s := wantState(t, q, 35, 35, 0)
	if s.PendingBytes != 0 || s.Batches != 4 {
		t.Errorf("%d bytes pending, %d batches; want 0 and 4", s.PendingBytes, s.Batches)
	}
}

func TestFullBatchIsDueAtOnce(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, perBatch)
	wantNone(t, q) // the next event might still go into it
	appendAll(t, q, perBatch+1, perBatch+1)
	ack(q, wantNext(t, q, 1, perBatch))
	wantNone(t, q)
}

// TestLimitsOfTheServiceCutBatches: not only memory does.
func TestLimitsOfTheServiceCutBatches(t *testing.T) {
	q := queue.New(queue.Config{Head: head, MaxBytes: 1 << 30, Interval: interval})
	day := event(1)
	appendAll(t, q, 1, 2)
	day.Time += 24*time.Hour.Milliseconds() + 1
	if err := q.Append(day); err != nil {
		t.Fatal(err)
	}
	wantNext(t, q, 1, 2)
}

func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.DropNewest)
		if due := wantNone(t, q); !due.IsZero() {
			t.Errorf("an empty queue has something due at %v", due)
		}
		start := time.Now()
		appendAll(t, q, 1, 1)
		time.Sleep(interval / 2)
		appendAll(t, q, 2, 2)
		if due := wantNone(t, q); !due.Equal(start.Add(interval)) {
			t.Errorf("due %v after the first event, want %v", due.Sub(start), interval)
		}
		time.Sleep(interval/2 - 1)
		wantNone(t, q)
		time.Sleep(time.Nanosecond)
		b := wantNext(t, q, 1, 2)
		appendAll(t, q, 3, 3)
		ack(q, b)
		if due := wantNone(t, q); !due.Equal(time.Now().Add(interval)) {
			t.Errorf("the next batch is due in %v, want %v", time.Until(due), interval)
		}
	})
}

func TestWake(t *testing.T) {
	q := newQueue(queue.DropNewest)
	woken := func() bool {
		select {
		case <-q.Wake():
			return true
		default:
			return false
		}
	}
	steps := []struct {
		rule string
		do   func()
		want bool
	}{
		{"nothing happened", func() {}, false},
		{"the first event sets a time", func() { appendAll(t, q, 1, 1) }, true},
		{"the second one does not change it", func() { appendAll(t, q, 2, 2) }, false},
		{"a batch is full", func() { appendAll(t, q, 3, perBatch+1) }, true},
		{"somebody waits for it", func() { q.Flush() }, true},
		{"the queue is full", func() {
			appendAll(t, q, perBatch+2, room)
			<-q.Wake()
			_ = q.Append(event(0))
		}, true},
		{"the queue is closed", func() { q.Close() }, true},
	}
	for _, step := range steps {
		if step.do(); woken() != step.want {
			t.Errorf("%s: woken %v", step.rule, !step.want)
		}
	}
}

func TestAckEntersTheOutcome(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 9)
	q.Flush()
	bytes := wantNext(t, q, 1, 9).Bytes()
	var outcome account.Outcome
	outcome.Delivered = 3
	outcome.Rejected[account.TooOld] = 1
	outcome.Rejected[account.Expired] = 2
	outcome.Rejected[account.TooNew] = 3
	q.Ack(outcome)
	s := wantState(t, q, 9, 3, 0)
	if want := [account.Rejections]int64{account.TooOld: 1, account.Expired: 2, account.TooNew: 3}; s.Rejected != want {
		t.Errorf("rejected %v, want %v", s.Rejected, want)
	}
	if s.Batches != 1 || s.DeliveredBytes != int64(bytes) {
		t.Errorf("%d batches of %d bytes, want 1 of %d", s.Batches, s.DeliveredBytes, bytes)
	}
}

func TestRefusedBatchIsNotDelivered(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 2)
	q.Flush()
	wantNext(t, q, 1, 2)
	var outcome account.Outcome
	outcome.Rejected[account.Refused] = 2
	q.Ack(outcome)
	if s := wantState(t, q, 2, 0, 0); s.Batches != 0 || s.DeliveredBytes != 0 {
		t.Errorf("%d batches of %d bytes, want none", s.Batches, s.DeliveredBytes)
	}
}

func TestCount(t *testing.T) {
	q := newQueue(queue.DropNewest)
	q.Count(account.Empty)
	q.Count(account.Oversize)
	q.Count(account.Oversize)
	s := wantState(t, q, 3, 0, 0)
	if want := [account.Drops]int64{account.Empty: 1, account.Oversize: 2}; s.Dropped != want {
		t.Errorf("dropped %v, want %v", s.Dropped, want)
	}
}

// TestAppendCopies: the log call uses its buffer again.
func TestAppendCopies(t *testing.T) {
	q := newQueue(queue.DropNewest)
	e := event(1)
	if err := q.Append(e); err != nil {
		t.Fatal(err)
	}
	clear(e.Wire)
	q.Flush()
	wantNext(t, q, 1, 1)
}

// TestSettledBatchesAreFreed: after a long backlog its memory comes back, but for
// two batches that are used again.
func TestSettledBatchesAreFreed(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, room)
	q.Flush()
	var gone []weak.Pointer[batch.Batch]
	for first := 1; first <= room; first += perBatch {
		b := wantNext(t, q, first, first+perBatch-1)
		gone = append(gone, weak.Make(b))
		ack(q, b)
	}
	runtime.GC()
	held := 0
	for _, p := range gone {
		if p.Value() != nil {
			held++
		}
	}
	if held > 2 {
		t.Errorf("%d of %d settled batches are still held", held, len(gone))
	}
	runtime.KeepAlive(q)
}
