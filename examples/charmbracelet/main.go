// Command charmbracelet sends charmbracelet/log to CloudWatch Logs, as its JSON. Its logger
// is a slog.Handler as well, so log/slog can go the same way.
//
// Kept: keys and values, the level and the time, which are read from the JSON, and messages
// of several lines as one event. Which levels are logged is up to the logger, not to
// Options.Level. Lost: what is in the buffer when log.Fatal of this package ends the program,
// since it calls no hook first. Log the error, call Close and os.Exit instead, or set
// Options.Spool.
//
// Do not use this package with Options.Format: Using(...) in a program that runs for long: it
// remembers each writer that it was ever given, and With needs new ones.
package main

import (
	"io"
	stdlog "log"
	"log/slog"
	"os"
	"time"

	"github.com/charmbracelet/log"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		stdlog.Fatal(err)
	}
	logger := newLogger(h.WriterWith(cloudwatch.WriterOptions{ReadJSON: true}))
	log.SetDefault(logger)
	slog.SetDefault(slog.New(logger))

	log.Warn("Watch out! Something happened!", "order", 17)
	slog.Warn("And to another one!", "order", 18)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

func newLogger(w io.Writer) *log.Logger {
	return log.NewWithOptions(w, log.Options{
		Formatter:       log.JSONFormatter,
		ReportTimestamp: true,
		TimeFormat:      time.RFC3339Nano, // the default has whole seconds and no zone
	})
}
