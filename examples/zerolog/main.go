// Command zerolog sends zerolog's JSON to CloudWatch Logs.
package main

import (
	"log"
	"os"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := zerolog.New(w).With().Timestamp().Logger()

	logger.Warn().Int("order", 17).Msg("Watch out! Something happened!")

	if err := w.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
