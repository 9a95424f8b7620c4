// Command positional sends log/slog to CloudWatch Logs with the positional
// constructor: access id, access key, region, log group, log stream. An empty
// string means the default.
package main

import (
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.New(os.Getenv("LOGS_ACCESS_ID"), os.Getenv("LOGS_ACCESS_KEY"), "eu-central-1", "my_log_group", "my_log_stream")
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
