package logstore

import "container/heap"

// merge returns the first events of a range from several streams.
func merge(streams []*memoryStream, r Range, limit int) []Event {
	var out []Event
	cursors := cursors{backward: r.Backward}
	for _, s := range streams {
		s.sortByTime()
		c := cursor{stream: s, next: s.search(r.From), step: 1}
		c.left = s.search(r.To) - c.next
		if c.left <= 0 {
			continue
		}
		if r.Backward {
			c.next, c.step = c.next+c.left-1, -1
		}
		cursors.list = append(cursors.list, c)
	}
	heap.Init(&cursors)
	for len(cursors.list) > 0 && len(out) < limit {
		c := &cursors.list[0]
		out = append(out, c.stream.shown(c.stream.at(c.next)))
		c.next += c.step
		if c.left--; c.left == 0 {
			heap.Pop(&cursors)
		} else {
			heap.Fix(&cursors, 0)
		}
	}
	return out
}

// cursor is a position in one stream's events by time.
type cursor struct {
	stream *memoryStream
	next   int // index of the next event
	step   int // 1 or -1
	left   int // number of remaining events
}

// cursors is a heap with the cursor of the next event on top.
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
	return a.Before(b)
}

func (c *cursors) head(i int) Position {
	return c.list[i].stream.at(c.list[i].next).Position
}

func (c *cursors) Pop() any {
	last := c.list[len(c.list)-1]
	c.list = c.list[:len(c.list)-1]
	return last
}
