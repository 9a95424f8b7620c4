package queue_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// TestRandomOperations runs random operations on queues, every other one with a
// store, and on a plain model of them.
func TestRandomOperations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	spans, splits := 0, 0
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest} {
		for n := range 60 {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, r, policy, n%2 == 1)
				for range 500 {
					m.step()
					m.check()
				}
				m.end()
				spans, splits = spans+m.spans, splits+m.splits
			})
			if t.Failed() {
				t.Fatalf("policy %d, round %d", policy, n)
			}
		}
	}
	if spans == 0 || splits == 0 {
		t.Errorf("spans were joined %d times and split %d times: that tests little", spans, splits)
	}
}

// model knows what the queue must hold. It keeps every event by itself and adds
// up again whatever it needs.
type model struct {
	t        *testing.T
	r        *rand.Rand
	q        *queue.Queue
	store    *testStore // nil if the queue has none
	policy   queue.Policy
	maxBytes int
	phase    time.Time // a point of the grid
	clock    int64     // time of events, about, in ms
	jumps    int       // of 100 events so many come a day later

	last     int           // position of the newest event
	urgent   int           // position up to which batches are due
	batches  []*modelBatch // what is not settled, oldest first
	filling  bool          // the last one is open
	fromBack bool          // the newest one was handed out last
	flushes  []flush
	closed   bool
	want     account.Ledger
	untold   [queue.Audiences]account.Losses
	gone     []settled // what the store must have been told of

	asked         bool // nothing more can be evicted before the next sync
	outage        bool // little is handed out, and much is only in the store
	spans, splits int  // how often spans were joined and split
}

type modelEvent struct {
	position int
	batch.Event
}

type modelBatch struct {
	events    []modelEvent // in ascending order from Next on
	after, to int          // positions it has, or had before some were damaged
	gone      map[int]bool // but those that were settled before it was joined, or damaged before it was split
	since     time.Time
	item      *queue.Item // in flight
	yields    bool
	settled   []bool // of events; nil before Next, or before it was loaded
	away      bool   // only in the store
	loaded    bool   // from the store
	beside    bool   // in flight, and does not count towards maxBytes
}

type flush struct {
	last int // position of the newest event when it was called
	done <-chan struct{}
}

func newModel(t *testing.T, r *rand.Rand, policy queue.Policy, stored bool) *model {
	m := &model{t: t, r: r, policy: policy, maxBytes: 500 + r.IntN(20_000), clock: start, jumps: []int{1, 1, 40}[r.IntN(3)]}
	cfg := queue.Config{Head: head, MaxBytes: m.maxBytes, OnFull: policy, Interval: interval}
	if stored {
		m.store, m.outage = &testStore{to: math.MaxUint64}, r.IntN(2) == 0
		cfg.Replica = m.store
	}
	m.q = queue.New(cfg)
	m.append(eventAt(1, 100, m.clock), false)
	_, m.phase, _ = m.q.Next(time.Now()) // only now is the phase of the grid known
	return m
}

func (m *model) step() {
	switch n := m.r.IntN(100); {
	case n < 55:
		m.append(m.newEvent(), false)
	case n < 80 && m.outage && m.r.IntN(5) > 0:
		m.useStore()
	case n < 72:
		m.next()
	case n < 85:
		m.settle(m.r.IntN(2) == 0)
	case n < 87:
		if b := m.anyOf((*modelBatch).flies); b != nil {
			m.q.Yield(b.item)
			b.yields = true
		}
	case n < 90 && m.store != nil:
		m.useStore()
	case n < 91:
		time.Sleep(time.Duration(m.r.Int64N(int64(3 * interval))))
	case n < 94:
		m.flush()
	case n < 95:
		m.append(m.newEvent(), true)
	case n < 97:
		reason := []account.Reason{account.Empty, account.Oversize, account.Unformatted}[m.r.IntN(3)]
		e := m.newEvent()
		m.q.Refuse(reason, e)
		m.want.Accepted++
		m.lost(reason, e)
	default:
		m.tell(queue.Audience(m.r.IntN(int(queue.Audiences))))
	}
}

