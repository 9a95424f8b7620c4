package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Using returns a Formatter that formats with handlers of the program. The function gets a copy of
// the options each time.
func Using(newHandler func(io.Writer, *slog.HandlerOptions) slog.Handler, o *slog.HandlerOptions) (Formatter, error) {
	if newHandler == nil {
		return nil, errors.New("using a nil function")
	}
	given := *o
	build := func(w io.Writer) slog.Handler {
		options := given
		return newHandler(w, &options)
	}
	h := build(io.Discard)
	if h == nil {
		return nil, errors.New("using a function that returns a nil handler")
	}
	if o.Level != nil && !h.Enabled(context.Background(), o.Level.Level()) {
		return nil, fmt.Errorf("Options.Level: %w", newLevelError(h, o.Level.Level()))
	}
	return newHandlerFormatter(build), nil
}

// levelError reports that a handler given to Using does not accept a level.
type levelError struct {
	level    slog.Level
	accepted string // the levels it accepts
}

func newLevelError(h slog.Handler, level slog.Level) *levelError {
	for at := max(level, slog.LevelDebug-4); at <= slog.LevelError+8; at++ {
		if h.Enabled(context.Background(), at) {
			return &levelError{level, "only " + at.String() + " and above"}
		}
	}
	return &levelError{level, "none"}
}

// Error returns the level, the accepted levels and the remedy.
func (e *levelError) Error() string {
	return fmt.Sprintf("level %v is not accepted by the handler given to Using, %s; "+
		"pass the Level of the *slog.HandlerOptions that its function gets, or raise Options.Level", e.level, e.accepted)
}

// handlerFormatter formats with handlers that write to a buffer. A handler and its buffer are used
// by one goroutine at a time, so no lock is held and a LogValue method may log.
type handlerFormatter struct {
	build func(io.Writer) slog.Handler // with all With calls applied
	pool  *sync.Pool                   // of *handlerBuffer
}

func newHandlerFormatter(build func(io.Writer) slog.Handler) handlerFormatter {
	return handlerFormatter{build, &sync.Pool{New: func() any {
		b := &handlerBuffer{}
		b.handler = build(b)
		return b
	}}}
}

func (f handlerFormatter) append(ctx context.Context, dst []byte, r slog.Record, limit *encode.Limit) ([]byte, int, encode.Sink, error) {
	b := f.pool.Get().(*handlerBuffer)
	b.text, b.limit, b.at, b.level = b.text[:0], limit, r.Time, r.Level
	if err := b.handler.Handle(ctx, r); err != nil {
		return dst, 0, nil, err
	}
	if b.over != nil {
		return dst, 0, b.over, nil
	}
	if len(b.text) == 0 && !b.handler.Enabled(ctx, r.Level) {
		return dst, 0, nil, newLevelError(b.handler, r.Level)
	}
	wire, size := encode.AppendMessage(dst, bytes.TrimSuffix(b.text, []byte("\n")))
	if cap(b.text) <= maxScratch {
		f.pool.Put(b)
	}
	return wire, size, nil, nil
}

// enabled reports whether the handler accepts a level.
func (f handlerFormatter) enabled(ctx context.Context, level slog.Level) bool {
	b := f.pool.Get().(*handlerBuffer)
	defer f.pool.Put(b)
	return b.handler.Enabled(ctx, level)
}

// levelError returns the error for a level that the handler does not accept.
func (f handlerFormatter) levelError(level slog.Level) *levelError {
	return newLevelError(f.build(io.Discard), level)
}

// handlerBuffer is the writer of a handler. Text beyond the limit goes to a sink, except a newline
// that may be its last byte.
type handlerBuffer struct {
	handler slog.Handler
	text    []byte

	limit   *encode.Limit // nil before the first record
	at      time.Time
	level   slog.Level
	over    encode.Sink
	newline bool // was written, but not passed to over yet
}

// Write never returns an error.
func (b *handlerBuffer) Write(text []byte) (int, error) {
	switch {
	case b.over != nil:
		b.spill(text)
	case b.limit != nil && len(b.text)+len(text)-len("\n") > b.limit.Bytes:
		b.over = b.limit.Overflow(b.at, b.level)
		b.spill(b.text)
		b.text = nil
		b.spill(text)
	default:
		b.text = append(b.text, text...)
	}
	return len(text), nil
}

func (b *handlerBuffer) spill(text []byte) {
	if len(text) == 0 {
		return
	}
	if b.newline {
		b.over.Take([]byte("\n"))
	}
	text, b.newline = bytes.CutSuffix(text, []byte("\n"))
	b.over.Take(text)
}

func (f handlerFormatter) WithAttrs(attrs []slog.Attr) Formatter {
	attrs = slices.Clone(attrs)
	for i, a := range attrs {
		attrs[i].Value = a.Value.Resolve() // now: its value may change later
	}
	return newHandlerFormatter(func(w io.Writer) slog.Handler {
		return f.build(w).WithAttrs(slices.Clone(attrs))
	})
}

func (f handlerFormatter) WithGroup(name string) Formatter {
	return newHandlerFormatter(func(w io.Writer) slog.Handler { return f.build(w).WithGroup(name) })
}
