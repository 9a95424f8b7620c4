// Command pattern sends lines of its own shape to CloudWatch Logs.
package main

import (
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		Format: cloudwatch.Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}"),
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
