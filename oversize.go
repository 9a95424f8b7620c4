package cloudwatch

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/parts"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// oversize takes a message that is larger than an event may be, as a whole or in
// pieces, and treats it as Options.Oversize says. A JSON object is held until it is
// complete, up to 16 MiB, since its first part has all keys; a part of any other message
// is emitted as soon as it is full. Under Drop the message is only counted. It is not
// safe for concurrent use.
type oversize struct {
	p    *pipeline
	e    batch.Event       // all but the message
	emit func(batch.Event) // gets each event, valid during the call; nil: the queue does
	wire *scratch

	parts *parts.Splitter
	valid parts.Valid // under Drop
	err   error

	turn     queue.Turn
	together bool // the parts enter the queue in one turn, if emit is nil
}

var _ encode.Sink = (*oversize)(nil)

// overflow returns the sink for the text of a record that is too large.
func (p *pipeline) overflow(at time.Time, level slog.Level) encode.Sink {
	if at.IsZero() {
		at = time.Now()
	}
	return p.newOversize(batch.Event{Time: millis(at), Level: account.LevelOf(level)}, &scratch{}, nil)
}

// newOversize returns an oversize for one message. e is its event without the message.
func (p *pipeline) newOversize(e batch.Event, wire *scratch, emit func(batch.Event)) *oversize {
	return &oversize{p: p, e: e, emit: emit, wire: wire}
}

// Take takes the next piece of the message, see encode.Sink. What is not kept is counted.
func (o *oversize) Take(text []byte) {
	if o.p.settings.Oversize == Drop {
		o.valid.Take(text, o.count)
		return
	}
	if o.parts == nil {
		o.begin()
	}
	o.parts.Take(text)
}

func (o *oversize) begin() {
	most := o.p.settings.MaxEventBytes
	if o.p.settings.Oversize == Truncate {
		o.parts = parts.NewTruncater(most, o.event)
		return
	}
	o.parts = parts.NewSplitter(most, fmt.Sprintf("%08x", rand.Uint32()), o.event)
}

// End makes events of the rest. The error is that of the last one that was lost.
func (o *oversize) End() error {
	if o.p.settings.Oversize == Drop {
		o.valid.End(o.count)
		o.p.drop(account.Oversize, o.e)
		return ErrOversize
	}
	if o.parts != nil {
		o.together = true
		o.parts.End()
		if o.emit == nil {
			o.note(o.p.enqueueAll(&o.turn, nil, true))
		}
	}
	return o.err
}

// count adds up the size of the message, for the counters of what was dropped.
func (o *oversize) count(text []byte) { o.e.Size += len(text) }

// event makes an event of a part. The parts stay together in one turn, except those of a record
// that is still being encoded: the program's own methods may log meanwhile, and would wait for
// the turn for ever.
func (o *oversize) event(message []byte) {
	e := o.p.event(o.wire, message, o.e)
	switch {
	case o.emit != nil:
		o.emit(e)
	case o.together:
		o.note(o.p.enqueueAll(&o.turn, []batch.Event{e}, false))
	default:
		o.note(o.p.enqueue(e))
	}
}

// note keeps the error of a part that was lost. The other parts go the same way, and are counted.
func (o *oversize) note(lost error) {
	if lost != nil {
		o.err = lost
	}
}
