package main

import (
	"context"
	"log/slog"
	"slices"
)

// contextHandler adds attributes of the context to each record, such as the ids of a
// trace. They are at the top level of the event, also under WithGroup: what was added from
// the first group on is formatted again for each record, behind them.
type contextHandler struct {
	top    slog.Handler // without groups
	groups []func(slog.Handler) slog.Handler
	attrs  func(context.Context) []slog.Attr
}

func (h contextHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.top.Enabled(ctx, level)
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	handler := h.top.WithAttrs(h.attrs(ctx))
	for _, with := range h.groups {
		handler = with(handler)
	}
	return handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.groups) == 0 {
		h.top = h.top.WithAttrs(attrs)
		return h
	}
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h contextHandler) with(f func(slog.Handler) slog.Handler) slog.Handler {
	h.groups = append(slices.Clip(h.groups), f)
	return h
}
