// Command log sends what package log writes to CloudWatch Logs.
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
	log.SetOutput(h.WriterAt(slog.LevelInfo))

	log.Print("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
