package queue_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// events makes those from first to last.
func events(first, last int) (list []batch.Event) {
	for n := first; n <= last; n++ {
		list = append(list, event(n))
	}
	return list
}

func TestAppendAllTakesEachEventByItself(t *testing.T) {
	q := newQueue(queue.DropNewest)
	var turn queue.Turn
	list := events(1, room+5)
	for n := range list {
		list[n].Level = account.Debug
	}
	last := event(room + 6)
	last.Level = account.Error
	dropped, err := q.AppendAll(&turn, append(list, last), true)
	const debug = room * 8 / 10
	if dropped != room+5-debug || err != nil {
		t.Errorf("%d dropped, %v", dropped, err)
	}
	wantState(t, q, room+6, 0, debug+1)
	wantLost(t, q, account.Full, room+5-debug)
	appendAll(t, q, 1, 1) // the turn has ended
}

// TestAppendAllLetsNobodyInBetween: neither an event that waited for room before the turn, nor
// one that comes while the turn waits or between its calls.
func TestAppendAllLetsNobodyInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.Block)
		appendAll(t, q, 1, room)
		var all sync.WaitGroup
		single := func(n int) {
			all.Go(func() {
				if err := q.Append(event(n)); err != nil {
					t.Errorf("event %d: %v", n, err)
				}
			})
			synctest.Wait()
		}
		var order []int
		drain := func() {
			for {
				synctest.Wait()
				it, _, _ := q.Next(time.Now().Add(interval))
				if it == nil {
					return
				}
				order = append(order, numbers(t, it)...)
				ack(q, it)
			}
		}
		const first = room + 10
		half := make(chan bool)
		all.Go(func() {
			var turn queue.Turn
			for n := 0; n < 3; n++ { // more than there is room for
				from := first + n*room
				if dropped, err := q.AppendAll(&turn, events(from, from+room-1), n == 2); dropped != 0 || err != nil {
					t.Errorf("%d dropped, %v", dropped, err)
				}
				if n == 0 {
					<-half
				}
			}
		})
		synctest.Wait()
		single(1000)
		single(1001)
		ack(q, func() *queue.Item { // room for a part
			it, _, _ := q.Next(time.Now())
			order = append(order, numbers(t, it)...)
			return it
		}())
		single(1002)
		drain()
		single(1003)
		drain()
		half <- true
		drain()
		all.Wait()
		drain()
		if i := slices.Index(order, first); i < 0 || !slices.Equal(order[i:i+3*room], span(first, first+3*room-1)) {
			t.Errorf("the order is %v", order)
		}
		if len(order) != room+3*room+4 {
			t.Errorf("%d events came", len(order))
		}
	})
}

// TestSingleEventThatWaitsLetsATurnGoFirst: when there is room it is the turn of those that
// have begun.
func TestSingleEventThatWaitsLetsATurnGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.Block)
		appendAll(t, q, 1, room)
		var all sync.WaitGroup
		for n := range 5 { // they wait for room, without a turn
			all.Go(func() { _ = q.Append(event(1000 + n)) })
		}
		synctest.Wait()
		all.Go(func() {
			var turn queue.Turn
			_, _ = q.AppendAll(&turn, events(101, 100+room), true)
		})
		var order []int
		for len(order) < 2*room+5 {
			synctest.Wait()
			it, _, _ := q.Next(time.Now().Add(interval))
			order = append(order, numbers(t, it)...)
			ack(q, it)
		}
		all.Wait()
		if i := slices.Index(order, 101); !slices.Equal(order[i:i+room], span(101, 100+room)) {
			t.Errorf("the order is %v", order)
		}
	})
}

func TestCloseEndsATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(queue.Block)
		appendAll(t, q, 1, room)
		var all sync.WaitGroup
		for n := range 2 { // one waits for room, the other one for its turn
			all.Go(func() {
				var turn queue.Turn
				if _, err := q.AppendAll(&turn, events(100*n, 100*n+9), true); !errors.Is(err, queue.ErrClosed) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Go(func() {
			if err := q.Append(event(300)); !errors.Is(err, queue.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		q.Close()
		all.Wait()
		wantState(t, q, room+21, 0, room)
		wantLost(t, q, account.Closed, 21)
	})
}

// TestFlushAndNotesDoNotWaitForATurn: they never wait.
func TestFlushAndNotesDoNotWaitForATurn(t *testing.T) {
	q := newQueue(queue.DropNewest)
	var turn queue.Turn
	if _, err := q.AppendAll(&turn, events(1, 2), false); err != nil {
		t.Fatal(err)
	}
	q.Flush(event(3))
	q.Note(event(4))
	if _, err := q.AppendAll(&turn, nil, true); err != nil {
		t.Fatal(err)
	}
	appendAll(t, q, 5, 5)
	wantNext(t, q, 1, 5)
}

// TestTurnsAndAStore: the store is waited for once all events have entered, for each of them,
// and no event comes between them while the store is waited for to have room.
func TestTurnsAndAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &sharedStore{testStore: testStore{to: math.MaxUint64}}
		q := queue.New(queue.Config{Head: head, MaxBytes: room * eventBytes, Interval: interval, Replica: store})
		waits := 0 // for room; only the one in turn does
		store.room = func(e batch.Event) bool { return waits >= 3 || e.Time != event(3).Time }
		store.awaitRoom = func() bool {
			time.Sleep(time.Second)
			waits++
			return true
		}
		var all sync.WaitGroup
		all.Go(func() {
			var turn queue.Turn
			if _, err := q.AppendAll(&turn, events(1, 5), true); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second / 2)
		if err := q.Append(event(6)); err != nil {
			t.Error(err)
		}
		all.Wait()
		wantCopied(t, q, 0, 10, span(1, 6), 6)
		slices.Sort(store.waits)
		if got := slices.Compact(store.waits); !slices.Equal(got, []uint64{1, 2, 3, 4, 5, 6}) {
			t.Errorf("waited for %v", got)
		}
	})
}

// sharedStore is a testStore whose Wait may be called by several goroutines.
type sharedStore struct {
	testStore
	waiting sync.Mutex
}

func (s *sharedStore) Wait(position uint64) {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	s.testStore.Wait(position)
}

// TestRandomTurns: producers of single events and of several, for every policy.
func TestRandomTurns(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		const producers, rounds = 8, 60
		q := newQueue(policy)
		var all sync.WaitGroup
		for p := range producers {
			r := rand.New(rand.NewPCG(uint64(p), uint64(policy)))
			all.Go(func() {
				var turn queue.Turn
				for n := range rounds {
					size := 1 + r.IntN(3*room)
					first := (p*rounds + n) * 1000
					for left := events(first, first+size-1); len(left) > 0; {
						some := 1 + r.IntN(len(left))
						if p == 0 {
							some = 1
							_ = q.Append(left[0])
						} else if _, err := q.AppendAll(&turn, left[:some], some == len(left)); err != nil {
							t.Error(err)
						}
						left = left[some:]
					}
				}
			})
		}
		ended := make(chan struct{})
		go func() { all.Wait(); q.Close(); close(ended) }()
		var order []int
		for over := false; !over; {
			it, _, end := q.Next(time.Now())
			switch {
			case it != nil:
				order = append(order, arrived(it)...)
				ack(q, it)
			case !end:
				select {
				case <-q.Wake():
				case <-time.After(time.Millisecond):
				}
			}
			over = end
		}
		<-ended
		seen := map[int]bool{}
		for i, n := range order {
			write := n / 1000
			if i > 0 && write != order[i-1]/1000 && seen[write] && write >= rounds { // those of producer 0 are single
				t.Fatalf("policy %d: event %d is behind %d", policy, n, order[i-1])
			}
			seen[write] = true
		}
		if s := identity(t, q); s.Delivered == 0 || policy == queue.Block && s.Delivered != s.Accepted {
			t.Errorf("policy %d: %d of %d came", policy, s.Delivered, s.Accepted)
		}
	}
}

// arrived returns which events are in a batch, in the order they came.
func arrived(it *queue.Item) (list []int) {
	it.Arrived(0, func(e batch.Event) bool {
		list = append(list, int(e.Time-start))
		return true
	})
	return list
}
