package pipeline

import (
	"errors"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// group collects the events of one Write, which stay together: they are queued under one lock,
// or, beyond groupBytes, in one turn.
type group struct {
	p         *Pipeline
	text      []byte // a piece of a string
	wire      []byte // wire forms of the collected events, back to back
	events    []batch.Event
	one       scratch // for an event of an oversize message
	completed         // by the current piece of text
	turn      queue.Turn
	begun     bool // the turn
	closed    bool // some events were dropped with ErrClosed
}

// groupBytes is the size of the wire forms that are queued at once. It bounds how long the lock
// of the queue is held, and the memory of one Write beside its largest line.
const groupBytes = 64 << 10

var groups = sync.Pool{New: func() any { return &group{wire: make([]byte, 0, 1<<10)} }}

func (p *Pipeline) newGroup() *group {
	g := groups.Get().(*group)
	g.p = p
	return g
}

// add encodes the events of a message: none, one, or the parts of an oversize message.
func (g *group) add(message []byte, at time.Time, level account.Level) {
	e := batch.Event{Time: millis(at), Level: level}
	switch {
	case len(message) == 0:
		g.p.drop(account.Empty, e)
	case g.p.isOversize(message):
		o := g.p.newOversize(e, &g.one, g.put)
		o.Take(message)
		_ = o.End() // a loss is counted
	default:
		start := len(g.wire)
		g.wire, e.Size = g.p.encoder.AppendEvent(g.wire, e.Time, message)
		e.Wire = g.wire[start:] // stays valid when wire is reallocated
		g.events = append(g.events, e)
		if len(g.wire) >= groupBytes {
			g.send(false)
		}
	}
}

// put adds an encoded event, whose wire form is only valid during the call.
func (g *group) put(e batch.Event) {
	large := len(e.Wire) >= groupBytes
	if !large {
		start := len(g.wire)
		g.wire = append(g.wire, e.Wire...)
		e.Wire = g.wire[start:]
	}
	g.events = append(g.events, e)
	if large || len(g.wire) >= groupBytes {
		g.send(false)
	}
}

// send queues the collected events.
func (g *group) send(last bool) {
	switch {
	case len(g.events) == 1 && last && !g.begun:
		g.closed = errors.Is(g.p.enqueue(g.events[0]), ErrClosed)
	case len(g.events) > 0 || g.begun:
		g.begun = true
		err := g.p.enqueueAll(&g.turn, g.events, last)
		g.closed = g.closed || errors.Is(err, ErrClosed)
	}
	clear(g.events)
	g.events, g.wire = g.events[:0], g.wire[:0]
}

// end queues the remaining events. The only error is ErrClosed. The group must not be used
// afterwards.
func (g *group) end() (err error) {
	g.send(true)
	if g.closed {
		err = ErrClosed
	}
	if max(cap(g.text), cap(g.wire), cap(g.one.b)) <= maxScratch+groupBytes {
		g.p, g.text, g.begun, g.closed = nil, g.text[:0], false, false
		groups.Put(g)
	}
	return err
}
