// Command slog sends log/slog to CloudWatch Logs. Credentials and region are
// the AWS defaults.
package main

import (
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
