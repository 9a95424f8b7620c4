package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// partials lists the partial lines, so that Flush and Shutdown find them. Writers without one are
// not listed, so the garbage collector can free them. Lock order: lines.mu before partials.mu.
type partials struct {
	taking sync.Mutex // held by takeOldest: its events are queued before the next call starts

	mu     sync.Mutex
	lines  map[*lines]*partial
	newest uint64 // number of the newest partial line ever
	bytes  int    // held by all partial lines
	ended  bool   // no partial line may be held
}

// partial is the entry of a partial line.
type partial struct {
	number uint64 // in the order in which they began
	bytes  int    // held
}

// Bounds of all partial lines together: a program that makes a Writer for each text without a
// newline must not fill the memory.
const (
	maxPartials     = 1000
	maxPartialBytes = 4 << 20
)

// add adds a partial line. It returns false if none may be held any more.
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

// grow adds to the bytes of a partial line. It reports whether a bound is exceeded, see relieve.
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

// oldest returns all partial lines in the order in which they began, except the newest ones: up to
// keep of them, with up to bytes together.
func (p *partials) oldest(keep, bytes int) []*lines {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(p.lines), func(a, b *lines) int { return cmp.Compare(p.lines[a].number, p.lines[b].number) })
	n := len(all)
	for ; n > 0 && keep > 0 && p.lines[all[n-1]].bytes <= bytes; n-- {
		keep--
		bytes -= p.lines[all[n-1]].bytes
	}
	return all[:n]
}

// take ends all partial lines without a newline and passes their events to give, in the order in
// which the lines began. After the last take, text without a newline is a line. give must not
// block.
func (p *partials) take(last bool, give func(events ...batch.Event)) {
	if last {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
	}
	p.takeOldest(0, 0, last, give)
}

// relieve takes the oldest partial lines, so that at most half of each bound remains in use.
func (p *partials) relieve(give func(events ...batch.Event)) {
	p.takeOldest(maxPartials/2, maxPartialBytes/2, false, give)
}

func (p *partials) takeOldest(keep, bytes int, last bool, give func(events ...batch.Event)) {
	p.taking.Lock()
	defer p.taking.Unlock()
	var events []batch.Event
	for _, l := range p.oldest(keep, bytes) {
		events = append(events, l.take(last)...)
	}
	give(events...)
}
