package cloudwatch

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// partials knows which lines hold a partial line, so that Flush and Shutdown find them. It
// knows no others, so the garbage collector can free a Writer that is no longer used. lines
// calls it with its own lock held, never the other way round.
type partials struct {
	taking sync.Mutex // held by takeOldest: what one call has taken is in the queue before the next one looks

	mu     sync.Mutex
	lines  map[*lines]*partial
	newest uint64 // number of the newest one, also if it has ended
	bytes  int    // of all of them
	ended  bool   // no partial line is held any more
}

// partial is a partial line as partials sees it.
type partial struct {
	number uint64 // in the order in which they began
	bytes  int    // that are held
}

// More partial lines than these, or larger ones together, are not held: a program that makes
// a Writer for each text without a newline must not fill the memory.
const (
	maxPartials     = 1000
	maxPartialBytes = 4 << 20
)

// add registers a partial line. It reports false if none may be held any more.
func (p *partials) add(l *lines) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	if p.lines == nil {
		p.lines = make(map[*lines]*partial)
	}
	p.newest++
	p.lines[l] = &partial{number: p.newest}
	return true
}

// grow adds to the bytes of a partial line. It reports whether there are too many of them or of
// their bytes now, see relieve.
func (p *partials) grow(l *lines, bytes int) (crowded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines[l].bytes += bytes
	p.bytes += bytes
	return len(p.lines) > maxPartials || p.bytes > maxPartialBytes
}

func (p *partials) remove(l *lines) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes -= p.lines[l].bytes
	delete(p.lines, l)
}

// oldest returns the lines that hold a partial line, in the order in which these began, except
// the newest ones: up to but of them, with up to bytes together.
func (p *partials) oldest(but, bytes int) []*lines {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := slices.SortedFunc(maps.Keys(p.lines), func(a, b *lines) int { return cmp.Compare(p.lines[a].number, p.lines[b].number) })
	n := len(known)
	for ; n > 0 && but > 0 && p.lines[known[n-1]].bytes <= bytes; n-- {
		but--
		bytes -= p.lines[known[n-1]].bytes
	}
	return known[:n]
}

// take ends the partial lines of all Writers where they are, and passes the events they make
// to give, in the order in which the lines began. last: from now on, text without a newline is
// a line. give must not block.
func (p *partials) take(last bool, give func(events ...batch.Event)) {
	if last {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
	}
	p.takeOldest(0, 0, last, give)
}

// relieve is take for the oldest, so that half as many may be held again.
func (p *partials) relieve(give func(events ...batch.Event)) {
	p.takeOldest(maxPartials/2, maxPartialBytes/2, false, give)
}

func (p *partials) takeOldest(but, bytes int, last bool, give func(events ...batch.Event)) {
	p.taking.Lock()
	defer p.taking.Unlock()
	var events []batch.Event
	for _, l := range p.oldest(but, bytes) {
		events = append(events, l.take(last)...)
	}
	give(events...)
}
