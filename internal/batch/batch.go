// Package batch builds the bodies of PutLogEvents requests in place.
//
// A body is written in wire form while events come in:
//
//	{"logGroupName":"g","logStreamName":"s","logEvents":[   head, written once
//	{"timestamp":1763812800123,"message":"..."}             one per event,
//	,{"timestamp":1763812800124,"message":"..."}            separated by commas
//	]}                                                      tail, written by Seal
//
// A small index beside it holds where each event stands, so that a batch that
// came in out of order can be put in order without being encoded again.
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

// Head returns the start of every body that goes to a stream.
func Head(group, stream string) []byte {
	var head []byte
	head = append(head, `{"logGroupName":"`...)
	head, _ = encode.AppendMessage(head, []byte(group))
	head = append(head, `","logStreamName":"`...)
	head, _ = encode.AppendMessage(head, []byte(stream))
	return append(head, `","logEvents":[`...)
}

// Batch is the body of one request in the making. It is not safe for
// concurrent use.
type Batch struct {
	body    []byte
	head    int // length of the head in body
	index   []entry
	bytes   int   // as the service counts them, overhead included
	held    int   // sum of Event.Held
	oldest  int64 // time of the oldest event, in ms
	newest  int64 // time of the newest event, in ms
	ordered bool  // the events came in ascending order
	sorted  bool  // Seal has put them in order
}

// entry is an event of the batch and the place in the body where it stands.
type entry struct {
	time  int64
	start uint32
	end   uint32
	size  uint32
	level account.Level
	nth   uint16 // to come, from 0
}

// New returns an empty batch whose body begins with head, with memory for a
// body of that many bytes and that many events.
func New(head []byte, bytes, events int) *Batch {
	return &Batch{
		body:    append(make([]byte, 0, max(bytes, len(head))), head...),
		head:    len(head),
		index:   make([]entry, 0, events),
		ordered: true,
	}
}

// Reset empties the batch, whose memory is used again.
func (b *Batch) Reset() {
	*b = Batch{body: b.body[:b.head], head: b.head, index: b.index[:0], ordered: true}
}

// Shrink gives memory back if a good part of it is not used, since an event that did not
// fit came early. Nothing else may hold the body.
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

// Size returns the length of the body: what New takes for a batch like this.
func (b *Batch) Size() int { return len(b.body) }

// BodyBytes returns the length of a body with a head of that many bytes and that many
// events, which hold so much memory.
func BodyBytes(head, held, events int) int { return head + held - events*(slotBytes-1) + len(tail) }

// Len returns the number of events.
func (b *Batch) Len() int { return len(b.index) }

// Bytes returns the size of the batch as the service counts it.
func (b *Batch) Bytes() int { return b.bytes }

// Held returns the memory the events take, in bytes.
func (b *Batch) Held() int { return b.held }

// Oldest returns the time of the oldest event, in ms. There must be one.
func (b *Batch) Oldest() int64 { return b.oldest }

// Newest returns the time of the newest event, in ms. There must be one.
func (b *Batch) Newest() int64 { return b.newest }

// AlmostFull reports whether the batch has reached a share of 15/16 of what a
// request may hold.
func (b *Batch) AlmostFull() bool {
	return b.bytes > MaxBytes/16*15 || len(b.index) > MaxEvents/16*15
}

// Fits reports whether the batch stays within every limit of the service with
// e added. An empty batch takes any event.
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

// Seal puts the events in ascending order, those of the same time in the order
// they came in, and returns the finished body. Nothing may be added after it.
// The body belongs to the batch.
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
