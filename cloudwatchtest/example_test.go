package cloudwatchtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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

// Faults between a program and the service: a firewall that takes a message for an attack, a proxy
// with a size limit and a wrong clock, and dead connections.
func ExampleFault() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	srv.CreateLogGroup("app")
	srv.CreateLogStream("app", "web-1")
	srv.Inject(cloudwatchtest.Fault{Status: 403, Message: func(m string) bool { return strings.Contains(m, "<script>") }})
	srv.Inject(cloudwatchtest.Fault{Status: 413, BodyLimit: 1 << 20, DateOffset: -24 * time.Hour})
	srv.Inject(cloudwatchtest.Fault{Operation: "DescribeLogGroups", Silent: true})

	client := cloudwatchlogs.NewFromConfig(srv.Config(), func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} })
	for _, message := range []string{"GET /", "GET /?q=<script>", strings.Repeat("long ", 210_000)} {
		_, err := client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
			LogGroupName:  aws.String("app"),
			LogStreamName: aws.String("web-1"),
			LogEvents: []types.InputLogEvent{
				{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(message)},
			},
		})
		var res *smithyhttp.ResponseError
		if errors.As(err, &res) {
			fmt.Println("status", res.HTTPStatusCode())
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(srv.Messages("app", "web-1"))
	// Output:
	// status 403
	// status 413
	// true
	// [GET /]
}

// A response that never ends. A client must limit what it reads.
func ExampleFault_endless() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.Throttled(), Padding: cloudwatchtest.Endless})

	res, err := srv.Client().Post(srv.URL, "application/x-amz-json-1.1", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	fmt.Println(res.Status, len(body), err)
	// Output: 400 Bad Request 65536 <nil>
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
