package cloudwatch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Format is how a record becomes the message of an event: JSON, Text, or what
// Pattern and Using return.
type Format interface {
	// formatter is called once, by the constructor, whose error it returns.
	formatter(o *slog.HandlerOptions) (formatter, error)
}

// formatter turns records into messages. One belongs to each clone of a
// Handler; it is safe for concurrent use.
type formatter interface {
	// append appends the message of a record in wire form, and returns with it
	// the size of the message as the service counts it.
	append(ctx context.Context, dst []byte, r slog.Record) (wire []byte, size int, err error)
	withAttrs(attrs []slog.Attr) formatter
	withGroup(name string) formatter
}

type standardFormat int

const (
	// JSON writes what slog.JSONHandler writes, byte for byte.
	JSON standardFormat = iota
	// Text writes what slog.TextHandler writes, byte for byte.
	Text
)

func (f standardFormat) formatter(o *slog.HandlerOptions) (formatter, error) {
	opts := encodeOptions(o)
	if f == Text {
		return textFormatter{encode.NewText(opts)}, nil
	}
	return jsonFormatter{encode.NewJSON(opts)}, nil
}

func encodeOptions(o *slog.HandlerOptions) encode.Options {
	return encode.Options{AddSource: o.AddSource, ReplaceAttr: o.ReplaceAttr}
}

type jsonFormatter struct{ *encode.JSON }

func (f jsonFormatter) append(_ context.Context, dst []byte, r slog.Record) ([]byte, int, error) {
	wire, size := f.AppendWire(dst, &r)
	return wire, size, nil
}
func (f jsonFormatter) withAttrs(attrs []slog.Attr) formatter {
	return jsonFormatter{f.WithAttrs(attrs)}
}
func (f jsonFormatter) withGroup(name string) formatter { return jsonFormatter{f.WithGroup(name)} }

type textFormatter struct{ *encode.Text }

func (f textFormatter) append(_ context.Context, dst []byte, r slog.Record) ([]byte, int, error) {
	message := getScratch()
	defer message.put()
	message.b = f.Append(message.b, &r)
	wire, size := encode.AppendMessage(dst, message.b)
	return wire, size, nil
}
func (f textFormatter) withAttrs(attrs []slog.Attr) formatter {
	return textFormatter{f.WithAttrs(attrs)}
}
func (f textFormatter) withGroup(name string) formatter { return textFormatter{f.WithGroup(name)} }

// Pattern writes lines of your own shape:
//
//	Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}")
//
// writes
//
//	2026-11-22 12:00:00,123 : WARN - Watch out! Something happened!
//
// The placeholders are {time} or {time:layout} with a layout of package time,
// {level}, {message}, {source} (file:line) and {attrs}. Attributes are written
// as slog.TextHandler writes them, at the end unless {attrs} places them. {{
// and }} stand for the braces themselves. A mistake in the pattern is an error
// of the constructor of the Handler.
func Pattern(pattern string) Format {
	t, err := encode.ParseTemplate(pattern)
	return patternFormat{t, err}
}

type patternFormat struct {
	template *encode.Template
	err      error
}

func (f patternFormat) formatter(o *slog.HandlerOptions) (formatter, error) {
	if f.err != nil {
		return nil, f.err
	}
	return patternFormatter{encode.NewPattern(f.template, encodeOptions(o))}, nil
}

type patternFormatter struct{ *encode.Pattern }

func (f patternFormatter) append(_ context.Context, dst []byte, r slog.Record) ([]byte, int, error) {
	message := getScratch()
	defer message.put()
	message.b = f.Append(message.b, &r)
	wire, size := encode.AppendMessage(dst, message.b)
	return wire, size, nil
}
func (f patternFormatter) withAttrs(attrs []slog.Attr) formatter {
	return patternFormatter{f.WithAttrs(attrs)}
}
func (f patternFormatter) withGroup(name string) formatter {
	return patternFormatter{f.WithGroup(name)}
}

// Using lets any slog handler do the formatting. The function is called several
// times, each time with another writer, and With calls are made again on each
// handler it returns. A handler must have written a record when Handle returns;
// one newline at the end is left out.
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
	if build(io.Discard) == nil {
		return nil, errors.New("using a function that returns a nil handler")
	}
	return newHandlerFormatter(build), nil
}

// handlerFormatter formats with handlers that write to a buffer. Nobody else
// uses a handler and its buffer while they format a record, so nothing is
// locked and a LogValue method may log.
type handlerFormatter struct {
	build func(io.Writer) slog.Handler // with every With call so far
	pool  *sync.Pool                   // of *handlerBuffer
}

type handlerBuffer struct {
	bytes.Buffer
	handler slog.Handler
}

func newHandlerFormatter(build func(io.Writer) slog.Handler) handlerFormatter {
	return handlerFormatter{build, &sync.Pool{New: func() any {
		b := &handlerBuffer{}
		b.handler = build(b)
		return b
	}}}
}

func (f handlerFormatter) append(ctx context.Context, dst []byte, r slog.Record) ([]byte, int, error) {
	b := f.pool.Get().(*handlerBuffer)
	b.Reset()
	if err := b.handler.Handle(ctx, r); err != nil {
		return dst, 0, err
	}
	wire, size := encode.AppendMessage(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if b.Cap() <= maxScratch {
		f.pool.Put(b)
	}
	return wire, size, nil
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
