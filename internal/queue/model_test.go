package queue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// TestRandomOperations runs random operations on queues and on a plain model
// of them.
func TestRandomOperations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest} {
		for range 40 {
			m := &model{t: t, r: r, policy: policy, maxBytes: 500 + r.IntN(20_000)}
			m.q = queue.New(queue.Config{Head: head, MaxBytes: m.maxBytes, OnFull: policy, Interval: time.Hour})
			for range 500 {
				m.step()
				m.check()
			}
			if m.end(); t.Failed() {
				t.Fatalf("seed %d, policy %d, %d bytes", seed, policy, m.maxBytes)
			}
		}
	}
}

// model knows what the queue must hold.
type model struct {
	t        *testing.T
	r        *rand.Rand
	q        *queue.Queue
	policy   queue.Policy
	maxBytes int

	last     int            // number of the newest event
	sizes    map[int]int    // of the events in the queue, by number
	queued   []int          // not in flight, oldest first
	inFlight []int          //
	batch    *batch.Batch   // in flight
	flushes  []flush        //
	want     account.Ledger // but for the bytes
}

type flush struct {
	last int // number of the newest event when it was called
	done <-chan struct{}
}

func (m *model) step() {
	switch n := m.r.IntN(100); {
	case n < 70:
		m.append()
	case n < 80:
		m.next(time.Now())
	case n < 82:
		m.next(time.Now().Add(2 * time.Hour)) // the interval is over
	case n < 92:
		m.ack()
	case n < 98:
		m.flushes = append(m.flushes, flush{m.last, m.q.Flush()})
	default:
		m.q.Count(account.Empty)
		m.want.Accepted++
		m.want.Dropped[account.Empty]++
	}
}

func (m *model) append() {
	e := eventOf(m.last+1, 70+m.r.IntN(200))
	if m.r.IntN(50) == 0 {
		e = eventOf(m.last+1, 70+m.r.IntN(2*m.maxBytes))
	}
	held := m.held()
	err := m.q.Append(e)
	m.want.Accepted++
	if m.policy == queue.DropOldest {
		dropped := int(m.q.State().Dropped[account.Full] - m.want.Dropped[account.Full])
		if held+e.Held() <= m.maxBytes && dropped != 0 {
			m.t.Errorf("%d events were dropped though there was room", dropped)
		}
		if err != nil {
			dropped-- // the event itself
		}
		for _, n := range m.queued[:dropped] {
			held -= m.sizes[n]
			delete(m.sizes, n)
		}
		m.queued = m.queued[dropped:]
		m.want.Dropped[account.Full] += int64(dropped)
	}
	if fits := held == 0 || held+e.Held() <= m.maxBytes; fits != (err == nil) {
		m.t.Errorf("%d bytes to %d of %d: %v", e.Held(), held, m.maxBytes, err)
	}
	if err != nil {
		if !errors.Is(err, queue.ErrFull) {
			m.t.Errorf("Append: %v", err)
		}
		m.want.Dropped[account.Full]++
		return
	}
	m.last++
	if m.sizes == nil {
		m.sizes = make(map[int]int)
	}
	m.sizes[m.last] = e.Held()
	m.queued = append(m.queued, m.last)
}

func (m *model) next(now time.Time) {
	if m.batch != nil {
		return // the deliverer settles one before it takes the next
	}
	b, due, ended := m.q.Next(now)
	if b == nil {
		switch {
		case ended != (m.q.Closed() && len(m.queued) == 0):
			m.t.Errorf("ended %v with %d events queued", ended, len(m.queued))
		case len(m.queued) > 0 && !due.After(now):
			m.t.Errorf("no batch, but one was due at %v", due)
		case len(m.queued) == 0 && !due.IsZero():
			m.t.Errorf("the queue is empty, but something is due at %v", due)
		case m.waitedFor():
			m.t.Error("no batch, but a Flush waits for one")
		}
		return
	}
	got := numbers(m.t, b)
	if len(got) > len(m.queued) || !slices.Equal(got, m.queued[:len(got)]) {
		m.t.Fatalf("the batch holds %v, but queued are %v", got, m.queued)
	}
	m.batch, m.inFlight, m.queued = b, got, m.queued[len(got):]
}

