package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/charmbracelet/log"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group", `"msg":"Watch out! Something happened!","order":17}`)
}

// Handlers of other packages have the level INFO unless they are given one.
func TestHandlersThatAreGivenNoLevel(t *testing.T) {
	handlers := map[string]func(io.Writer, *slog.HandlerOptions) slog.Handler{
		"charmbracelet/log": func(w io.Writer, _ *slog.HandlerOptions) slog.Handler { return log.New(w) },
		"zapslog": func(w io.Writer, _ *slog.HandlerOptions) slog.Handler {
			return newZap(w, &slog.HandlerOptions{Level: slog.LevelInfo})
		},
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			e := endpoint.Start(t)
			_, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Level: slog.LevelDebug, Format: cloudwatch.Using(handler)})
			if err == nil || !strings.Contains(err.Error(), "level DEBUG is not accepted by the handler given to Using, only INFO and above") {
				t.Errorf("got %v", err)
			}
			h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Format: cloudwatch.Using(handler)})
			if err != nil {
				t.Fatal(err)
			}
			l := slog.New(h)
			l.Debug("below the level of both")
			l.Info("first")
			l.With("k", 1).WithGroup("g").Warn("second")
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			e.Want("my_log_group", "first", "second")
			if s := h.Stats(); s.Accepted != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}
