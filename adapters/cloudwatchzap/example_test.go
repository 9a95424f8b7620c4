package cloudwatchzap_test

import (
	"log"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
)

func Example() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger := zap.New(cloudwatchzap.NewCore(h, nil, nil), zap.AddCaller())
	logger.Warn("Watch out! Something happened!", zap.Int("order", 17))

	if err := h.Close(); err != nil {
		os.Exit(1) // Close has printed what was not delivered
	}
}

// The logger of a zap configuration writes to the terminal and to CloudWatch Logs.
func ExampleNewCore_tee() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logger, err := zap.NewProduction(zap.WrapCore(func(terminal zapcore.Core) zapcore.Core {
		return zapcore.NewTee(terminal, cloudwatchzap.NewCore(h, nil, nil))
	}))
	if err != nil {
		log.Fatal(err)
	}
	logger.Info("started")

	if err := h.Close(); err != nil {
		os.Exit(1) // Close has printed what was not delivered
	}
}
