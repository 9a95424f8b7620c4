// Command credentials sends log/slog to CloudWatch Logs with an access key of
// its own in place of the AWS defaults.
package main

import (
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		AccessID:  os.Getenv("LOGS_ACCESS_ID"), // from wherever you keep your secrets
		AccessKey: os.Getenv("LOGS_ACCESS_KEY"),
		Region:    "eu-central-1",
		LogStream: "{hostname}/{time:2006-01-02}/{random}",
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Warn("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
