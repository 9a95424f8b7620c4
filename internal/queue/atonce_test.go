package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// TestAppendsAtOnce has many callers and one deliverer, as it is in life.
func TestAppendsAtOnce(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		for _, inFlight := range []int{1, 4} {
			t.Run(fmt.Sprintf("policy %d, %d in flight", policy, inFlight), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { appendsAtOnce(t, policy, inFlight) })
			})
		}
	}
}

// stored is an event as the service has it.
type stored struct {
	n    int
	time int64
}

func appendsAtOnce(t *testing.T, policy queue.Policy, inFlight int) {
	const callers, each = 8, 400
	q := newQueue(policy)
	arrived := make(chan []stored)
	go func() { arrived <- deliverAll(t, q, inFlight) }()
	ended := make(chan int)
	for caller := range callers {
		go func() {
			failed := 0
			for n := range each {
				if q.Append(eventAt(caller*each+n, eventBytes, time.Now().UnixMilli())) != nil {
					failed++
				}
				switch {
				case n%50 == 0:
					<-q.Flush()
				case n%5 == 0:
					time.Sleep(rand.N(3 * time.Millisecond))
				}
			}
			ended <- failed
		}()
	}
	failed := 0
	for range callers {
		failed += <-ended
	}
	q.Close()
	got := <-arrived

	// The service shows a stream by time.
	slices.SortStableFunc(got, func(a, b stored) int { return int(a.time - b.time) })
	var before [callers]int
	for _, e := range got {
		caller := e.n / each
		if e.n < before[caller] {
			t.Fatalf("caller %d: event %d came after %d", caller, e.n, before[caller])
		}
		before[caller] = e.n + 1
	}
	s := wantState(t, q, callers*each, int64(len(got)), 0)
	if policy == queue.Block && len(got) != callers*each {
		t.Errorf("%d of %d events arrived", len(got), callers*each)
	}
	if policy == queue.DropNewest && s.Lost[account.Full] != int64(failed) {
		t.Errorf("%d events lost, but %d callers were told", s.Lost[account.Full], failed)
	}
}

// deliverAll delivers until the end, in bubble time and with several batches in
// flight, and returns the events as they are stored.
func deliverAll(t *testing.T, q *queue.Queue, inFlight int) (all []stored) {
	answers := make(chan *queue.Item)
	flying, most := 0, 0
	for {
		var it *queue.Item
		var timer <-chan time.Time
		if flying < inFlight {
			var due time.Time
			var ended bool
			if it, due, ended = q.Next(time.Now()); ended {
				if most < min(inFlight, 2) {
					t.Errorf("at most %d batches were in flight together", most)
				}
				return all
			}
			if !due.IsZero() {
				timer = time.After(time.Until(due))
			}
		}
		if it != nil {
			flying++
			most = max(most, flying)
			go func() {
				time.Sleep(rand.N(5 * time.Millisecond))
				answers <- it
			}()
			continue
		}
		select {
		case it := <-answers:
			flying--
			for i, n := range numbers(t, it) {
				all = append(all, stored{n, it.Event(i).Time})
			}
			ack(q, it)
		case <-q.Wake():
		case <-timer:
		}
	}
}