// newEvent makes an event of about the present time.
func (m *model) newEvent() batch.Event {
	held := 70 + m.r.IntN(200)
	if m.r.IntN(100) == 0 {
		held = 70 + m.r.IntN(2*m.maxBytes)
	}
	m.clock += m.r.Int64N(3)
	at := m.clock
	switch n := m.r.IntN(100); {
	case n < m.jumps:
		m.clock += 25 * time.Hour.Milliseconds()
	case n > 96: // a goroutine was slow
		at -= m.r.Int64N(20)
	}
	e := eventAt(m.last+1, held, at)
	e.Level = account.Level(m.r.IntN(int(account.Levels)))
	return e
}

// append has the queue take an event, through Append or Flush.
func (m *model) append(e batch.Event, byFlush bool) {
	m.want.Accepted++
	full := false
	for !full && !m.hasRoom(e) && (!byFlush || m.held() > m.maxBytes) {
		m.urgent = m.last
		full = true
		if m.policy == queue.DropOldest && (m.flying() == 0 || m.flying()+e.Held() <= m.maxBytes) {
			full = !m.dropOldest(func(b *modelBatch) bool { return !b.away })
		}
	}
	if full {
		m.lost(account.Full, e)
	} else {
		m.add(e)
	}
	if byFlush {
		m.flushed(m.q.Flush(e))
		return
	}
	if err := m.q.Append(e); full != errors.Is(err, queue.ErrFull) || full != (err != nil) {
		m.t.Errorf("%d bytes of %v to %d of %d: %v", e.Held(), e.Level, m.held(), m.maxBytes, err)
	}
	if m.store != nil && !full && m.store.waits[len(m.store.waits)-1] != uint64(m.last) {
		m.t.Errorf("waited for %v, want %d", m.store.waits, m.last)
	}
}

func (m *model) hasRoom(e batch.Event) bool {
	limit := m.maxBytes
	if m.policy == queue.DropNewest {
		switch e.Level {
		case account.Debug:
			limit = m.maxBytes / 10 * 8
		case account.Info:
			limit = m.maxBytes / 10 * 9
		}
	}
	return m.held() == 0 || m.held()+e.Held() <= limit && m.inMemory() < maxBatches
}

// dropOldest drops the oldest batch of some that is not in flight.
func (m *model) dropOldest(of func(*modelBatch) bool) bool {
	for i, b := range m.batches {
		if b.item != nil || !of(b) {
			continue
		}
		for _, e := range b.events {
			m.lost(account.Full, e.Event)
		}
		m.filling = m.filling && i < len(m.batches)-1
		m.remove(b)
		return true
	}
	return false
}

// remove takes a batch out, of which the store must be told.
func (m *model) remove(b *modelBatch) {
	m.batches = slices.DeleteFunc(m.batches, func(other *modelBatch) bool { return other == b })
	low := m.last
	if len(m.batches) > 0 {
		low = m.batches[0].after
	}
	m.gone = append(m.gone, settled{uint64(b.after), uint64(b.to), uint64(low)})
}

func (m *model) add(e batch.Event) {
	if m.filling {
		open := m.batches[len(m.batches)-1]
		oldest, newest := open.times()
		if tooFar(oldest, newest, e) || open.held()+e.Held() > m.maxBytes/4 || open.held() > m.maxBytes/4/16*15 && e.Time > newest {
			m.filling = false
			m.relieve()
		}
	}
	if !m.filling {
		m.batches = append(m.batches, &modelBatch{since: time.Now(), after: m.last})
		m.filling = true
	}
	open := m.batches[len(m.batches)-1]
	m.last++
	open.to = m.last
	open.events = append(open.events, modelEvent{m.last, e})
}