// waitedFor reports whether a Flush waits for the oldest event that is queued.
func (m *model) waitedFor() bool {
	return slices.ContainsFunc(m.flushes, func(f flush) bool { return len(m.queued) > 0 && m.queued[0] <= f.last })
}

func (m *model) ack() {
	var o account.Outcome
	if m.batch != nil {
		o.Delivered = m.r.IntN(m.batch.Len() + 1)
		o.Rejected[m.r.IntN(int(account.Rejections))] = m.batch.Len() - o.Delivered
		for _, n := range m.inFlight {
			delete(m.sizes, n)
		}
	}
	m.q.Ack(o)
	m.batch, m.inFlight = nil, nil
	m.want.Settle(o, 0)
}

func (m *model) held() (sum int) {
	for _, n := range m.sizes {
		sum += n
	}
	return sum
}

func (m *model) check() {
	s := books(m.t, m.q)
	s.DeliveredBytes = 0
	if want := (queue.State{Ledger: m.want, Pending: int64(len(m.queued) + len(m.inFlight)), PendingBytes: int64(m.held())}); s != want {
		m.t.Fatalf("the state is\n%+v, want\n%+v", s, want)
	}
	if s.PendingBytes > int64(m.maxBytes) && s.Pending > 1 {
		m.t.Errorf("%d bytes in %d events, but the bound is %d", s.PendingBytes, s.Pending, m.maxBytes)
	}
	oldest := m.last + 1
	for _, n := range append(m.inFlight[:len(m.inFlight):len(m.inFlight)], m.queued...) {
		oldest = min(oldest, n)
	}
	for _, f := range m.flushes {
		if settled := f.last < oldest; isClosed(f.done) != settled {
			m.t.Fatalf("Flush of %d events: released %v, but the oldest in the queue is %d", f.last, !settled, oldest)
		}
	}
	m.flushes = slices.DeleteFunc(m.flushes, func(f flush) bool { return isClosed(f.done) })
}

// end closes the queue and either drains or abandons it.
func (m *model) end() {
	m.q.Close()
	if m.r.IntN(2) == 0 {
		events, _ := m.q.Abandon()
		if left := len(m.queued) + len(m.inFlight); events != int64(left) {
			m.t.Errorf("abandoned %d events, want %d", events, left)
		}
		m.want.Dropped[account.Undelivered] += events
		m.queued, m.inFlight, m.batch, m.sizes = nil, nil, nil, nil
	}
	for m.batch != nil || len(m.queued) > 0 {
		m.ack()
		m.next(time.Now())
		m.check()
	}
	m.check()
	wantEnd(m.t, m.q)
}

// TestAppendsAtOnce has many callers and one deliverer, as it is in life.
func TestAppendsAtOnce(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { appendsAtOnce(t, policy) })
		})
	}
}

func appendsAtOnce(t *testing.T, policy queue.Policy) {
	const callers, each = 8, 400
	q := newQueue(policy)
	arrived := make(chan []int)
	go func() { arrived <- deliverAll(t, q) }()
	ended := make(chan int)
	for caller := range callers {
		go func() {
			failed := 0
			for n := range each {
				if q.Append(event(caller*each+n)) != nil {
					failed++
				}
				if n%50 == 0 {
					<-q.Flush()
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

	var before [callers]int
	for _, n := range got {
		caller := n / each
		if n < before[caller] {
			t.Fatalf("caller %d: event %d came after %d", caller, n, before[caller])
		}
		before[caller] = n + 1
	}
	s := wantState(t, q, callers*each, int64(len(got)), 0)
	if policy == queue.Block && len(got) != callers*each {
		t.Errorf("%d of %d events arrived", len(got), callers*each)
	}
	if policy == queue.DropNewest && s.Dropped[account.Full] != int64(failed) {
		t.Errorf("%d events dropped, but %d callers were told", s.Dropped[account.Full], failed)
	}
}

// deliverAll delivers until the end, in bubble time, and returns the events.
func deliverAll(t *testing.T, q *queue.Queue) (all []int) {
	for {
		b, due, ended := q.Next(time.Now())
		switch {
		case ended:
			return all
		case b != nil:
			time.Sleep(time.Millisecond)
			all = append(all, numbers(t, b)...)
			ack(q, b)
		case due.IsZero():
			<-q.Wake()
		default:
			select {
			case <-q.Wake():
			case <-time.After(time.Until(due)):
			}
		}
	}
}
