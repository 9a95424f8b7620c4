// Command zap sends zap's JSON to CloudWatch Logs.
package main

import (
	"fmt"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

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
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, w, zap.InfoLevel))

	logger.Warn("Watch out! Something happened!", zap.Int("order", 17))
	if err := logger.Sync(); err != nil { // delivers what there is; Fatal does so too
		return err
	}
	return w.Close()
}
