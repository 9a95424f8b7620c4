package main

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// putter sends events to an endpoint in requests of maximum size. Source of the limits: API reference,
// PutLogEvents.
type putter struct {
	ctx     context.Context
	client  *cloudwatchlogs.Client
	waiting map[stream]*putBatch
	bytes   int // of all waiting events

	taken, rejected int64
}

type stream struct{ group, name string }

type putBatch struct {
	events []types.InputLogEvent
	bytes  int
}

const (
	putEvents = 10_000
	putBytes  = 1_048_576
	putSpan   = 24 * 60 * 60 * 1000 // milliseconds

	// putWaiting bounds the bytes of waiting events, over all streams.
	putWaiting = 32 << 20
)

func newPutter(ctx context.Context, client *cloudwatchlogs.Client) *putter {
	return &putter{ctx: ctx, client: client, waiting: make(map[stream]*putBatch)}
}

func (p *putter) add(e savedEvent) error {
	to := stream{e.LogGroup, e.LogStream}
	size := len(e.Message) + logstore.Overhead
	b := p.waiting[to]
	if b != nil && (len(b.events) == putEvents || b.bytes+size > putBytes) {
		if err := p.flush(to); err != nil {
			return err
		}
		b = nil
	}
	if b == nil {
		b = new(putBatch)
		p.waiting[to] = b
	}
	b.events = append(b.events, types.InputLogEvent{Timestamp: &e.Timestamp, Message: &e.Message})
	b.bytes += size
	if p.bytes += size; p.bytes > putWaiting {
		return p.flushAll()
	}
	return nil
}

func (p *putter) flushAll() error {
	for to := range p.waiting {
		if err := p.flush(to); err != nil {
			return err
		}
	}
	return nil
}

func (p *putter) end() (taken, rejected int64, err error) {
	err = p.flushAll()
	return p.taken, p.rejected, err
}

// flush sends the waiting events of a stream in order of time, at most 24 hours per request.
func (p *putter) flush(to stream) error {
	b := p.waiting[to]
	delete(p.waiting, to)
	p.bytes -= b.bytes
	slices.SortStableFunc(b.events, func(x, y types.InputLogEvent) int { return int(min(max(*x.Timestamp-*y.Timestamp, -1), 1)) })
	for from := 0; from < len(b.events); {
		end := from + 1
		for end < len(b.events) && *b.events[end].Timestamp-*b.events[from].Timestamp <= putSpan {
			end++
		}
		if err := p.put(to, b.events[from:end]); err != nil {
			return err
		}
		from = end
	}
	return nil
}

func (p *putter) put(to stream, events []types.InputLogEvent) error {
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &to.group, LogStreamName: &to.name, LogEvents: events}
	out, err := p.client.PutLogEvents(p.ctx, in)
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		if err := p.create(to); err != nil {
			return err
		}
		out, err = p.client.PutLogEvents(p.ctx, in)
	}
	if err != nil {
		return err
	}
	first, last := 0, len(events)
	if r := out.RejectedLogEventsInfo; r != nil {
		first = int(max(aws.ToInt32(r.TooOldLogEventEndIndex), aws.ToInt32(r.ExpiredLogEventEndIndex), 0))
		if r.TooNewLogEventStartIndex != nil {
			last = int(*r.TooNewLogEventStartIndex)
		}
	}
	first = min(first, len(events))
	taken := int64(max(min(last, len(events))-first, 0))
	p.taken += taken
	p.rejected += int64(len(events)) - taken
	return nil
}

func (p *putter) create(to stream) error {
	_, err := p.client.CreateLogGroup(p.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &to.group})
	if err = unlessExists(err); err != nil {
		return err
	}
	_, err = p.client.CreateLogStream(p.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &to.group, LogStreamName: &to.name})
	return unlessExists(err)
}

func unlessExists(err error) error {
	if _, exists := errors.AsType[*types.ResourceAlreadyExistsException](err); exists {
		return nil
	}
	return err
}
