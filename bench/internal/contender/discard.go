package contender

import (
	"context"
	"io"
	"log/slog"
)

// discard is slog's own handler writing nowhere. It delivers nothing: what it
// costs is the yardstick.
type discard struct{}

func (discard) Handler() slog.Handler { return slog.NewJSONHandler(io.Discard, nil) }
func (discard) Settle() error         { return nil }
func (discard) Close() error          { return nil }

// nothing is slog with a handler that does nothing: what the rest of a log call
// costs, whatever the handler.
type nothing struct{ discard }

func (n nothing) Handler() slog.Handler                   { return n }
func (nothing) Enabled(context.Context, slog.Level) bool  { return true }
func (nothing) Handle(context.Context, slog.Record) error { return nil }
func (n nothing) WithAttrs([]slog.Attr) slog.Handler      { return n }
func (n nothing) WithGroup(string) slog.Handler           { return n }
