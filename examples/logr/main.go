// Command logr sends logr to CloudWatch Logs, by logr's own bridge to log/slog.
//
// Kept: names, values, errors, the time and the level. Error is ERROR, Info is INFO, and V(n)
// is n below that: V(4) is DEBUG, V(2) is DEBUG+2. Options.Level says up to which V events
// are sent. A message of several lines is one event. There is no WARN in logr, and no context.
package main

import (
	"errors"
	"log"
	"log/slog"
	"os"

	"github.com/go-logr/logr"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Level: slog.Level(-2)}) // up to V(2)
	if err != nil {
		log.Fatal(err)
	}
	logger := logr.FromSlogHandler(h)

	logger.WithName("shop").WithValues("order", 17).V(2).Info("Watch out! Something happened!")
	logger.Error(errors.New("no such card"), "payment failed")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
