package batch

import (
	"sort"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// The methods below concern the events [from, to) of a sealed batch, in the order of its body.

// Body returns the body of a request with only these events. If these are all events, it is the
// batch's own.
func (b *Batch) Body(from, to int) []byte {
	if from == 0 && to == len(b.index) {
		return b.body
	}
	start, end := b.index[from].start, b.index[to-1].end
	body := make([]byte, 0, b.head+int(end-start)+len(tail))
	body = append(body, b.body[:b.head]...)
	body = append(body, b.body[start:end]...)
	return append(body, tail...)
}

// BodySize returns the length of that body.
func (b *Batch) BodySize(from, to int) int {
	return b.head + int(b.index[to-1].end-b.index[from].start) + len(tail)
}

// Counted returns the size of the events as the service counts it.
func (b *Batch) Counted(from, to int) (bytes int) {
	if from == 0 && to == len(b.index) {
		return b.bytes
	}
	for _, e := range b.index[from:to] {
		bytes += int(e.size) + EventOverhead
	}
	return bytes
}

// Loss sums up the events as lost.
func (b *Batch) Loss(from, to int) (l account.Loss) {
	for _, e := range b.index[from:to] {
		l.Add(e.time, int(e.size), e.level)
	}
	return l
}

// Within returns the events with timestamps from oldest to newest.
func (b *Batch) Within(oldest, newest int64) (from, to int) {
	from = sort.Search(len(b.index), func(i int) bool { return b.index[i].time >= oldest })
	to = sort.Search(len(b.index), func(i int) bool { return b.index[i].time > newest })
	return from, max(from, to)
}

// Event returns the event with index i. Its wire form belongs to the batch.
func (b *Batch) Event(i int) Event {
	e := b.index[i]
	return Event{Time: e.time, Size: int(e.size), Level: e.level, Wire: b.body[e.start:e.end]}
}
