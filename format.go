package cloudwatch

import (
	"context"
	"log/slog"

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
	// the size of the message as the service counts it. A message larger than the
	// limit is given to over instead.
	append(ctx context.Context, dst []byte, r slog.Record, limit *encode.Limit) (wire []byte, size int, over encode.Sink, err error)
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

func (f jsonFormatter) append(_ context.Context, dst []byte, r slog.Record, limit *encode.Limit) ([]byte, int, encode.Sink, error) {
	wire, size, over := f.AppendWire(dst, &r, limit)
	return wire, size, over, nil
}
func (f jsonFormatter) withAttrs(attrs []slog.Attr) formatter {
	return jsonFormatter{f.WithAttrs(attrs)}
}
func (f jsonFormatter) withGroup(name string) formatter { return jsonFormatter{f.WithGroup(name)} }

type textFormatter struct{ *encode.Text }

func (f textFormatter) append(_ context.Context, dst []byte, r slog.Record, limit *encode.Limit) ([]byte, int, encode.Sink, error) {
	message := getScratch()
	defer message.put()
	var over encode.Sink
	if message.b, over = f.Append(message.b, &r, limit); over != nil {
		return dst, 0, over, nil
	}
	wire, size := encode.AppendMessage(dst, message.b)
	return wire, size, nil, nil
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

func (f patternFormatter) append(_ context.Context, dst []byte, r slog.Record, limit *encode.Limit) ([]byte, int, encode.Sink, error) {
	message := getScratch()
	defer message.put()
	var over encode.Sink
	if message.b, over = f.Append(message.b, &r, limit); over != nil {
		return dst, 0, over, nil
	}
	wire, size := encode.AppendMessage(dst, message.b)
	return wire, size, nil, nil
}
func (f patternFormatter) withAttrs(attrs []slog.Attr) formatter {
	return patternFormatter{f.WithAttrs(attrs)}
}
func (f patternFormatter) withGroup(name string) formatter {
	return patternFormatter{f.WithGroup(name)}
}
