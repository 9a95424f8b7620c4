package cloudwatch

import (
	"errors"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// group is the events of one Write. They stay together: they enter the queue under one lock,
// or, if there are more than groupBytes of them, in one turn.
type group struct {
	p         *pipeline
	text      []byte // a piece of a string
	wire      []byte // of the events that wait, one behind the other
	events    []batch.Event
	one       scratch // for an event of an oversize message
	completed         // by the piece of text at hand
	turn      queue.Turn
	begun     bool // the turn
	closed    bool // some events were refused with ErrClosed
}

// groupBytes is how much of the wire form of several events enters the queue at once, which
// bounds how long its lock is held. It is also the memory that one Write takes, beside its
// largest line.
const groupBytes = 64 << 10

var groups = sync.Pool{New: func() any { return &group{wire: make([]byte, 0, 1<<10)} }}

func (p *pipeline) newGroup() *group {
	g := groups.Get().(*group)
	g.p = p
	return g
}

// add encodes the events that a message makes: none, one, or the parts of an oversize one.
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
		e.Wire = g.wire[start:] // still good when wire has grown into other memory
		g.events = append(g.events, e)
		if len(g.wire) >= groupBytes {
			g.send(false)
		}
	}
}

// put adds an event that is encoded already. Its wire form is only good during the call.
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

// send puts what waits into the queue.
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

// end puts the rest into the queue. The only error is ErrClosed. The group must not be used
// any more.
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
