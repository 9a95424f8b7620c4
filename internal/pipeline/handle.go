package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Enabled reports whether records of the level are sent: both Config.Level and a handler given
// to Using must accept it.
func (p *Pipeline) Enabled(ctx context.Context, f Formatter, level slog.Level) bool {
	if p == nil {
		return false
	}
	lowest := slog.LevelInfo
	if p.cfg.Level != nil {
		lowest = p.cfg.Level.Level()
	}
	if level < lowest {
		return false
	}
	using, ok := f.(handlerFormatter)
	if !ok || using.enabled(ctx, level) {
		return true
	}
	if p.cfg.Level != nil { // otherwise the handler's level is the only one that was set
		p.reportLevel(func() *levelError { return using.levelError(level) })
	}
	return false
}

// reportLevel reports the first record that a handler given to Using does not accept.
func (p *Pipeline) reportLevel(of func() *levelError) {
	if !p.levelReported.Load() && p.levelReported.CompareAndSwap(false, true) {
		p.report.notify(fmt.Errorf("cloudwatch: records are not sent: %w", of()))
	}
}

// Handle accepts a record.
func (p *Pipeline) Handle(ctx context.Context, f Formatter, r *slog.Record) error {
	if p == nil {
		return ErrUnmade
	}
	if deliver.Own(ctx) || p.client.Speech.Mine() {
		return nil
	}
	at, level := r.Time, account.LevelOf(r.Level)
	if at.IsZero() {
		at = time.Now()
	}
	wire := getScratch()
	defer wire.put()
	wire.b = p.encoder.AppendStart(wire.b, millis(at))
	start := len(wire.b)
	var size int
	var over encode.Sink // gets the message if it is oversize
	var err error
	if json, ok := f.(jsonFormatter); ok { // avoids copying the record, which is large
		wire.b, size, over = json.AppendWire(wire.b, r, &p.limit)
	} else {
		wire.b, size, over, err = f.append(ctx, wire.b, *r, &p.limit)
	}
	switch {
	case err != nil:
		if e, ok := err.(*levelError); ok {
			p.reportLevel(func() *levelError { return e })
		}
		p.drop(account.Unformatted, batch.Event{Time: millis(at), Level: level})
		return fmt.Errorf("cloudwatch: format record: %w", err)
	case over != nil:
		return over.End()
	case size == 0, size > p.cfg.MaxEventBytes:
		return p.accept(wire, encode.Unescape(wire.b[start:]), at, level)
	}
	wire.b = p.encoder.AppendEnd(wire.b)
	return p.enqueue(batch.Event{Time: millis(at), Size: size, Level: level, Wire: wire.b})
}
