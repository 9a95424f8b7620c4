package cloudwatch

import (
	"io"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Format converts records to messages: [JSON], [Text], or the result of [Pattern] or [Using].
type Format interface {
	// formatter is called once, by the constructor, which returns its error.
	formatter(o *slog.HandlerOptions) (pipeline.Formatter, error)
}

type standardFormat int

const (
	// JSON writes the output of slog.JSONHandler, byte for byte.
	JSON standardFormat = iota
	// Text writes the output of slog.TextHandler, byte for byte.
	Text
)

func (f standardFormat) formatter(o *slog.HandlerOptions) (pipeline.Formatter, error) {
	if f == Text {
		return pipeline.Text(o), nil
	}
	return pipeline.JSON(o), nil
}

// Pattern writes lines in a custom layout:
//
//	Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}")
//
// writes
//
//	2026-11-22 12:00:00,123 : WARN - Watch out! Something happened!
//
// The placeholders are {time} or {time:layout} with a layout of package time, {level},
// {message}, {source} (file:line) and {attrs}. Attributes are written as slog.TextHandler writes
// them, at the end unless {attrs} places them. {{ and }} stand for the braces themselves. The
// constructor of the Handler returns an error for a malformed pattern.
func Pattern(pattern string) Format {
	t, err := encode.ParseTemplate(pattern)
	return patternFormat{t, err}
}

type patternFormat struct {
	template *encode.Template
	err      error
}

func (f patternFormat) formatter(o *slog.HandlerOptions) (pipeline.Formatter, error) {
	if f.err != nil {
		return nil, f.err
	}
	return pipeline.Pattern(f.template, o), nil
}

// Using formats records with any slog handler. newHandler is called several times, each time with
// another writer, and With calls are repeated on each handler it returns. A handler must have
// written its record when Handle returns; one newline at the end is removed. If Handle returns an
// error the record is dropped, except for parts of an oversize message that were already sent.
//
// The handler's own level applies too: a record is sent if both the handler and [Options.Level]
// accept it. If Options.Level is set and the handler does not accept that level, the constructor
// returns an error, so pass the Level of the given *slog.HandlerOptions to the handler. If the
// handler rejects records later, because its level or a *slog.LevelVar changed, the first one is
// reported to [Options.OnError].
//
// The cost per record is that of the handler plus one copy. Each With call creates new writers
// and handlers, which become garbage when they are no longer used, unless the package of the
// handler remembers its writers, as charmbracelet/log does: With then leaks memory.
func Using(newHandler func(io.Writer, *slog.HandlerOptions) slog.Handler) Format {
	return usingFormat{newHandler}
}

type usingFormat struct {
	newHandler func(io.Writer, *slog.HandlerOptions) slog.Handler
}

func (f usingFormat) formatter(o *slog.HandlerOptions) (pipeline.Formatter, error) {
	return pipeline.Using(f.newHandler, o)
}
