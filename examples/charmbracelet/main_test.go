package main

import (
	"log/slog"
	"testing"

	"github.com/charmbracelet/log"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group",
		`"level":"warn","msg":"Watch out! Something happened!","order":17}`,
		`"level":"warn","msg":"And to another one!","order":18}`)
}

func charm(h *cloudwatch.Handler) *log.Logger {
	return newLogger(h.WriterWith(cloudwatch.WriterOptions{ReadJSON: true}))
}

func TestLevels(t *testing.T) {
	endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
		logger := charm(h)
		return func() { logger.Info("i") }, func() { logger.Warn("w") }
	})
	endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
		logger := slog.New(charm(h))
		return func() { logger.Info("i") }, func() { logger.Warn("w") }
	})
}

func TestWhole(t *testing.T) {
	endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
		logger := charm(h)
		return func(message string) { logger.With("key", "value").WithPrefix("shop").Info(message) }
	})
	endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
		logger := slog.New(charm(h))
		return func(message string) { logger.With("key", "value").WithGroup("shop").Info(message) }
	})
}
