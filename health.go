package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// Healthy returns nil if no event has waited for the service longer than the
// time given, and an error that says how long and why otherwise. It asks nobody,
// so it fits a readiness probe. A time of several FlushIntervals is the least
// that makes sense.
func (p *pipeline) Healthy(within time.Duration) error {
	oldest := p.queue.State().Oldest
	if oldest.IsZero() {
		return nil
	}
	waited := time.Since(oldest)
	if waited <= within {
		return nil
	}
	if obstacle := p.obstacle(); obstacle != nil {
		return fmt.Errorf("cloudwatch: events have waited for %v: %w", waited.Round(time.Millisecond), obstacle)
	}
	return fmt.Errorf("cloudwatch: events have waited for %v", waited.Round(time.Millisecond))
}

// FlushOnPanic is to be deferred:
//
//	defer h.FlushOnPanic()
//
// A panic that comes by is logged with its stack as one event of level ERROR,
// everything is flushed within Options.CloseTimeout, and the panic goes on. In a
// goroutine without a deferred call of its own a panic ends the program with
// nothing flushed. What could not be flushed is reported on standard error, unless
// there is an Options.OnError.
//
// http.ErrAbortHandler is not logged, and nothing is flushed: with it a handler of
// net/http ends a response, which is no failure. As in net/http, an error that wraps
// it is a panic like any other. runtime.Goexit is not a panic.
func (h *Handler) FlushOnPanic() {
	if cause := recover(); cause != nil {
		repanicIfAborted(cause)
		r := slog.NewRecord(time.Now(), slog.LevelError, fmt.Sprintf("panic: %v", cause), 0)
		r.AddAttrs(slog.String("stack", string(debug.Stack())))
		_ = h.Handle(context.Background(), r) // a loss is counted
		h.flushBefore(cause)
	}
}

// FlushOnPanic is that of a Handler; the event is the text that Go prints.
func (w *Writer) FlushOnPanic() {
	if cause := recover(); cause != nil {
		repanicIfAborted(cause)
		text := fmt.Appendf(nil, "panic: %v\n\n%s", cause, debug.Stack())
		_ = w.accept(&scratch{}, text, time.Now(), account.Error) // a loss is counted
		w.flushBefore(cause)
	}
}

// repanicIfAborted panics again if the panic only ends a response of net/http.
func repanicIfAborted(cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
}

// flushBefore flushes and panics again. What Close could not deliver, Close has reported.
func (p *pipeline) flushBefore(cause any) {
	if err := p.Sync(); err != nil && !p.queue.Closed() {
		p.report.stderr.printNow(err)
	}
	panic(cause)
}
