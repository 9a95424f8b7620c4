package cloudwatch

import (
	"bytes"
	"errors"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// accept makes an event of the message, or several if it is oversize, and puts
// them into the queue. The message is copied. wire is memory for one event at a time.
func (p *pipeline) accept(wire *scratch, message []byte, at time.Time, level account.Level) error {
	e := batch.Event{Time: millis(at), Level: level}
	switch {
	case len(message) == 0:
		p.drop(account.Empty, e)
		return nil
	case p.isOversize(message):
		o := p.newOversize(e, wire, nil)
		o.together = true
		o.Take(message)
		return o.End()
	}
	return p.enqueue(p.event(wire, message, e))
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
		p.report.stderr.tooLate()
		return ErrClosed
	default:
		p.report.look()
		return ErrBufferFull
	}
}

// events calls emit with each event that the message makes, which must not be empty. What
// emit is given is only valid during the call.
func (p *pipeline) events(message []byte, at time.Time, level account.Level, emit func(batch.Event)) {
	e, wire := batch.Event{Time: millis(at), Level: level}, &scratch{}
	if !p.isOversize(message) {
		emit(p.event(wire, message, e))
		return
	}
	o := p.newOversize(e, wire, emit)
	o.Take(message)
	_ = o.End() // a loss is counted
}

// appendTo returns what appends copies of events to a list.
func appendTo(list *[]batch.Event) (emit func(batch.Event)) {
	return func(e batch.Event) {
		e.Wire = bytes.Clone(e.Wire)
		*list = append(*list, e)
	}
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
		p.report.stderr.tooLate()
	}
	p.report.look()
}
