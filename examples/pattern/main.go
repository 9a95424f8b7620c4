// Command pattern sends lines of its own shape to CloudWatch Logs.
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
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		Format: cloudwatch.Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}"),
	})
	if err != nil {
		return err
	}
	defer h.Close()
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!", "order", 17)
	return h.Close()
}
