// Package batch builds the bodies of PutLogEvents requests in place.
//
// A body is written in wire form as events are added:
//
//	{"logGroupName":"g","logStreamName":"s","logEvents":[   head, written once
//	{"timestamp":1763812800123,"message":"..."}             one per event,
//	,{"timestamp":1763812800124,"message":"..."}            separated by commas
//	]}                                                      tail, written by Seal
//
// An index holds the offsets of the events, so that events added out of order can be sorted
// without being encoded again.
package batch

import (
	"cmp"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Limits of one PutLogEvents request, from the API reference of PutLogEvents
// and the page "CloudWatch Logs quotas".
const (
	MaxBytes      = 1_048_576 // UTF-8 message bytes + EventOverhead for each event
	EventOverhead = 26        // counted for each event, in bytes
	MaxEvents     = 10_000
	MaxSpan       = 24 * time.Hour           // between the oldest and the newest event
	MaxEventBytes = MaxBytes - EventOverhead // the largest message: the overhead counts here too
)

const tail = "]}"

// Head returns the start of every body for a log stream.
func Head(group, stream string) []byte {
	var head []byte
	head = append(head, `{"logGroupName":"`...)
	head, _ = encode.AppendMessage(head, []byte(group))
	head = append(head, `","logStreamName":"`...)
	head, _ = encode.AppendMessage(head, []byte(stream))
	return append(head, `","logEvents":[`...)
}

// Batch is the body of one request under construction. It is not safe for concurrent use.
type Batch struct {
	body    []byte
	head    int // length of the head in body
	index   []entry
	bytes   int   // as the service counts them, including EventOverhead
	held    int   // sum of Event.Held
	oldest  int64 // oldest timestamp, in ms
	newest  int64 // newest timestamp, in ms
	ordered bool  // the events were added in ascending order
	sorted  bool  // Seal has sorted them
}

// entry is an event and its position in the body.
type entry struct {
	time  int64
	start uint32
	end   uint32
	size  uint32
	level account.Level
	nth   uint16 // order of arrival, from 0
}

// New returns an empty batch whose body begins with head, with capacity for a body of that many
// bytes and that many events.
func New(head []byte, bytes, events int) *Batch {
	return &Batch{
		body:    append(make([]byte, 0, max(bytes, len(head))), head...),
		head:    len(head),
		index:   make([]entry, 0, events),
		ordered: true,
	}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	*b = Batch{body: b.body[:b.head], head: b.head, index: b.index[:0], ordered: true}
}

// Shrink releases unused memory if it is more than a quarter, as in a batch that ended early
// because an event did not fit. Nothing else may hold the body.
func (b *Batch) Shrink() {
	if unused := cap(b.body) - len(b.body); unused > cap(b.body)/4 {
		b.body = append(make([]byte, 0, len(b.body)+len(tail)), b.body...)
	}
	if unused := cap(b.index) - len(b.index); unused > cap(b.index)/4 {
		b.index = append(make([]entry, 0, len(b.index)), b.index...)
	}
}

// Head returns the start of the body, which belongs to the batch.
func (b *Batch) Head() []byte { return b.body[:b.head] }

// Size returns the length of the body: the capacity to pass to [New] for a batch like this.
func (b *Batch) Size() int { return len(b.body) }

// BodyBytes returns the length of a body with a head of that length, and that many events that
// hold that much memory.
func BodyBytes(head, held, events int) int { return head + held - events*(slotBytes-1) + len(tail) }

// Len returns the number of events.
func (b *Batch) Len() int { return len(b.index) }

// Bytes returns the size of the batch as the service counts it.
func (b *Batch) Bytes() int { return b.bytes }

// Held returns the memory of the events, in bytes.
func (b *Batch) Held() int { return b.held }

// Oldest returns the oldest timestamp, in ms. The batch must not be empty.
func (b *Batch) Oldest() int64 { return b.oldest }

// Newest returns the newest timestamp, in ms. The batch must not be empty.
func (b *Batch) Newest() int64 { return b.newest }

// AlmostFull reports whether the batch has reached 15/16 of the size or the number of events that
// a request may have.
func (b *Batch) AlmostFull() bool {
	return b.bytes > MaxBytes/16*15 || len(b.index) > MaxEvents/16*15
}

// Fits reports whether the batch stays within every limit of the service with e added. Any event
// fits an empty batch.
func (b *Batch) Fits(e Event) bool {
	if len(b.index) == 0 {
		return true
	}
	span := max(b.newest, e.Time) - min(b.oldest, e.Time)
	return len(b.index) < MaxEvents &&
		b.bytes+e.Size+EventOverhead <= MaxBytes &&
		span <= MaxSpan.Milliseconds()
}

// Add appends a copy of e, which must fit.
func (b *Batch) Add(e Event) {
	if len(b.index) == 0 {
		b.oldest, b.newest = e.Time, e.Time
	} else {
		b.body = append(b.body, ',')
		b.ordered = b.ordered && e.Time >= b.newest
		b.oldest, b.newest = min(b.oldest, e.Time), max(b.newest, e.Time)
	}
	start := len(b.body)
	b.body = append(b.body, e.Wire...)
	b.index = append(b.index, entry{e.Time, uint32(start), uint32(len(b.body)), uint32(e.Size), e.Level, uint16(len(b.index))})
	b.bytes += e.Size + EventOverhead
	b.held += e.Held()
}

// Seal sorts the events by timestamp, keeping the order of arrival for equal ones, and returns
// the finished body. Nothing may be added afterwards. The body belongs to the batch.
func (b *Batch) Seal() []byte {
	if !b.ordered {
		b.sort()
	}
	b.body = append(b.body, tail...)
	return b.body
}

func (b *Batch) sort() {
	slices.SortStableFunc(b.index, func(x, y entry) int { return cmp.Compare(x.time, y.time) })
	sorted := make([]byte, b.head, len(b.body)+len(tail))
	copy(sorted, b.body)
	for i := range b.index {
		e := &b.index[i]
		if i > 0 {
			sorted = append(sorted, ',')
		}
		start := uint32(len(sorted))
		sorted = append(sorted, b.body[e.start:e.end]...)
		e.start, e.end = start, uint32(len(sorted))
	}
	b.body, b.ordered, b.sorted = sorted, true, true
}
