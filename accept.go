package cloudwatch

import (
	"errors"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// accept makes an event of the message, or several if it is oversize, and puts
// them into the queue. The message is copied. wire is memory for one event at a time:
// that of many lines need not be found for each.
func (p *pipeline) accept(wire *scratch, message []byte, at time.Time, level account.Level) error {
	if len(message) == 0 || p.isOversize(message) {
		return p.events(wire, message, at, level, nil)
	}
	return p.enqueue(p.event(wire, message, batch.Event{Time: millis(at), Level: level})) // without a closure: nothing is allocated
}

func (p *pipeline) enqueue(e batch.Event) error { return p.outcome(p.queue.Append(e)) }

// enqueueAll puts events into the queue that stay together, see queue.AppendAll.
func (p *pipeline) enqueueAll(turn *queue.Turn, events []batch.Event, last bool) error {
	dropped, err := p.queue.AppendAll(turn, events, last)
	if err == nil && dropped > 0 {
		err = queue.ErrFull
	}
	return p.outcome(err)
}

// outcome reports what the queue did not take, and returns the error of the log call.
func (p *pipeline) outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrClosed):
		p.report.tooLate()
		return ErrClosed
	default:
		p.report.look()
		return ErrBufferFull
	}
}

// events calls emit with each event the message makes, or puts it into the queue if emit is
// nil. What emit is given is only valid during the call. A message that makes none is counted.
func (p *pipeline) events(wire *scratch, message []byte, at time.Time, level account.Level, emit func(batch.Event) error) error {
	e := batch.Event{Time: millis(at), Level: level}
	if len(message) == 0 {
		p.drop(account.Empty, e)
		return nil
	}
	if p.isOversize(message) {
		o := p.newOversize(e, wire, emit)
		o.together = true
		o.Take(message)
		return o.End()
	}
	if emit == nil {
		emit = p.enqueue
	}
	return emit(p.event(wire, message, e))
}

// isOversize reports whether a message is larger than an event may be. Invalid bytes make it
// larger than it looks.
func (p *pipeline) isOversize(message []byte) bool {
	return len(message) > p.settings.MaxEventBytes ||
		3*len(message) > p.settings.MaxEventBytes && encode.Size(message) > p.settings.MaxEventBytes
}

// event encodes one event, outside any lock. It is valid as long as wire is.
func (p *pipeline) event(wire *scratch, message []byte, e batch.Event) batch.Event {
	wire.b, e.Size = p.encoder.AppendEvent(wire.b[:0], e.Time, message)
	e.Wire = wire.b
	return e
}

// millis is the timestamp of an event. The service takes no negative one.
func millis(at time.Time) int64 { return max(at.UnixMilli(), 0) }

// drop counts an event that does not reach the queue.
func (p *pipeline) drop(reason account.Reason, e batch.Event) {
	p.queue.Refuse(reason, e)
	if reason != account.Empty && p.queue.Closed() {
		p.report.tooLate()
	}
	p.report.look()
}
