// Command zap sends zap's JSON to CloudWatch Logs.
package main

import (
	"log"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, w, zap.InfoLevel))

	logger.Warn("Watch out! Something happened!", zap.Int("order", 17))

	if err := w.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
