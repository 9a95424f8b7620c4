// Command lambda is an AWS Lambda function whose events go to a log group of your choice,
// also in another region. What a function prints goes to CloudWatch Logs by itself; this is
// for when that is not where the events should be.
//
// Lambda freezes the process between two invocations, so each one ends with a Flush. No
// extension is needed for that, and no Close. Events of an invocation that is killed at its
// time limit are lost if they are younger than FlushInterval (one second).
//
// Build it as Lambda expects it on provided.al2023:
//
//	GOOS=linux CGO_ENABLED=0 go build -tags lambda.norpc -o bootstrap .
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/cloudwatch-go/cloudwatch"
)

const (
	flushLimit = time.Second            // during an outage, an invocation takes that much longer
	answerTime = 200 * time.Millisecond // of the time limit of an invocation, is left for the answer
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		OnError: func(err error) { fmt.Fprintln(os.Stderr, err) }, // to the function's own log
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	slog.SetDefault(slog.New(contextHandler{top: h, attrs: invocation}))
	log.SetOutput(os.Stderr) // package lambda calls log.Fatal, which would end the program before delivery
	lambda.Start(flushing(h, pay))
}

type order struct {
	ID int `json:"id"`
}

// pay is the function itself.
func pay(ctx context.Context, o order) (string, error) {
	if o.ID == 0 {
		panic("an order without an id")
	}
	slog.InfoContext(ctx, "paid", "order", o.ID)
	return "thank you", nil
}

// flushing makes a function deliver its events before it returns, also if it panics. What
// cannot be delivered in time stays in memory for the next invocation.
func flushing[In, Out any](h *cloudwatch.Handler, function func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		defer func() {
			cause := recover()
			if cause != nil {
				slog.ErrorContext(ctx, fmt.Sprint("panic: ", cause), "stack", string(debug.Stack()))
			}
			deadline, _ := ctx.Deadline() // Lambda sets one
			limit, cancel := context.WithDeadline(ctx, deadline.Add(-answerTime))
			defer cancel()
			limit, cancel = context.WithTimeout(limit, flushLimit)
			defer cancel()
			if err := h.Flush(limit); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			if cause != nil {
				panic(cause)
			}
		}()
		return function(ctx, in)
	}
}

// invocation returns the ids of the invocation that the context belongs to.
func invocation(ctx context.Context) (ids []slog.Attr) {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		ids = append(ids, slog.String("request_id", lc.AwsRequestID))
	}
	header, ok := ctx.Value("x-amzn-trace-id").(string) // set by package lambda
	if !ok {
		header = os.Getenv("_X_AMZN_TRACE_ID")
	}
	for field := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(field, "Root="); ok {
			ids = append(ids, slog.String("xray_trace_id", root))
		}
	}
	return ids
}
