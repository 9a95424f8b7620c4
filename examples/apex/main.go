// Command apex sends apex/log to CloudWatch Logs, as apex's JSON.
//
// Kept: fields, the level, the time of the entry, and messages of several lines as one event.
package main

import (
	"encoding/json"
	stdlog "log"
	"log/slog"
	"os"

	"github.com/apex/log"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		stdlog.Fatal(err)
	}
	logTo(h)

	log.WithField("order", 17).Warn("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

func logTo(h *cloudwatch.Handler) {
	log.SetHandler(log.HandlerFunc(func(e *log.Entry) error {
		message, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_ = h.Append(e.Timestamp, slog.Level(e.Level-log.InfoLevel)*4, message) // a loss is counted
		if e.Level == log.FatalLevel {
			return h.Close() // before apex ends the program
		}
		return nil
	}))
}
