package clients_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// goSDK returns the client of a program that has nothing but its environment.
// Tests that use it are not parallel.
func goSDK(t *testing.T, e *endpoint) *cloudwatchlogs.Client {
	t.Helper()
	for _, v := range e.env {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	must(t, err)
	return cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
		// For live tail the SDK puts "stream-" before the host. There is no
		// setting against it, and it has to be said inside the call.
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("noHostPrefix",
				func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
					return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
				}), middleware.Before)
		})
	})
}

func TestGoSDK(t *testing.T) {
	e := start(t)
	c, ctx := goSDK(t, e), t.Context()
	group, stream := aws.String("/go/app"), aws.String("web-1")
	_, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	must(t, err)
	for i := range 60 {
		_, err = c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String(fmt.Sprintf("web-%d", i+1))})
		must(t, err)
	}
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream}
	var want []string
	at := time.Now().Add(-time.Minute)
	for i := range 30 {
		want = append(want, fmt.Sprintf("event %d é 🙂", i))
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli() + int64(i/3)), Message: &want[i]})
	}
	_, err = c.PutLogEvents(ctx, in)
	must(t, err)

	// Paginators.
	var got []string
	filter := cloudwatchlogs.NewFilterLogEventsPaginator(c, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, Limit: aws.Int32(7)})
	for filter.HasMorePages() {
		page, err := filter.NextPage(ctx)
		must(t, err)
		for _, ev := range page.Events {
			got = append(got, *ev.Message)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("FilterLogEvents: %q", got)
	}
	got = nil
	get := cloudwatchlogs.NewGetLogEventsPaginator(c, &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(7)},
		func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for get.HasMorePages() {
		page, err := get.NextPage(ctx)
		must(t, err)
		for _, ev := range page.Events {
			got = append(got, *ev.Message)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("GetLogEvents: %q", got)
	}
	streams := 0
	describe := cloudwatchlogs.NewDescribeLogStreamsPaginator(c, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group})
	for describe.HasMorePages() {
		page, err := describe.NextPage(ctx)
		must(t, err)
		streams += len(page.LogStreams)
	}
	if streams != 60 {
		t.Errorf("DescribeLogStreams: %d streams", streams)
	}

	// Errors have their types.
	_, err = c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	if _, ok := errors.AsType[*types.ResourceAlreadyExistsException](err); !ok {
		t.Errorf("created twice: %v", err)
	}
	_, err = c.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: group, LogStreamName: aws.String("other")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("deleted what is not there: %v", err)
	}
	slices.Reverse(in.LogEvents)
	_, err = c.PutLogEvents(ctx, in)
	if e, ok := errors.AsType[*types.InvalidParameterException](err); !ok || !strings.Contains(e.ErrorMessage(), "chronological order") {
		t.Errorf("out of order: %v", err)
	}
	e.wantMessages(t, "/go/app", "web-1", want...)
}

func TestGoSDKLiveTail(t *testing.T) {
	e := start(t)
	c := goSDK(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, e.CreateLogGroup("/go/live"))
	must(t, e.CreateLogStream("/go/live", "web-1"))
	put := func(messages ...string) {
		t.Helper()
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("/go/live"), LogStreamName: aws.String("web-1")}
		for _, m := range messages {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(m)})
		}
		_, err := c.PutLogEvents(ctx, in)
		must(t, err)
	}
	put("ERROR before the session")
	out, err := c.StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{
		LogGroupIdentifiers:   []string{"arn:aws:logs:us-east-1:000000000000:log-group:/go/live"},
		LogEventFilterPattern: aws.String("ERROR"),
	})
	must(t, err)
	session := out.GetStream()
	defer session.Close()
	var got []string
	started := false
	for len(got) < 2 {
		switch ev := (<-session.Events()).(type) {
		case *types.StartLiveTailResponseStreamMemberSessionStart:
			started = true
			put("ERROR one", "INFO two", "ERROR three")
		case *types.StartLiveTailResponseStreamMemberSessionUpdate:
			if !started {
				t.Fatal("an update came before the start")
			}
			for _, r := range ev.Value.SessionResults {
				got = append(got, *r.Message)
			}
		default:
			t.Fatalf("%T came: %v", ev, session.Err())
		}
	}
	if !slices.Equal(got, []string{"ERROR one", "ERROR three"}) {
		t.Errorf("got %q", got)
	}
}
