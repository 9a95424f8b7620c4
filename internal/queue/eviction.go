package queue

import (
	"cmp"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// When memory is short, batches that the store keeps are evicted. What remains of one is a span,
// and adjacent spans are merged up to the size of a request. So an outage takes a few hundred
// bytes of memory per megabyte of events, however small the batches were, and the events are
// later sent in requests of useful size. A larger span could not be dropped or found damaged in
// part, because the sums of the parts are unknown, and could not be sent by several requests at
// once if its events are not ordered by time.

// Relieve evicts events that the store keeps if memory is short.
func (q *Queue) Relieve() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.syncRequested = false
	q.evictStored()
}

// evictStored evicts batches that the store keeps, newest first: the oldest are sent next. A
// batch in flight stays, but no longer counts towards MaxBytes: otherwise the requests in flight
// when an outage began would fill a small buffer until it ends. If batches are not synced yet,
// evictStored asks the store for a sync.
func (q *Queue) evictStored() {
	if q.replica == nil || q.closed || q.syncRequested {
		return
	}
	short, evicted := false, false
	for i := len(q.items) - 1; i >= 0 && q.usesOver(4) && (q.usesOver(2) || !short); i-- {
		it := q.items[i]
		if it == q.open || it.Batch == nil || it.excluded || it.inFlight && !q.fitsExcluded(it.Held()) {
			continue
		}
		if !q.replica.Synced(it.after, it.to) {
			short = short || !it.inFlight
			continue
		}
		if !q.usesOver(2) {
			continue
		}
		q.count(it, -1)
		if it.inFlight {
			it.excluded = true
		} else {
			it.span = span{sum: it.sum(), held: it.Held()}
			q.recycle(it)
			it.Batch = nil
			evicted = true
		}
		q.count(it, 1)
		q.roomOrEnd.Broadcast()
	}
	if evicted {
		q.mergeSpans()
	}
	if short {
		q.replica.Short()
		q.syncRequested = q.usesOver(2)
	}
}

// usesOver reports whether more than 1/parts of the memory is in use.
func (q *Queue) usesOver(parts int) bool {
	return q.held > q.cfg.MaxBytes/parts || q.batches > q.maxBatches/parts
}

// mergeSpans merges adjacent spans.
func (q *Queue) mergeSpans() {
	joined := q.items[:0]
	for _, it := range q.items {
		if n := len(joined); n > 0 && q.canMerge(joined[n-1], it) {
			joined[n-1].extend(it)
			continue
		}
		joined = append(joined, it)
	}
	clear(q.items[len(joined):])
	q.items = joined
}

// canMerge reports whether two items may be merged. Their timestamps need not fit into one request:
// Read splits a span if they are too far apart. Like a batch, an almost full span ends between
// two milliseconds.
func (q *Queue) canMerge(a, b *Item) bool {
	if a.Batch != nil || b.Batch != nil || a.inFlight || b.inFlight {
		return false
	}
	s, t := &a.span, &b.span
	full := func(of, most int64) bool { return of > most/16*15 && t.sum.First > s.sum.Last }
	bytes := s.sum.Bytes + s.sum.Events*batch.EventOverhead
	return !full(bytes, batch.MaxBytes) && bytes+t.sum.Bytes+t.sum.Events*batch.EventOverhead <= batch.MaxBytes &&
		!full(s.sum.Events, batch.MaxEvents) && s.sum.Events+t.sum.Events <= batch.MaxEvents &&
		!full(int64(s.held), int64(q.maxSpan)) && s.held+t.held <= q.maxSpan
}

// extend appends the span that follows. The outcome of everything between the two is known.
func (it *Item) extend(next *Item) {
	it.span.sum.Merge(&next.span.sum)
	it.span.held += next.span.held
	it.span.skip.Add(it.to+1, next.after+1)
	for _, r := range next.span.skip {
		it.span.skip.Add(r.From, r.To)
	}
	it.to = next.to
}

// Reader calls visit for the events at the positions (after, to] that the store can read, in any
// order but each once. It may wait for the disk. The event is valid only during the call of
// visit.
type Reader func(after, to uint64, visit func(position uint64, e batch.Event))

// Reading is the result of [Queue.Read].
type Reading struct {
	batch   *batch.Batch // the events for one request
	reached uint64       // position of the last of them
	rest    span         // the remaining events
	found   account.Loss // sum of both
}

// Read reads back a span that Next has handed out; pass the result to [Queue.Loaded]. It waits
// for the disk without holding the lock.
func (q *Queue) Read(it *Item, read Reader) *Reading {
	s := &it.span // not changed while in flight
	n := int(s.sum.Events)
	all := batch.New(q.cfg.Head, batch.BodyBytes(len(q.cfg.Head), s.held, n), n)
	positions := make([]uint64, 0, n)
	fits := true
	read(it.after, it.to, func(position uint64, e batch.Event) {
		if !s.skip.Contains(position) {
			fits = fits && all.Fits(e)
			all.Add(e)
			positions = append(positions, position)
		}
	})
	r := &Reading{batch: all, reached: it.to, found: all.Loss(0, all.Len())}
	if !fits {
		r.split(q.cfg.Head, positions)
	}
	return r
}

// split reduces the batch to the events that fit into one request, in the order of positions.
func (r *Reading) split(head []byte, positions []uint64) {
	all, to := r.batch, r.reached
	order := make([]int, len(positions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(positions[i], positions[j]) })
	r.batch = batch.New(head, 0, 0)
	next := to + 1 // position after the last event of the rest
	for _, i := range order {
		e, position := all.Event(i), positions[i]
		if r.rest.sum.Events == 0 {
			if r.batch.Fits(e) {
				r.batch.Add(e)
				continue
			}
			r.reached, next = position-1, position
		}
		r.rest.sum.Add(e.Time, e.Size, e.Level)
		r.rest.held += e.Held()
		r.rest.skip.Add(next, position)
		next = position + 1
	}
	r.rest.skip.Add(next, to+1)
}

// Loaded records the result of Read. Events that were not found are lost. Those for one request
// are a batch in memory now, the rest becomes a span of its own. It returns false if there is no
// batch; then the item is removed.
func (q *Queue) Loaded(it *Item, r *Reading) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !it.inFlight { // abandoned meanwhile
		return false
	}
	damaged := it.span.sum
	damaged.Subtract(&r.found)
	q.lose(account.Damaged, &damaged)
	q.pending -= damaged.Events
	q.count(it, -1)
	if r.rest.sum.Events > 0 {
		rest := &Item{span: r.rest, after: r.reached, to: it.to, since: it.since}
		q.items = slices.Insert(q.items, slices.Index(q.items, it)+1, rest)
	}
	it.Batch, it.span, it.to, it.reread = r.batch, span{skip: it.span.skip}, r.reached, true
	q.count(it, 1)
	if it.Len() == 0 {
		q.remove(it)
		return false
	}
	return true
}
