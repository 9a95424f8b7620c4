package cloudwatchtest

import (
	"container/heap"
	"math"
)

// pager describes a page of events: those at or after from and before to, in
// the direction of travel, as many as limit and the size of a page allow.
type pager struct {
	from, to position
	backward bool // from the latest to the earliest
	limit    int
}

// A page is at most 1 MB; counted like a batch, so any event fits.
const maxPageBytes = maxBatchBytes

// endOfTime lies after every event.
func endOfTime() position { return position{math.MaxInt64, math.MaxInt64} }

// page is what a pager found, in the direction of travel.
type page struct {
	events []pageEvent
	more   bool // there are more events in this direction, inside the window
	from   position
}

type pageEvent struct {
	event
	stream string
}

// collect merges the streams.
func (p pager) collect(streams []*logStream) page {
	out := page{from: p.from}
	cursors := cursors{backward: p.backward}
	for _, s := range streams {
		s.sortByTime()
		c := cursor{stream: s, next: s.search(p.from), step: 1}
		c.left = s.search(p.to) - c.next
		if c.left <= 0 {
			continue
		}
		if p.backward {
			c.next, c.step = c.next+c.left-1, -1
		}
		cursors.list = append(cursors.list, c)
	}
	heap.Init(&cursors)
	bytes := 0
	for len(cursors.list) > 0 {
		c := &cursors.list[0]
		e := c.stream.at(c.next)
		bytes += len(e.message) + eventOverhead
		if len(out.events) == p.limit || bytes > maxPageBytes {
			out.more = true
			break
		}
		out.events = append(out.events, pageEvent{*e, c.stream.name})
		c.next += c.step
		if c.left--; c.left == 0 {
			heap.Pop(&cursors)
		} else {
			heap.Fix(&cursors, 0)
		}
	}
	return out
}

// cursor is a place in one stream's events by position.
type cursor struct {
	stream *logStream
	next   int // the event to take next
	step   int // 1 or -1
	left   int // events not taken yet
}

// cursors is a heap with the event to take next on top.
type cursors struct {
	list     []cursor
	backward bool
}

func (c *cursors) Len() int      { return len(c.list) }
func (c *cursors) Swap(i, j int) { c.list[i], c.list[j] = c.list[j], c.list[i] }
func (c *cursors) Push(x any)    { c.list = append(c.list, x.(cursor)) }

func (c *cursors) Less(i, j int) bool {
	a, b := c.head(i), c.head(j)
	if c.backward {
		a, b = b, a
	}
	return a.before(b)
}

func (c *cursors) head(i int) position {
	return c.list[i].stream.at(c.list[i].next).position
}

func (c *cursors) Pop() any {
	last := c.list[len(c.list)-1]
	c.list = c.list[:len(c.list)-1]
	return last
}