// tooFar reports whether an event may not be in a batch with others of those times.
func tooFar(oldest, newest int64, e batch.Event) bool {
	return max(newest, e.Time)-min(oldest, e.Time) > 24*time.Hour.Milliseconds()
}

func (m *model) flush() { m.flushed(m.q.Flush()) }

func (m *model) flushed(done <-chan struct{}) {
	m.flushes = append(m.flushes, flush{m.last, done})
	if len(m.batches) > 0 {
		m.urgent = m.last
	}
}

// tell has an audience hear of losses, which must be those it has not heard of.
func (m *model) tell(a queue.Audience) {
	if got := m.q.Tell(a); got != m.untold[a] {
		m.t.Errorf("audience %d was told\n%+v, want\n%+v", a, got, m.untold[a])
	}
	m.untold[a] = account.Losses{}
}

// lost enters an event that is lost.
func (m *model) lost(reason account.Reason, e batch.Event) {
	m.want.Lost[reason]++
	if reason == account.Empty {
		return
	}
	m.untold[queue.Program][reason].Add(e.Time, e.Size, e.Level)
	if reason != account.Closed && reason != account.Undelivered {
		m.untold[queue.Stream][reason].Add(e.Time, e.Size, e.Level)
	}
}

// next has the queue hand out a batch, which must be the right one.
func (m *model) next() {
	now := time.Now()
	var ready []*modelBatch
	var wantDue time.Time
	for i, b := range m.batches {
		if b.item != nil || m.waits(b, m.batches[:i]) {
			continue
		}
		if open := m.filling && i == len(m.batches)-1; open && !m.closed && b.events[0].position > m.urgent {
			due := m.phase
			for !due.After(b.since) {
				due = due.Add(interval)
			}
			if now.Before(due) {
				wantDue = due
				continue
			}
		}
		ready = append(ready, b)
	}
	it, due, ended := m.q.Next(now)
	if len(ready) == 0 {
		if wantEnd := m.closed && len(m.batches) == 0; it != nil || !due.Equal(wantDue) || ended != wantEnd {
			m.t.Errorf("batch %v, due %v, ended %v; want none, %v, %v", it != nil, due, ended, wantDue, wantEnd)
		}
		return
	}
	want := ready[0]
	m.fromBack = !m.fromBack && now.Sub(want.since) > 2*interval
	if m.fromBack {
		want = ready[len(ready)-1]
	}
	if it == nil {
		m.t.Fatalf("no batch, want the one of event %d", want.events[0].position)
	}
	if want == m.batches[len(m.batches)-1] {
		m.filling = false
	}
	if after, to := it.Span(); after != uint64(want.after) || to != uint64(want.to) || it.Away() != want.away {
		m.t.Fatalf("after %d to %d, away %v; want %d, %d, %v", after, to, it.Away(), want.after, want.to, want.away)
	}
	want.item, want.beside = it, want.away
	if !want.away {
		m.seal(want)
	}
	m.checkOverlap()
}

// seal seals a batch in flight, which must hold the right events.
func (m *model) seal(b *modelBatch) {
	slices.SortStableFunc(b.events, func(a, b modelEvent) int { return int(a.Time - b.Time) })
	var positions []int
	for _, e := range b.events {
		positions = append(positions, e.position)
	}
	if got := numbers(m.t, b.item); !slices.Equal(got, positions) {
		m.t.Fatalf("the batch holds %v, want %v", got, positions)
	}
	b.settled = make([]bool, len(b.events))
}

// waits reports whether times of a batch overlap with those of others before it, or
// are earlier.
func (m *model) waits(b *modelBatch, before []*modelBatch) bool {
	oldest, _ := b.times()
	return slices.ContainsFunc(before, func(other *modelBatch) bool {
		_, newest := other.times()
		return !other.yields && newest >= oldest
	})
}

