package cloudwatchtest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func Example() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	srv.CreateLogGroup("app")
	srv.CreateLogStream("app", "web-1")

	client := cloudwatchlogs.NewFromConfig(srv.Config())
	_, err := client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName:  aws.String("app"),
		LogStreamName: aws.String("web-1"),
		LogEvents: []types.InputLogEvent{
			{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("payment failed")},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(srv.Messages("app", "web-1"))
	// Output: [payment failed]
}

func ExampleServer_Inject() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	srv.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Times: 1, Error: cloudwatchtest.AccessDenied("CreateLogGroup")})

	client := cloudwatchlogs.NewFromConfig(srv.Config())
	in := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("app")}
	_, err := client.CreateLogGroup(context.Background(), in)
	var denied *types.AccessDeniedException
	fmt.Println("denied:", errors.As(err, &denied))
	_, err = client.CreateLogGroup(context.Background(), in)
	fmt.Println("second try:", err)
	// Output:
	// denied: true
	// second try: <nil>
}

func ExampleServer_Config_liveTail() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	srv.CreateLogGroup("app")
	srv.CreateLogStream("app", "web-1")

	ctx := context.Background()
	client := cloudwatchlogs.NewFromConfig(srv.Config())
	out, err := client.StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{
		LogGroupIdentifiers: []string{"arn:aws:logs:us-east-1:000000000000:log-group:app"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := out.GetStream()
	defer stream.Close()
	client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName:  aws.String("app"),
		LogStreamName: aws.String("web-1"),
		LogEvents: []types.InputLogEvent{
			{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("payment failed")},
		},
	})
	for e := range stream.Events() {
		update, ok := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate)
		if ok && len(update.Value.SessionResults) > 0 {
			fmt.Println(*update.Value.SessionResults[0].Message)
			return
		}
	}
	// Output: payment failed
}
