package contender

import (
	"context"
	"io"
	"log/slog"
)

// discard is slog.JSONHandler writing to io.Discard: the baseline.
type discard struct{}

func (discard) Handler() slog.Handler { return slog.NewJSONHandler(io.Discard, nil) }
func (discard) Settle() error         { return nil }
func (discard) Close() error          { return nil }

// nothing is a slog handler that does nothing: it shows the cost of a log call outside the handler.
type nothing struct{ discard }

func (n nothing) Handler() slog.Handler                   { return n }
func (nothing) Enabled(context.Context, slog.Level) bool  { return true }
func (nothing) Handle(context.Context, slog.Record) error { return nil }
func (n nothing) WithAttrs([]slog.Attr) slog.Handler      { return n }
func (n nothing) WithGroup(string) slog.Handler           { return n }
