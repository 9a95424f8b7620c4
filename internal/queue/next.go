package queue

import "time"

// Next hands out a batch that is due at the time now: it is full, its interval has passed, or a
// caller waits for it. The batch stays in the queue until its outcome is recorded. Several
// batches may be in flight, but never two with overlapping timestamps: the service sorts by
// timestamp and would mix their events.
//
// The oldest batch goes first. But if it has waited for more than two intervals, there was an
// outage, and every other batch handed out is the newest one: current events need not wait until
// the backlog is sent.
//
// If no batch is ready, it is nil, and due is when the open one will be; zero if that depends on
// other events. ended means closed and empty.
func (q *Queue) Next(now time.Time) (it *Item, due time.Time, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest, newest, due := q.ready(now)
	if oldest == nil {
		return nil, due, q.endedLocked()
	}
	it = oldest
	if q.fromBack = !q.fromBack && now.Sub(oldest.since) > 2*q.cfg.Interval; q.fromBack {
		it = newest
	}
	q.count(it, -1)
	it.inFlight, it.excluded = true, it.Batch == nil
	q.count(it, 1)
	if it == q.open {
		q.open = nil
	}
	return it, time.Time{}, false
}

// ready returns the oldest and the newest batch that can be handed out, or nil, and when the open
// one is due if it only has to wait. All timestamps of such a batch are later than all those
// before it in the queue.
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
			if mayRead = mayRead && q.fitsExcluded(it.span.held); !mayRead {
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

// isDue reports whether the open batch may be sent although it is not full.
func (q *Queue) isDue(now time.Time) bool {
	return q.closed || q.urgent > q.open.after || !now.Before(q.due(q.open))
}

// due returns the first multiple of the interval on the grid after the first event was appended.
func (q *Queue) due(it *Item) time.Time {
	since := it.since.Sub(q.grid)
	return q.grid.Add(since.Truncate(q.cfg.Interval) + q.cfg.Interval)
}

// Yield lets later batches overtake a batch in flight, whatever their timestamps: its remaining
// events may have to wait for long.
func (q *Queue) Yield(it *Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(it, -1)
	it.yields = true
	q.count(it, 1)
}

// fitsExcluded reports whether a batch of that much memory may be in flight besides those that
// count towards MaxBytes. One always may. Batches that yield do not use up this room, because
// they may wait for long until others have been sent.
func (q *Queue) fitsExcluded(memory int) bool {
	busy := q.excluded - q.yielded
	return busy == 0 || busy+memory <= q.maxExcluded
}
