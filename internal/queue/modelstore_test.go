package queue_test

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// The part of the model that is about the store: which batches are only there, and
// what it is told.

// useStore has the store do something.
func (m *model) useStore() {
	switch m.r.IntN(5) {
	case 0:
		m.write()
	case 1:
		m.q.Relieve()
		m.asked = false
		m.relieve()
	case 2:
		if m.r.IntN(5) == 0 {
			m.giveUp()
		}
	default:
		if b := m.anyOf((*modelBatch).isMissed); b != nil {
			m.load(b)
		}
	}
}

// write has the store get on.
func (m *model) write() {
	s := m.store
	s.stored += m.r.Uint64N(uint64(m.last) - s.stored + 1)
	s.after, s.to = s.stored, math.MaxUint64
	switch m.r.IntN(6) {
	case 0, 1:
		s.to = s.after + m.r.Uint64N(30)
	case 2: // a file it had synced cannot be relied on
		s.after = m.r.Uint64N(s.after + 1)
		s.to = s.after + m.r.Uint64N(30)
	}
}

// giveUp has the store be full.
func (m *model) giveUp() {
	gives := m.policy == queue.DropOldest && m.dropOldest(func(b *modelBatch) bool {
		return !m.filling || b != m.batches[len(m.batches)-1]
	})
	if got := m.q.GiveUp(); got != gives {
		m.t.Errorf("something was given up: %v, want %v", got, gives)
	}
}

// relieve gives back the memory of the newest batches that can go, and makes one span of
// those that follow each other. What is in flight does not count any more.
func (m *model) relieve() {
	if m.store == nil || m.closed || m.asked {
		return
	}
	uses := func(parts int) bool { return m.held() > m.maxBytes/parts || m.inMemory() > maxBatches/parts }
	evicted, short := false, false
	for i := len(m.batches) - 1; i >= 0 && uses(2); i-- {
		b := m.batches[i]
		open := m.filling && i == len(m.batches)-1
		switch {
		case open || !b.counts():
		case uint64(b.to) > m.store.stored:
			short = short || !b.flies()
		case b.flies():
			b.beside = true
		default:
			b.away, evicted = true, true
		}
	}
	if m.asked = short && uses(2); !evicted {
		return
	}
	var joined []*modelBatch
	for _, b := range m.batches {
		if n := len(joined); n > 0 && b.away && joined[n-1].away && !b.flies() && !joined[n-1].flies() {
			a := joined[n-1]
			gone := maps.Clone(a.gone)
			if gone == nil {
				gone = make(map[int]bool)
			}
			for position := a.to + 1; position <= b.after; position++ {
				gone[position] = true
			}
			maps.Copy(gone, b.gone)
			a.gone = gone
			if a.to = b.to; a.held()+b.held() > 1<<20 {
				m.t.Fatal("the spans of the model are too large")
			}
			a.events = append(a.events, b.events...)
			m.spans++
			continue
		}
		joined = append(joined, b)
	}
	m.batches = joined
}

