package queue

import "time"

// Next hands out a batch that is due at the time now: it is full, it has waited
// for its interval, or somebody asked for it. The batch stays in the queue until
// it is settled. Several may be in flight, but never two whose times overlap:
// the service sorts by time, so their events would get mixed up.
//
// The oldest goes first. But where the oldest has waited for more than two
// intervals, there was trouble, and every other batch is the newest one: what
// happens now need not wait until everything old is gone.
//
// Without such a batch, it is nil, and due says when the open one will be one; the
// zero time if that depends on others. ended means closed and empty.
func (q *Queue) Next(now time.Time) (it *Item, due time.Time, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest, newest, due := q.ready(now)
	if oldest == nil {
		return nil, due, q.over()
	}
	it = oldest
	if q.fromBack = !q.fromBack && now.Sub(oldest.since) > 2*q.cfg.Interval; q.fromBack {
		it = newest
	}
	q.count(it, -1)
	it.inFlight, it.beside = true, it.Batch == nil
	q.count(it, 1)
	if it == q.open {
		q.open = nil
	}
	return it, time.Time{}, false
}

// ready returns the oldest and the newest batch that can be handed out, or nil,
// and when the open one can be if that is only a matter of time. The times of such
// a batch are later than all times before it in the queue.
func (q *Queue) ready(now time.Time) (oldest, newest *Item, due time.Time) {
	latest, mayRead := int64(-1), true
	for _, it := range q.items {
		oldestTime, newestTime := it.times()
		apart := oldestTime > latest
		if !it.yields {
			latest = max(latest, newestTime)
		}
		if it.inFlight || !apart {
			continue
		}
		if it == q.open && !q.isDue(now) {
			due = q.due(it)
			continue
		}
		if it.Batch == nil {
			if mayRead = mayRead && q.fitsBeside(it.span.held); !mayRead {
				continue
			}
		}
		if oldest == nil {
			oldest = it
		}
		newest = it
	}
	return oldest, newest, due
}

// isDue reports whether the open batch goes out as it is.
func (q *Queue) isDue(now time.Time) bool {
	return q.closed || q.urgent > q.open.after || !now.Before(q.due(q.open))
}

// due returns the first point of the grid after the first event came.
func (q *Queue) due(it *Item) time.Time {
	since := it.since.Sub(q.grid)
	return q.grid.Add(since.Truncate(q.cfg.Interval) + q.cfg.Interval)
}

// Yield lets others overtake a batch in flight, whatever their times: what is
// left of it may have to wait for long.
func (q *Queue) Yield(it *Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(it, -1)
	it.yields = true
	q.count(it, 1)
}

// fitsBeside reports whether a batch that takes so much memory may be in flight beside
// those that count towards MaxBytes. One always may. Batches that yield may wait for
// long, until others have been sent, so they do not use up the room.
func (q *Queue) fitsBeside(memory int) bool {
	busy := q.beside - q.yielded
	return busy == 0 || busy+memory <= q.maxBeside
}
