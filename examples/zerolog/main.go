// Command zerolog sends what zerolog logs to CloudWatch Logs.
package main

import (
	"log"
	"os"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzerolog"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := zerolog.New(cloudwatchzerolog.NewWriter(h)).With().Timestamp().Logger()

	logger.Warn().Int("order", 17).Msg("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
