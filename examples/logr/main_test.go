package main

import (
	"log/slog"
	"testing"

	"github.com/go-logr/logr"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group",
		`"level":"DEBUG+2","msg":"Watch out! Something happened!","order":17,"logger":"shop"}`,
		`"level":"ERROR","msg":"payment failed","err":"no such card"}`)
}

func TestWhole(t *testing.T) {
	endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
		logger := logr.FromSlogHandler(h)
		return func(message string) { logger.Info(message) }
	})
}

// Whichever V is enabled is that of Options.Level.
func TestV(t *testing.T) {
	e := endpoint.Start(t)
	h, err := cloudwatch.NewHandler("v", &cloudwatch.Options{Level: slog.Level(-2)})
	if err != nil {
		t.Fatal(err)
	}
	logger := logr.FromSlogHandler(h)
	for v := range 5 {
		logger.V(v).Info("message", "v", v)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	e.Want("v", `"v":0`, `"v":1`, `"v":2`)
}
