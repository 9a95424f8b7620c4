package queue

import (
	"cmp"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Batches that the store keeps give up their memory when that is short. What stays of
// one is a span, and spans that follow each other become one, as long as they hold no
// more than a request takes: so an outage leaves a few hundred bytes a megabyte in
// memory, however small the batches were, and they are sent in requests of useful size.
// A larger span would have to be dropped, or found damaged, with sums that are not
// known for a part of it, and could not be sent by several requests at once where its
// events are not in the order of their times.

// Relieve gives back memory if there is little left and the store keeps events
// that are in it.
func (q *Queue) Relieve() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked = false
	q.relieve()
}

// relieve evicts batches that the store keeps, the newest first: the oldest are sent
// next. One that is in flight stays, but counts beside MaxBytes from now on: otherwise the
// requests that were in flight when an outage began would fill a small buffer until its
// end. What is not synced yet the store is asked to sync.
func (q *Queue) relieve() {
	if q.replica == nil || q.closed || q.asked {
		return
	}
	short, evicted := false, false
	for i := len(q.items) - 1; i >= 0 && q.uses(4) && (q.uses(2) || !short); i-- {
		it := q.items[i]
		if it == q.open || it.Batch == nil || it.beside || it.inFlight && !q.fitsBeside(it.Held()) {
			continue
		}
		if !q.replica.Synced(it.after, it.to) {
			short = short || !it.inFlight
			continue
		}
		if !q.uses(2) {
			continue
		}
		q.count(it, -1)
		if it.inFlight {
			it.beside = true
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
		q.join()
	}
	if short {
		q.replica.Short()
		q.asked = q.uses(2)
	}
}

// uses reports whether more than one part of so many of the memory is in use.
func (q *Queue) uses(parts int) bool {
	return q.held > q.cfg.MaxBytes/parts || q.batches > q.maxBatches/parts
}

// join makes one span of spans that follow each other.
func (q *Queue) join() {
	joined := q.items[:0]
	for _, it := range q.items {
		if n := len(joined); n > 0 && q.joins(joined[n-1], it) {
			joined[n-1].extend(it)
			continue
		}
		joined = append(joined, it)
	}
	clear(q.items[len(joined):])
	q.items = joined
}

// joins reports whether two items become one. They need not fit into one request by their
// times: where those are far apart, Read splits the span. Like a batch, a span that is
// almost full ends where a millisecond does.
func (q *Queue) joins(a, b *Item) bool {
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

// extend adds the span that follows. What is between them is settled.
func (it *Item) extend(next *Item) {
	it.span.sum.Merge(&next.span.sum)
	it.span.held += next.span.held
	it.span.gone.Add(it.to+1, next.after+1)
	for _, r := range next.span.gone {
		it.span.gone.Add(r.From, r.To)
	}
	it.to = next.to
}

// Reader visits the events after a position, up to another, that the store can read, in
// any order but each once. It may wait for a disk. What visit is given is only valid
// during the call.
type Reader func(after, to uint64, visit func(position uint64, e batch.Event))

// Reading is what Read has found.
type Reading struct {
	batch   *batch.Batch // the events that one request takes
	reached uint64       // the position up to which they are
	rest    span         // the others
	found   account.Loss // sum of all
}

// Read reads a span back that Next has handed out. It belongs to Loaded, and waits for
// the disk without a lock.
func (q *Queue) Read(it *Item, read Reader) *Reading {
	s := &it.span // nobody changes it while it is in flight
	n := int(s.sum.Events)
	all := batch.New(q.cfg.Head, batch.BodyBytes(len(q.cfg.Head), s.held, n), n)
	positions := make([]uint64, 0, n)
	fits := true
	read(it.after, it.to, func(position uint64, e batch.Event) {
		if !s.gone.Contains(position) {
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

// split leaves in the batch what one request takes, in the order of positions.
func (r *Reading) split(head []byte, positions []uint64) {
	all, to := r.batch, r.reached
	order := make([]int, len(positions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(positions[i], positions[j]) })
	r.batch = batch.New(head, 0, 0)
	next := to + 1 // behind the last event of the rest
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
		r.rest.gone.Add(next, position)
		next = position + 1
	}
	r.rest.gone.Add(next, to+1)
}

// Loaded records what Read has found of a span. What it has not is lost. What one request
// takes is a batch in memory now, the rest a span of its own. Loaded reports whether there
// is such a batch; without, the item is settled.
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
	it.Batch, it.span, it.to, it.reread = r.batch, span{gone: it.span.gone}, r.reached, true
	q.count(it, 1)
	if it.Len() == 0 {
		q.remove(it)
		return false
	}
	return true
}
