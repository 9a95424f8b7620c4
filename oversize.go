package cloudwatch

import (
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// truncated ends a message that was cut, under Truncate.
const truncated = "[truncated]"

// oversize takes a message that is larger than an event may be, as a whole or in
// pieces, and does with it what Options.Oversize says. Of a message of any size it
// holds what one event may hold: under Split a part goes to the queue as soon as it
// is complete, under Truncate the rest is not asked for, and under Drop it is only
// counted. It is not safe for concurrent use.
type oversize struct {
	p    *pipeline
	e    batch.Event // all but the message
	emit func(batch.Event) error
	held []byte // the beginning of what has not become an event; under Drop the beginning of a rune
	wire *scratch
	err  error
}

var _ encode.Sink = (*oversize)(nil)

// overflow is where the text of a record goes that is too large.
func (p *pipeline) overflow(at time.Time, level slog.Level) encode.Sink {
	if at.IsZero() {
		at = time.Now()
	}
	return &oversize{p: p, e: batch.Event{Time: millis(at), Level: account.LevelOf(level)}, emit: p.enqueue, wire: &scratch{}}
}

// Take takes the next piece of the message, see encode.Sink.
func (o *oversize) Take(text []byte) (more bool) {
	most := o.p.settings.MaxEventBytes
	switch o.p.settings.Oversize {
	case Truncate:
		o.held = append(o.held, text[:min(most-len(o.held), len(text))]...)
		return len(o.held) < most
	case Drop:
		o.count(text)
	default:
		o.split(text, most)
	}
	return true
}

// count adds up the size of the message, for the account of what was dropped.
func (o *oversize) count(text []byte) {
	for len(o.held) > 0 {
		switch {
		case utf8.FullRune(o.held):
			_, n := utf8.DecodeRune(o.held)
			o.e.Size += encode.Size(o.held[:n])
			o.held = append(o.held[:0], o.held[n:]...)
		case len(text) > 0:
			o.held, text = append(o.held, text[0]), text[1:]
		default:
			return
		}
	}
	whole := len(text)
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if begun := text[len(text)-n:]; utf8.RuneStart(begun[0]) {
			if !utf8.FullRune(begun) {
				whole -= n
			}
			break
		}
	}
	o.e.Size += encode.Size(text[:whole])
	o.held = append(o.held, text[whole:]...)
}

// split makes events of what is complete. A part is cut where it would be cut if the
// whole message were there, for what follows a rune does not affect where it is cut.
func (o *oversize) split(text []byte, most int) {
	enough := most + utf8.UTFMax
	for len(o.held) > 0 && len(text) > 0 {
		n := min(enough-len(o.held), len(text))
		o.held, text = append(o.held, text[:n]...), text[n:]
		if len(o.held) < enough {
			return
		}
		n = encode.Cut(o.held, most)
		o.event(o.held[:n])
		o.held = append(o.held[:0], o.held[n:]...)
	}
	for len(text) >= enough { // without a copy
		n := encode.Cut(text, most)
		o.event(text[:n])
		text = text[n:]
	}
	o.held = append(o.held, text...)
}

// End makes events of the rest. The error is that of the last one that was lost.
func (o *oversize) End() error {
	most := o.p.settings.MaxEventBytes
	switch o.p.settings.Oversize {
	case Truncate:
		n := encode.Cut(o.held, most-len(truncated))
		o.event(append(o.held[:n], truncated...))
	case Drop:
		o.e.Size += encode.Size(o.held)
		o.p.drop(account.Oversize, o.e)
		return ErrOversize
	default:
		for rest := o.held; len(rest) > 0; {
			n := encode.Cut(rest, most)
			o.event(rest[:n])
			rest = rest[n:]
		}
	}
	return o.err
}

func (o *oversize) event(message []byte) {
	if lost := o.emit(o.p.event(o.wire, message, o.e)); lost != nil {
		o.err = lost // the other parts go the same way, and are counted
	}
}
