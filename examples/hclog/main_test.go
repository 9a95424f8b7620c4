package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group", `"@level":"warn","@message":"Watch out! Something happened!","@timestamp":"`)
}

// newTextLogger is what the package comment says of hclog's text.
func newTextLogger(h *cloudwatch.Handler) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: hclog.NewLeveledWriter(h.WriterAt(slog.LevelInfo), map[hclog.Level]io.Writer{
		hclog.Trace: h.WriterAt(slog.LevelDebug - 4),
		hclog.Debug: h.WriterAt(slog.LevelDebug),
		hclog.Warn:  h.WriterAt(slog.LevelWarn),
		hclog.Error: h.WriterAt(slog.LevelError),
	})})
}

func TestLevelsAndLines(t *testing.T) {
	for name, newLogger := range map[string]func(*cloudwatch.Handler) hclog.Logger{"JSON": newLogger, "text": newTextLogger} {
		t.Run(name, func(t *testing.T) {
			endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
				logger := newLogger(h)
				return func() { logger.Info("i") }, func() { logger.Warn("w") }
			})
			endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
				logger := newLogger(h)
				return func(message string) { logger.With("key", "value").Named("name").Info(message) }
			})
		})
	}
}

func TestTime(t *testing.T) {
	e := endpoint.Start(t)
	h, err := cloudwatch.NewHandler("time", nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	logger := hclog.New(&hclog.LoggerOptions{
		Output:     h.WriterWith(cloudwatch.WriterOptions{ReadJSON: true}),
		JSONFormat: true,
		TimeFn:     func() time.Time { return at },
	})
	logger.Info("a minute ago")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	group, _ := e.LogGroup("time")
	if got := e.Events("time", group.Streams[0]); len(got) != 1 || !got[0].Timestamp.Equal(at) {
		t.Errorf("got %+v, want the time %v", got, at)
	}
}
