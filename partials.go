package cloudwatch

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// partials knows which lines hold a partial line, so that Flush and Shutdown find them. It
// knows no others: a Writer that is not used any more is not kept in memory. lines calls it
// with its own lock held, never the other way round.
type partials struct {
	taking sync.Mutex // held by take; what one has taken is in the queue when the next one looks

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

// take ends the partial lines of all Writers where they are, and gives the events they make
// to the queue, in the order in which the lines began. last: text without a newline is a line
// from now on. give must not wait.
func (p *partials) take(last bool, give func(events ...batch.Event)) {
	p.taking.Lock()
	defer p.taking.Unlock()
	type taken struct {
		since  time.Time
		events []batch.Event
	}
	var all []taken
	for _, l := range p.all(last) {
		since, events := l.take()
		all = append(all, taken{since, events})
	}
	slices.SortFunc(all, func(a, b taken) int { return a.since.Compare(b.since) })
	var events []batch.Event
	for _, t := range all {
		events = append(events, t.events...)
	}
	give(events...)
}
