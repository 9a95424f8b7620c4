package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Flush sends everything accepted before the call, including the partial lines of all Writers, and
// waits until the service has acknowledged or refused all of it. nil means that nothing of it is
// pending; [Stats] counts refused and dropped events. If the context ends first, Flush returns an
// *[UndeliveredError], and delivery continues. After [Handler.Shutdown] was called, Flush waits for
// it and returns its result.
func (h *Handler) Flush(ctx context.Context) error { return undelivered(h.pipeline.Flush(ctx)) }

// Flush is [Handler.Flush].
func (w *Writer) Flush(ctx context.Context) error { return undelivered(w.pipeline.Flush(ctx)) }

// Sync is [Handler.Flush] within [Options.CloseTimeout], for loggers that call it before the
// program ends: it makes a Writer a zapcore.WriteSyncer. With a spool it returns early if
// everything is on disk and the service cannot be reached, as [Handler.Shutdown] does. zap also
// calls it for DPANIC, where the log call then waits for the network; the core of
// adapters/cloudwatchzap does not.
func (h *Handler) Sync() error { return undelivered(h.pipeline.Sync()) }

// Sync is [Handler.Sync].
func (w *Writer) Sync() error { return undelivered(w.pipeline.Sync()) }

// Close is [Handler.Shutdown] within [Options.CloseTimeout]. Without [Options.OnError], the error is
// also printed to standard error, once for all callers, so a program only sets its exit code:
//
//	if err := h.Close(); err != nil {
//		os.Exit(1)
//	}
func (h *Handler) Close() error { return undelivered(h.pipeline.Close()) }

// Close is [Handler.Close]. It closes all Handlers and Writers of the log stream.
func (w *Writer) Close() error { return undelivered(w.pipeline.Close()) }

// Shutdown stops accepting events and delivers the pending ones; with a spool also those that ended
// processes left there for the same log group, region and endpoint. nil means that no event is
// left. If the context ends first, Shutdown gives up and returns an *[UndeliveredError] with the
// number of events that are left: lost, or kept in the spool, see [ErrSpooled].
//
// With a spool, it also gives up when everything is on disk and the service cannot be reached:
// no request succeeded for 1.75 seconds, and requests fail or cannot connect. It waits for a
// service that responds slowly or throttles.
//
// Several calls and several goroutines may call it: the first context to end ends it for all,
// every caller waits until it is complete, and all get the same result. It takes up to two
// seconds longer than the context if an HTTP client ignores its context, OnError does not return
// or standard error blocks.
func (h *Handler) Shutdown(ctx context.Context) error { return undelivered(h.pipeline.Shutdown(ctx)) }

// Shutdown is [Handler.Shutdown]. It shuts down all Handlers and Writers of the log stream.
func (w *Writer) Shutdown(ctx context.Context) error { return undelivered(w.pipeline.Shutdown(ctx)) }

// AwaitRecovery waits until all events are delivered that ended processes left in the spool before
// the call, for the log group, region and endpoint of the handler. It does not wait for events
// that have another destination, cannot be read, or are being sent by another process. nil means
// that none is left, or that there is no spool.
//
// If the context ends first, it returns an *[UndeliveredError] with the number of events that are
// left and the error of the context; delivery continues. If the handler was closed while events
// were left, the error is [ErrClosed]. It is safe for concurrent use.
func (h *Handler) AwaitRecovery(ctx context.Context) error {
	return undelivered(h.pipeline.AwaitRecovery(ctx))
}

// AwaitRecovery is [Handler.AwaitRecovery].
func (w *Writer) AwaitRecovery(ctx context.Context) error {
	return undelivered(w.pipeline.AwaitRecovery(ctx))
}

// undelivered returns an error about what is left, nil if nothing is.
func undelivered(left *pipeline.Undelivered) error {
	if left == nil {
		return nil
	}
	return (*UndeliveredError)(left)
}

// Healthy returns nil if no event has been pending for longer than within, else an error that says
// for how long and why. It makes no request, so it suits a readiness probe. within should be
// several times [Options.FlushInterval].
func (h *Handler) Healthy(within time.Duration) error { return healthy(h.pipeline, within) }

// Healthy is [Handler.Healthy].
func (w *Writer) Healthy(within time.Duration) error { return healthy(w.pipeline, within) }

func healthy(p *pipeline.Pipeline, within time.Duration) error {
	waited, obstacle := p.Waited()
	switch {
	case waited <= within:
		return nil
	case obstacle != nil:
		return fmt.Errorf("cloudwatch: events have waited for %v: %w", waited.Round(time.Millisecond), obstacle)
	}
	return fmt.Errorf("cloudwatch: events have waited for %v", waited.Round(time.Millisecond))
}

// FlushOnPanic logs a panic and continues it. It must be deferred:
//
//	defer h.FlushOnPanic()
//
// The panic is logged with its stack as one event of level ERROR, everything is flushed within
// [Options.CloseTimeout], and the panic continues. In a goroutine without this deferred call, a
// panic ends the program without a flush. What could not be flushed is reported on standard error,
// unless there is an [Options.OnError].
//
// [http.ErrAbortHandler] is neither logged nor flushed: with it a handler of net/http ends a
// response, which is no failure. As in net/http, an error that wraps it is an ordinary panic.
// runtime.Goexit is not a panic.
func (h *Handler) FlushOnPanic() {
	if cause := recover(); cause != nil {
		repanicIfAborted(cause)
		r := slog.NewRecord(time.Now(), slog.LevelError, fmt.Sprintf("panic: %v", cause), 0)
		r.AddAttrs(slog.String("stack", string(debug.Stack())))
		_ = h.Handle(context.Background(), r) // a loss is counted
		flushAndRepanic(h.pipeline, cause)
	}
}

// FlushOnPanic is [Handler.FlushOnPanic]; the event is the text that Go prints.
func (w *Writer) FlushOnPanic() {
	if cause := recover(); cause != nil {
		repanicIfAborted(cause)
		text := fmt.Appendf(nil, "panic: %v\n\n%s", cause, debug.Stack())
		_ = w.Append(time.Now(), slog.LevelError, text) // a loss is counted
		flushAndRepanic(w.pipeline, cause)
	}
}

// repanicIfAborted panics again if the panic only ends a response of net/http.
func repanicIfAborted(cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
}

// flushAndRepanic flushes and panics again. After Close, the error was reported already.
func flushAndRepanic(p *pipeline.Pipeline, cause any) {
	if left := p.Sync(); left != nil && !p.Closed() {
		p.PrintNow(undelivered(left))
	}
	panic(cause)
}
