package cloudwatch

import (
	"errors"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// truncated ends a message that was cut, under Truncate.
const truncated = "[truncated]"

// accept makes an event of the message, or several if it is oversize, and puts
// them into the queue. The message is copied.
func (p *pipeline) accept(message []byte, at time.Time, level account.Level) error {
	return p.events(message, at, level, p.enqueue)
}

func (p *pipeline) enqueue(e batch.Event) error {
	err := p.queue.Append(e)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrClosed):
		return ErrClosed
	default:
		p.report.look()
		return ErrBufferFull
	}
}

// events calls emit with each event the message makes. What emit is given is
// only valid during the call. A message that makes none is counted.
func (p *pipeline) events(message []byte, at time.Time, level account.Level, emit func(batch.Event) error) error {
	e := batch.Event{Time: millis(at), Level: level}
	if len(message) == 0 {
		p.drop(account.Empty, e)
		return nil
	}
	if len(message) > p.settings.MaxEventBytes || // invalid bytes may make it larger than it looks
		3*len(message) > p.settings.MaxEventBytes && encode.Size(message) > p.settings.MaxEventBytes {
		return p.oversize(message, e, emit)
	}
	return p.event(message, e, emit)
}

// oversize is events for a message that is too large. e says all but the message.
func (p *pipeline) oversize(message []byte, e batch.Event, emit func(batch.Event) error) error {
	switch p.settings.Oversize {
	case Truncate:
		cut := getScratch()
		defer cut.put()
		n := encode.Cut(message, p.settings.MaxEventBytes-len(truncated))
		cut.b = append(append(cut.b, message[:n]...), truncated...)
		return p.event(cut.b, e, emit)
	case Drop:
		e.Size = encode.Size(message)
		p.drop(account.Oversize, e)
		return ErrOversize
	default:
		var err error
		for len(message) > 0 {
			n := encode.Cut(message, p.settings.MaxEventBytes)
			if lost := p.event(message[:n], e, emit); lost != nil {
				err = lost // the other parts go the same way, and are counted
			}
			message = message[n:]
		}
		return err
	}
}

// event encodes one event, outside any lock.
func (p *pipeline) event(message []byte, e batch.Event, emit func(batch.Event) error) error {
	wire := getScratch()
	defer wire.put()
	wire.b, e.Size = p.encoder.AppendEvent(wire.b, e.Time, message)
	e.Wire = wire.b
	return emit(e)
}

// millis is the timestamp of an event. The service takes no negative one.
func millis(at time.Time) int64 { return max(at.UnixMilli(), 0) }

// drop counts an event that does not reach the queue.
func (p *pipeline) drop(reason account.Reason, e batch.Event) {
	p.queue.Refuse(reason, e)
	p.report.look()
}
