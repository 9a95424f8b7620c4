// Command fallback writes to a file what CloudWatch Logs cannot take: events that find the
// buffer full during a long outage (ErrBufferFull), that are too large under Oversize: Drop
// (ErrOversize), or that come after Close (ErrClosed).
//
// They are still counted and reported as lost, since the log stream does not have them.
//
// It needs OnFull: DropNewest, the default. Under DropOldest, Handle returns no error for
// the event that it accepts, and others are dropped. Nor is there an error for events that
// are lost after they were accepted, such as those left when Close gives up: for these
// there is Options.Spool.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	file, err := os.OpenFile("fallback.jsonl", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // or os.Stderr
	if err != nil {
		log.Fatal(err)
	}
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Oversize: cloudwatch.Drop})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(fallback{h, slog.NewJSONHandler(file, nil)}))

	slog.Warn("Watch out! Something happened!", "order", 17)
	err = h.Close()
	slog.Info("too late for CloudWatch Logs")

	if err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

// fallback is a slog.Handler that gives a record to the second handler if the first
// returns an error. A slog.Logger itself ignores the errors of its handler.
type fallback struct{ first, second slog.Handler }

func (f fallback) Enabled(ctx context.Context, level slog.Level) bool {
	return f.first.Enabled(ctx, level)
}

func (f fallback) Handle(ctx context.Context, r slog.Record) error {
	if f.first.Handle(ctx, r.Clone()) == nil {
		return nil
	}
	return f.second.Handle(ctx, r)
}

func (f fallback) WithAttrs(attrs []slog.Attr) slog.Handler {
	return fallback{f.first.WithAttrs(attrs), f.second.WithAttrs(attrs)}
}

func (f fallback) WithGroup(name string) slog.Handler {
	return fallback{f.first.WithGroup(name), f.second.WithGroup(name)}
}