// load reads a span back, or what is left of it. The store may have what is settled, too,
// and some events come last, as if they were in a damaged segment.
func (m *model) load(b *modelBatch) {
	all, oneOf := m.r.IntN(2) == 0, 1+m.r.IntN(4)
	var found, rest []modelEvent
	damaged := &account.Loss{}
	for _, e := range b.byPosition() {
		if all || m.r.IntN(oneOf) > 0 {
			found = append(found, e)
		} else {
			damaged.Add(e.Time, e.Size, e.Level)
		}
	}
	stored := slices.Clone(found)
	for position := b.after + 1; position <= b.to; position++ {
		if !slices.ContainsFunc(b.events, func(e modelEvent) bool { return e.position == position }) && m.r.IntN(2) == 0 {
			stored = append(stored, modelEvent{position, eventAt(position, 100, m.clock)})
		}
	}
	if m.r.IntN(3) > 0 {
		slices.SortFunc(stored, func(a, b modelEvent) int { return cmp.Compare(a.position, b.position) })
	}
	damaged.First, damaged.Last = b.times() // as close as they are known
	m.want.Lost[account.Damaged] += damaged.Events
	for a := range queue.Audiences {
		m.untold[a][account.Damaged].Merge(damaged)
	}
	got := m.q.Loaded(b.item, m.q.Read(b.item, func(_, _ uint64, visit func(uint64, batch.Event)) {
		for _, e := range stored {
			visit(uint64(e.position), e.Event)
		}
	}))
	if got != (len(found) > 0) {
		m.t.Errorf("%d events were loaded, but %v", len(found), got)
	}
	b.events, b.away, b.loaded = found, false, true
	if len(found) == 0 {
		m.remove(b)
		return
	}
	for n := 1; n < len(found); n++ {
		b.events = found[:n]
		if oldest, newest := b.times(); tooFar(oldest, newest, found[n].Event) {
			rest = found[n:]
			break
		}
		b.events = found
	}
	if len(rest) > 0 {
		m.splits++
		behind := &modelBatch{events: slices.Clone(rest), after: rest[0].position - 1, to: b.to, since: b.since, away: true}
		behind.gone = make(map[int]bool)
		for position := behind.after + 1; position <= behind.to; position++ {
			behind.gone[position] = !slices.ContainsFunc(rest, func(e modelEvent) bool { return e.position == position })
		}
		b.events, b.to = slices.Clip(b.events), behind.after
		m.batches = slices.Insert(m.batches, slices.Index(m.batches, b)+1, behind)
	}
	m.seal(b)
	m.checkOverlap()
}

func (b *modelBatch) byPosition() []modelEvent {
	return slices.SortedFunc(slices.Values(b.events), func(a, b modelEvent) int { return cmp.Compare(a.position, b.position) })
}

// isUnsafe reports whether an event of a batch is dropped by Abandon. Where some of a
// batch are settled, and some are unsafe, all that are left are dropped.
func (m *model) isUnsafe(b *modelBatch, e modelEvent) bool {
	if m.store == nil {
		return true
	}
	switch {
	case m.unsafePositions(b) == 0:
		return false
	case b.away || slices.Contains(b.settled, true):
		return true
	default:
		return uint64(e.position) > m.store.after && uint64(e.position) <= m.store.to
	}
}

// unsafePositions returns how many positions of a batch the store calls unsafe.
func (m *model) unsafePositions(b *modelBatch) (n int) {
	for position := b.after + 1; position <= b.to; position++ {
		if uint64(position) > m.store.after && uint64(position) <= m.store.to && !b.gone[position] {
			n++
		}
	}
	return n
}

// checkStore checks what the store was told, and what Copy and Unsafe answer.
func (m *model) checkStore() {
	if got := m.store.settled; !slices.Equal(got, m.gone) {
		m.t.Fatalf("settled %v, want %v", got, m.gone)
	}
	m.store.settled, m.gone = nil, nil

	var unsafe int64
	for _, b := range m.batches {
		unsafe += int64(min(m.unsafePositions(b), len(b.pending())))
	}
	if got := m.q.Unsafe(); got != unsafe {
		m.t.Errorf("%d events are unsafe, want %d", got, unsafe)
	}

	after, most := m.r.Uint64N(uint64(m.last)+1), m.r.IntN(50)
	visited, reached := m.copied(after, most)
	if got, r := copied(m.q, after, most); !slices.Equal(got, visited) || r != reached {
		m.t.Errorf("%d events after %d: visited %v and reached %d, want %v and %d", most, after, got, r, visited, reached)
	}
}

func (m *model) copied(after uint64, most int) (list []int, reached uint64) {
	for _, b := range m.batches {
		for _, e := range b.byPosition() {
			if b.away || b.loaded || uint64(e.position) <= after {
				continue
			}
			if len(list) == most { // between the last one visited and this one, those of other batches need not be
				before := max(after, uint64(b.after), uint64(e.position-1))
				return list, before
			}
			list = append(list, e.position)
		}
	}
	return list, uint64(m.last)
}
