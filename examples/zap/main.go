// Command zap sends what zap logs to CloudWatch Logs.
package main

import (
	"log"
	"os"

	"go.uber.org/zap"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := zap.New(cloudwatchzap.NewCore(h, nil, nil))

	logger.Warn("Watch out! Something happened!", zap.Int("order", 17))

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
