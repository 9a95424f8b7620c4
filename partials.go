package cloudwatch

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// partials knows which lines hold a partial line, so that Flush and Shutdown find them. It
// knows no others: a Writer that is not used any more is not kept in memory. lines calls it
// with its own lock held, never the other way round.
type partials struct {
	mu    sync.Mutex
	lines map[*lines]struct{}
	ended bool // no partial line is held any more
}

// add reports whether a partial line may be held, which is then known.
func (p *partials) add(l *lines) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	if p.lines == nil {
		p.lines = make(map[*lines]struct{})
	}
	p.lines[l] = struct{}{}
	return true
}

func (p *partials) remove(l *lines) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lines, l)
}

// all returns those known, and lets no others in if that is for the last time.
func (p *partials) all(last bool) []*lines {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = p.ended || last
	return slices.Collect(maps.Keys(p.lines))
}

// take ends the partial lines of all Writers where they are, and returns the events they
// make, in the order of their times. last: text without a newline is a line from now on.
func (p *partials) take(last bool) (events []batch.Event) {
	for _, l := range p.all(last) {
		parts, rest := l.take()
		events = append(events, parts...)
		events = append(events, l.w.eventsOf(rest)...)
	}
	slices.SortStableFunc(events, func(a, b batch.Event) int { return cmp.Compare(a.Time, b.Time) })
	return events
}
