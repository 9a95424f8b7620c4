// Without is a small program that uses the SDK's CloudWatch Logs client. The benchmark compares its
// size with that of program With.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
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
}
