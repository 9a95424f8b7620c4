package cloudwatchzerolog_test

import (
	"log"
	"os"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzerolog"
)

func Example() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := zerolog.New(cloudwatchzerolog.NewWriter(h)).With().Timestamp().Logger()
	logger.Warn().Int("order", 17).Msg("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // Close has printed what was not delivered
	}
}

// The logger writes to the terminal and to CloudWatch Logs. With times in milliseconds, the line is
// as exact as its event.
func ExampleNewWriter_terminal() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	w := zerolog.MultiLevelWriter(zerolog.ConsoleWriter{Out: os.Stderr}, cloudwatchzerolog.NewWriter(h))
	logger := zerolog.New(w).With().Timestamp().Logger()
	logger.Info().Msg("started")

	if err := h.Close(); err != nil {
		os.Exit(1) // Close has printed what was not delivered
	}
}