// checkOverlap checks what all that is for: no two batches in flight overlap.
func (m *model) checkOverlap() {
	for i, a := range m.batches {
		for _, b := range m.batches[:i] {
			if a.item == nil || b.item == nil || a.yields || b.yields {
				continue
			}
			aFrom, aTo := a.times()
			bFrom, bTo := b.times()
			if aFrom <= bTo && bFrom <= aTo {
				m.t.Errorf("in flight together: [%d, %d] and [%d, %d]", aFrom, aTo, bFrom, bTo)
			}
		}
	}
}

// anyOf returns one of the batches of that kind, or nil if there is none.
func (m *model) anyOf(kind func(*modelBatch) bool) *modelBatch {
	var list []*modelBatch
	for _, b := range m.batches {
		if kind(b) {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[m.r.IntN(len(list))]
}

func (b *modelBatch) flies() bool    { return b.item != nil }
func (b *modelBatch) isSealed() bool { return b.flies() && !b.away }
func (b *modelBatch) isMissed() bool { return b.flies() && b.away }

// settle settles what is left of a batch in flight, or only some of it.
func (m *model) settle(all bool) {
	b := m.anyOf((*modelBatch).isSealed)
	if b == nil {
		return
	}
	var o account.Outcome
	fate := []account.Reason{account.TooOld, account.Expired, account.TooNew, account.Refused}
	delivering := m.r.IntN(3) > 0
	for i, e := range b.events {
		if b.settled[i] || !all && m.r.IntN(3) == 0 {
			continue
		}
		b.settled[i] = true
		o.Settled.Add(e.Time, e.Size, e.Level)
		if delivering && m.r.IntN(3) > 0 {
			o.Delivered++
			o.Bytes += e.Size + 26
			if m.r.IntN(5) == 0 {
				o.Restamped++
			}
			continue
		}
		reason := fate[m.r.IntN(len(fate))]
		o.Lost[reason].Add(e.Time, e.Size, e.Level)
		m.lost(reason, e.Event)
	}
	done := !slices.Contains(b.settled, false)
	m.q.Settle(b.item, &o, done)
	m.want.Delivered += int64(o.Delivered)
	m.want.DeliveredBytes += int64(o.Bytes)
	m.want.Restamped += int64(o.Restamped)
	if o.Delivered > 0 {
		m.want.Batches++
	}
	if done {
		m.remove(b)
	}
}

func (b *modelBatch) times() (oldest, newest int64) {
	oldest, newest = b.events[0].Time, b.events[0].Time
	for _, e := range b.events {
		oldest, newest = min(oldest, e.Time), max(newest, e.Time)
	}
	return oldest, newest
}

// maxBatches is how many batches there may be in memory, in a queue as small as those here.
const maxBatches = 16

// counts reports whether the batch counts towards maxBytes.
func (b *modelBatch) counts() bool { return !b.away && !b.beside }

func (b *modelBatch) held() (sum int) {
	for _, e := range b.events {
		sum += e.Held()
	}
	return sum
}

// pending returns the events that are not settled.
func (b *modelBatch) pending() (list []modelEvent) {
	for i, e := range b.events {
		if b.settled == nil || !b.settled[i] {
			list = append(list, e)
		}
	}
	return list
}

func (m *model) held() (sum int) {
	for _, b := range m.batches {
		if b.counts() {
			sum += b.held()
		}
	}
	return sum
}

func (m *model) inMemory() (n int) {
	for _, b := range m.batches {
		if b.counts() {
			n++
		}
	}
	return n
}

func (m *model) flying() (sum int) {
	for _, b := range m.batches {
		if b.item != nil && b.counts() {
			sum += b.held()
		}
	}
	return sum
}

func (m *model) check() {
	s := identity(m.t, m.q)
	want := queue.State{Ledger: m.want}
	oldest := m.last + 1 // position of an event whose batch is in the queue
	for i, b := range m.batches {
		if b.counts() || b.beside {
			want.PendingBytes += int64(b.held())
		}
		if i == 0 {
			want.Oldest = b.since
		}
		want.Pending += int64(len(b.pending()))
		oldest = min(oldest, b.after+1)
	}
	if s != want {
		m.t.Fatalf("the state is\n%+v, want\n%+v", s, want)
	}
	for _, f := range m.flushes {
		// A batch leaves the queue as a whole, so later events of it count, too.
		if settled := f.last < oldest; isClosed(f.done) != settled {
			m.t.Fatalf("Flush of %d events: released %v, but the oldest in the queue is %d", f.last, !settled, oldest)
		}
	}
	m.flushes = slices.DeleteFunc(m.flushes, func(f flush) bool { return isClosed(f.done) })
	if awaited := m.closed || len(m.flushes) > 0; m.q.Awaited() != awaited {
		m.t.Errorf("awaited %v with %d in Flush", !awaited, len(m.flushes))
	}
	for a := range queue.Audiences {
		var untold int64
		for _, l := range m.untold[a] {
			untold += l.Events
		}
		if got := m.q.Untold(a); got != untold {
			m.t.Errorf("%d losses untold to %d, want %d", got, a, untold)
		}
	}
	if m.store != nil {
		m.checkStore()
	}
}

// end closes the queue and either drains or abandons it.
func (m *model) end() {
	m.q.Close()
	m.closed = true
	for range m.r.IntN(20) {
		m.deliver()
	}
	abandoned := m.r.IntN(2) == 0
	if abandoned {
		m.abandon()
	}
	for n := 0; len(m.batches) > 0 && !abandoned; n++ {
		if n > 10_000 {
			m.t.Fatal("it never ends")
		}
		m.deliver()
	}
	m.check()
	for a := range queue.Audiences {
		m.tell(a)
	}
	if len(m.batches) == 0 {
		wantEnd(m.t, m.q)
	}
}

func (m *model) deliver() {
	m.next()
	if m.store != nil {
		m.useStore()
	}
	m.settle(m.r.IntN(2) == 0)
	m.check()
}

// abandon has the queue give up, with batches in flight, some of them settled in
// part. What the store has stays.
func (m *model) abandon() {
	var want [2]queue.Left // kept, dropped
	var flying []*modelBatch
	undelivered := &m.untold[queue.Program][account.Undelivered]
	if m.store != nil {
		m.write()
	}
	for _, b := range slices.Clone(m.batches) {
		if b.item != nil {
			flying = append(flying, b)
		}
		var left []modelEvent
		for _, e := range b.pending() {
			n := &want[0]
			if m.isUnsafe(b, e) {
				n = &want[1]
				m.lost(account.Undelivered, e.Event)
			} else {
				left = append(left, e)
			}
			n.Events++
			n.Bytes += int64(e.Size) + 26
		}
		if len(left) == 0 { // as close as their times are known
			oldest, newest := b.times()
			undelivered.First, undelivered.Last = min(undelivered.First, oldest), max(undelivered.Last, newest)
			m.remove(b)
			continue
		}
		b.settled = make([]bool, len(b.events))
		for i, e := range b.events {
			b.settled[i] = !slices.ContainsFunc(left, func(other modelEvent) bool { return other.position == e.position })
		}
	}
	kept, dropped := m.q.Abandon()
	if got := [2]queue.Left{kept, dropped}; got != want {
		m.t.Errorf("kept and dropped %+v; want %+v", got, want)
	}
	m.check()
	for _, b := range flying { // their answers come too late
		if b.away {
			if m.q.Loaded(b.item, m.q.Read(b.item, func(uint64, uint64, func(uint64, batch.Event)) {})) {
				m.t.Error("a batch was loaded after the end")
			}
			continue
		}
		m.q.Settle(b.item, &account.Outcome{Delivered: 1, Bytes: 100}, m.r.IntN(2) == 0)
	}
	m.check()
}
