// Command hclog sends hclog to CloudWatch Logs, as its JSON.
//
// Kept: keys and values, the level and the time, which are read from the JSON, and messages
// of several lines as one event. For hclog's text in place of JSON, give hclog a
// hclog.NewLeveledWriter with a Handler.WriterAt for each level.
package main

import (
	"log"
	"os"

	"github.com/hashicorp/go-hclog"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := newLogger(h)

	logger.Warn("Watch out! Something happened!", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

func newLogger(h *cloudwatch.Handler) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Output:     h.WriterWith(cloudwatch.WriterOptions{ReadJSON: true}),
		JSONFormat: true,
	})
}
