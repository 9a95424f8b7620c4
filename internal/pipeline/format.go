package pipeline

import (
	"context"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Formatter turns records into messages. Each clone of a Handler has its own; it is safe for
// concurrent use.
type Formatter interface {
	// append appends the message of a record in wire form, and returns it with the size of the
	// message as the service counts it. A message that exceeds the limit goes to over instead.
	append(ctx context.Context, dst []byte, r slog.Record, limit *encode.Limit) (wire []byte, size int, over encode.Sink, err error)
	WithAttrs(attrs []slog.Attr) Formatter
	WithGroup(name string) Formatter
}

// JSON returns a Formatter that writes what slog.JSONHandler writes.
func JSON(o *slog.HandlerOptions) Formatter { return jsonFormatter{encode.NewJSON(encodeOptions(o))} }

// Text returns a Formatter that writes what slog.TextHandler writes.
func Text(o *slog.HandlerOptions) Formatter {
	return textFormatter{encode.NewText(encodeOptions(o))}
}

// Pattern returns a Formatter for a template.
func Pattern(t *encode.Template, o *slog.HandlerOptions) Formatter {
	return patternFormatter{encode.NewPattern(t, encodeOptions(o))}
}

func encodeOptions(o *slog.HandlerOptions) encode.Options {
	return encode.Options{AddSource: o.AddSource, ReplaceAttr: o.ReplaceAttr}
}

type jsonFormatter struct{ *encode.JSON }

func (f jsonFormatter) append(_ context.Context, dst []byte, r slog.Record, limit *encode.Limit) ([]byte, int, encode.Sink, error) {
	wire, size, over := f.AppendWire(dst, &r, limit)
	return wire, size, over, nil
}

func (f jsonFormatter) WithAttrs(attrs []slog.Attr) Formatter {
	return jsonFormatter{f.JSON.WithAttrs(attrs)}
}

func (f jsonFormatter) WithGroup(name string) Formatter { return jsonFormatter{f.JSON.WithGroup(name)} }

// textFormatter and patternFormatter repeat each other: a call through an interface or a type
// parameter would allocate the record.
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

func (f textFormatter) WithAttrs(attrs []slog.Attr) Formatter {
	return textFormatter{f.Text.WithAttrs(attrs)}
}

func (f textFormatter) WithGroup(name string) Formatter { return textFormatter{f.Text.WithGroup(name)} }

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

func (f patternFormatter) WithAttrs(attrs []slog.Attr) Formatter {
	return patternFormatter{f.Pattern.WithAttrs(attrs)}
}

func (f patternFormatter) WithGroup(name string) Formatter {
	return patternFormatter{f.Pattern.WithGroup(name)}
}
