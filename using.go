package cloudwatch

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

// Using lets any slog handler do the formatting. The function is called several
// times, each time with another writer, and With calls are made again on each
// handler it returns. A handler must have written a record when Handle returns;
// one newline at the end is left out. If Handle returns an error the record is
// dropped, except for the parts of an oversize message that were sent already.
//
// The handler's own level counts as well: a record is sent if both the handler and
// Options.Level accept it. Where Options.Level is set and the handler does not accept that
// level, the constructor returns an error; so pass the Level of the given
// *slog.HandlerOptions to the handler. If the handler refuses records later, since its
// level or a *slog.LevelVar has changed, the first one is reported to Options.OnError.
//
// A record costs what the handler takes to format it, and one copy. Each With makes new
// writers and handlers, which are garbage when they are no longer used. That does not hold
// for a package that remembers its writers, as charmbracelet/log does: With then leaks
// memory.
func Using(newHandler func(io.Writer, *slog.HandlerOptions) slog.Handler) Format {
	return usingFormat{newHandler}
}

type usingFormat struct {
	newHandler func(io.Writer, *slog.HandlerOptions) slog.Handler
}

func (f usingFormat) formatter(o *slog.HandlerOptions) (formatter, error) {
	if f.newHandler == nil {
		return nil, errors.New("using a nil function")
	}
	given := *o // the function gets a copy of its own each time
	build := func(w io.Writer) slog.Handler {
		options := given
		return f.newHandler(w, &options)
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

// levelError says that a handler given to Using does not accept a level.
type levelError struct {
	level slog.Level
	own   string // what it accepts
}

func newLevelError(h slog.Handler, level slog.Level) *levelError {
	for at := max(level, slog.LevelDebug-4); at <= slog.LevelError+8; at++ {
		if h.Enabled(context.Background(), at) {
			return &levelError{level, "only " + at.String() + " and above"}
		}
	}
	return &levelError{level, "none"}
}

// Error names both levels and the remedy.
func (e *levelError) Error() string {
	return fmt.Sprintf("level %v is not accepted by the handler given to Using, %s; "+
		"pass the Level of the *slog.HandlerOptions that its function gets, or raise Options.Level", e.level, e.own)
}

// handlerFormatter formats with handlers that write to a buffer. No other goroutine
// uses a handler and its buffer while they format a record, so nothing is
// locked and a LogValue method may log.
type handlerFormatter struct {
	build func(io.Writer) slog.Handler // with every With call so far
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

// levelError returns the error about a level that the handler does not accept.
func (f handlerFormatter) levelError(level slog.Level) *levelError {
	return newLevelError(f.build(io.Discard), level)
}

// handlerBuffer is what a handler writes to. A text beyond the limit goes to a sink,
// but for a newline that may be its last byte.
type handlerBuffer struct {
	handler slog.Handler
	text    []byte

	limit   *encode.Limit // nil before the first record
	at      time.Time
	level   slog.Level
	over    encode.Sink
	newline bool // was written, and has not been given to over
}

// Write never fails.
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

func (f handlerFormatter) withAttrs(attrs []slog.Attr) formatter {
	attrs = slices.Clone(attrs)
	for i, a := range attrs {
		attrs[i].Value = a.Value.Resolve() // as of now, not at some later call
	}
	return newHandlerFormatter(func(w io.Writer) slog.Handler {
		return f.build(w).WithAttrs(slices.Clone(attrs))
	})
}

func (f handlerFormatter) withGroup(name string) formatter {
	return newHandlerFormatter(func(w io.Writer) slog.Handler { return f.build(w).WithGroup(name) })
}
