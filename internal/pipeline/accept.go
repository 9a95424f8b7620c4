package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// Errors of log calls. All but ErrUnmade count the event as dropped.
var (
	ErrClosed     = fmt.Errorf("cloudwatch: %w", queue.ErrClosed)
	ErrBufferFull = fmt.Errorf("cloudwatch: %w", queue.ErrFull)
	ErrOversize   = errors.New("cloudwatch: event larger than MaxEventBytes, dropped")
	// ErrUnmade is the error of a nil *Pipeline.
	ErrUnmade = errors.New("cloudwatch: log event dropped: the Handler or Writer is a zero value; make one with NewHandler, New or NewWriter")
)

// Append accepts a message as one event. A zero time means now. It copies the message once.
func (p *Pipeline) Append(at time.Time, level slog.Level, message []byte) error {
	if p == nil {
		return ErrUnmade
	}
	if p.client.Speech.Mine() {
		return nil
	}
	if at.IsZero() {
		at = time.Now()
	}
	wire := getScratch()
	defer wire.put()
	return p.accept(wire, message, at, account.LevelOf(level))
}

// accept queues the message as an event, or as several if it is oversize. The message is copied.
// wire is memory for the wire form of one event at a time.
func (p *Pipeline) accept(wire *scratch, message []byte, at time.Time, level account.Level) error {
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

func (p *Pipeline) enqueue(e batch.Event) error { return p.outcome(p.queue.Append(e)) }

// enqueueAll queues events that stay together, see queue.AppendAll.
func (p *Pipeline) enqueueAll(turn *queue.Turn, events []batch.Event, last bool) error {
	dropped, err := p.queue.AppendAll(turn, events, last)
	if err == nil && dropped > 0 {
		err = queue.ErrFull
	}
	return p.outcome(err)
}

// outcome reports a loss, and returns the error of the log call.
func (p *Pipeline) outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrClosed):
		p.report.stderr.tooLate()
		return ErrClosed
	default:
		p.report.wakeUp()
		return ErrBufferFull
	}
}

// events calls emit with each event of a message, which must not be empty. The event is only
// valid during the call.
func (p *Pipeline) events(message []byte, at time.Time, level account.Level, emit func(batch.Event)) {
	e, wire := batch.Event{Time: millis(at), Level: level}, &scratch{}
	if !p.isOversize(message) {
		emit(p.event(wire, message, e))
		return
	}
	o := p.newOversize(e, wire, emit)
	o.Take(message)
	_ = o.End() // a loss is counted
}

// appendTo returns a function that appends copies of events to a list.
func appendTo(list *[]batch.Event) (emit func(batch.Event)) {
	return func(e batch.Event) {
		e.Wire = bytes.Clone(e.Wire)
		*list = append(*list, e)
	}
}

// isOversize reports whether a message exceeds MaxEventBytes as the service counts it: each
// invalid byte becomes three.
func (p *Pipeline) isOversize(message []byte) bool {
	return len(message) > p.cfg.MaxEventBytes ||
		3*len(message) > p.cfg.MaxEventBytes && encode.Size(message) > p.cfg.MaxEventBytes
}

// event encodes one event, outside any lock. It is valid until wire is used again.
func (p *Pipeline) event(wire *scratch, message []byte, e batch.Event) batch.Event {
	wire.b, e.Size = p.encoder.AppendEvent(wire.b[:0], e.Time, message)
	e.Wire = wire.b
	return e
}

// millis returns the timestamp of an event. The service rejects negative ones.
func millis(at time.Time) int64 { return max(at.UnixMilli(), 0) }

// drop counts an event that is lost before it is queued.
func (p *Pipeline) drop(reason account.Reason, e batch.Event) {
	p.queue.Refuse(reason, e)
	if reason != account.Empty && p.queue.Closed() {
		p.report.stderr.tooLate()
	}
	p.report.wakeUp()
}
