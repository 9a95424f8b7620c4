// Command positional sends log/slog to CloudWatch Logs with the positional
// constructor: access id, access key, region, log group, log stream. An empty
// string means the default.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	h, err := cloudwatch.New(os.Getenv("LOGS_ACCESS_ID"), os.Getenv("LOGS_ACCESS_KEY"), "eu-central-1", "my_log_group", "my_log_stream")
	if err != nil {
		return err
	}
	defer h.Close()
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!")
	return h.Close()
}
