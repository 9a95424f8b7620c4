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

func TestSettleEntersTheOutcome(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 10)
	q.Flush()
	it := wantNext(t, q, 1, 10)
	part := account.Outcome{Delivered: 3, Bytes: it.Counted(4, 7), Restamped: 2, Settled: it.Loss(0, 7)}
	part.Lost[account.TooOld] = it.Loss(0, 1)
	part.Lost[account.Expired] = it.Loss(1, 4)
	q.Settle(it, &part, false)
	wantState(t, q, 10, 3, 3)
	rest := account.Outcome{Delivered: 1, Bytes: it.Counted(7, 8)}
	rest.Lost[account.TooNew] = it.Loss(8, 10)
	bytes := part.Bytes + rest.Bytes
	q.Settle(it, &rest, true)
	s := wantState(t, q, 10, 4, 0)
	if want := [account.Reasons]int64{account.TooOld: 1, account.Expired: 3, account.TooNew: 2}; s.Lost != want {
		t.Errorf("lost %v, want %v", s.Lost, want)
	}
	if s.Batches != 2 || s.DeliveredBytes != int64(bytes) || s.Restamped != 2 {
		t.Errorf("%d requests of %d bytes, %d events restamped; want 2 of %d, 2", s.Batches, s.DeliveredBytes, s.Restamped, bytes)
	}
}

func TestRefusedBatchIsNotDelivered(t *testing.T) {
	q := newQueue(queue.DropNewest)
	appendAll(t, q, 1, 2)
	q.Flush()
	it := wantNext(t, q, 1, 2)
	var o account.Outcome
	o.Lost[account.Refused] = it.Loss(0, 2)
	q.Settle(it, &o, true)
	wantLost(t, q, account.Refused, 2)
	if s := wantState(t, q, 2, 0, 0); s.Batches != 0 || s.DeliveredBytes != 0 {
		t.Errorf("%d requests of %d bytes, want none", s.Batches, s.DeliveredBytes)
	}
}

func TestRefuse(t *testing.T) {
	q := newQueue(queue.DropNewest)
	q.Refuse(account.Empty, event(1))
	q.Refuse(account.Oversize, event(2))
	q.Refuse(account.Oversize, event(3))
	s := wantState(t, q, 3, 0, 0)
	if want := [account.Reasons]int64{account.Empty: 1, account.Oversize: 2}; s.Lost != want {
		t.Errorf("lost %v, want %v", s.Lost, want)
	}
}

// TestOldest: who waits longest is known until it is settled.
func TestOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.DropNewest)
		begin := time.Now()
		appendAll(t, q, 1, perBatch)
		time.Sleep(time.Millisecond)
		appendAll(t, q, perBatch+1, 2*perBatch)
		q.Flush()
		first := wantNext(t, q, 1, perBatch)
		second := wantNext(t, q, perBatch+1, 2*perBatch)
		ack(q, second)
		if s := books(t, q); !s.Oldest.Equal(begin) {
			t.Errorf("oldest %v, want %v", s.Oldest, begin)
		}
		appendAll(t, q, 2*perBatch+1, 2*perBatch+1)
		ack(q, first)
		if s := books(t, q); !s.Oldest.Equal(begin.Add(time.Millisecond)) {
			t.Errorf("then oldest %v, want %v", s.Oldest, begin.Add(time.Millisecond))
		}
	})
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
		gone = append(gone, weak.Make(b.Batch))
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
