package pipeline

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

// Oversize selects what happens to a message larger than MaxEventBytes.
type Oversize int

// The values of [Oversize], in the order of the public ones.
const (
	Split Oversize = iota
	Truncate
	Drop
)

// oversize takes an oversize message, in one or several pieces, and applies Config.Oversize. A JSON
// object is buffered until it is complete, up to 16 MiB, since its first part has all keys; a
// part of any other message is emitted as soon as it is full. Under Drop the message is only
// counted. It is not safe for concurrent use.
type oversize struct {
	p    *Pipeline
	e    batch.Event       // without the message
	emit func(batch.Event) // gets each event, valid during the call; nil: it is queued
	wire *scratch

	parts *parts.Splitter
	valid parts.Valid // under Drop
	err   error

	turn     queue.Turn
	together bool // the parts are queued in one turn, if emit is nil
}

var _ encode.Sink = (*oversize)(nil)

// overflow returns the sink for the text of an oversize record.
func (p *Pipeline) overflow(at time.Time, level slog.Level) encode.Sink {
	if at.IsZero() {
		at = time.Now()
	}
	return p.newOversize(batch.Event{Time: millis(at), Level: account.LevelOf(level)}, &scratch{}, nil)
}

// newOversize returns an oversize for one message. e is its event without the message.
func (p *Pipeline) newOversize(e batch.Event, wire *scratch, emit func(batch.Event)) *oversize {
	return &oversize{p: p, e: e, emit: emit, wire: wire}
}

// Take takes the next piece of the message, see [encode.Sink].
func (o *oversize) Take(text []byte) {
	if o.p.cfg.Oversize == Drop {
		o.valid.Take(text, o.count)
		return
	}
	if o.parts == nil {
		o.begin()
	}
	o.parts.Take(text)
}

func (o *oversize) begin() {
	limit := o.p.cfg.MaxEventBytes
	if o.p.cfg.Oversize == Truncate {
		o.parts = parts.NewTruncater(limit, o.event)
		return
	}
	o.parts = parts.NewSplitter(limit, fmt.Sprintf("%08x", rand.Uint32()), o.event)
}

// End emits the rest of the message. The error is that of the last part that was lost.
func (o *oversize) End() error {
	if o.p.cfg.Oversize == Drop {
		o.valid.End(o.count)
		o.p.drop(account.Oversize, o.e)
		return ErrOversize
	}
	if o.parts != nil {
		o.together = true
		o.parts.End()
		if o.emit == nil {
			o.keep(o.p.enqueueAll(&o.turn, nil, true))
		}
	}
	return o.err
}

// count adds to the size of a message that is dropped.
func (o *oversize) count(text []byte) { o.e.Size += len(text) }

// event emits a part. The parts stay together in one turn, except those of a record that is still
// being encoded: methods of the program may log meanwhile, and would wait forever for the turn.
func (o *oversize) event(message []byte) {
	e := o.p.event(o.wire, message, o.e)
	switch {
	case o.emit != nil:
		o.emit(e)
	case o.together:
		o.keep(o.p.enqueueAll(&o.turn, []batch.Event{e}, false))
	default:
		o.keep(o.p.enqueue(e))
	}
}

// keep keeps the error of a lost part. Later parts are still queued and counted.
func (o *oversize) keep(lost error) {
	if lost != nil {
		o.err = lost
	}
}
