// Command slog sends log/slog to CloudWatch Logs. Credentials and region are
// the AWS defaults.
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
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		return err
	}
	defer h.Close()
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!", "order", 17)
	return h.Close() // the second Close gives the same answer
}
