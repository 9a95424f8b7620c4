// With is the program Without that also logs with our handler.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Error("load config", "err", err)
		os.Exit(1)
	}
	_, err = cloudwatchlogs.NewFromConfig(cfg).PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName:  aws.String("g"),
		LogStreamName: aws.String("s"),
		LogEvents:     []types.InputLogEvent{{Message: aws.String("m"), Timestamp: aws.Int64(0)}},
	})
	if err != nil {
		log.Error("put log events", "err", err)
		os.Exit(1)
	}
	h, err := cloudwatch.NewHandler("g", nil)
	if err != nil {
		log.Error("new handler", "err", err)
		os.Exit(1)
	}
	slog.New(h).Info("m")
	if err := h.Close(); err != nil {
		log.Error("close handler", "err", err)
		os.Exit(1)
	}
}
