// Command zerolog sends zerolog's JSON to CloudWatch Logs.
package main

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		return err
	}
	defer w.Close()
	logger := zerolog.New(w).With().Timestamp().Logger()

	logger.Warn().Int("order", 17).Msg("Watch out! Something happened!")
	return w.Close()
}
