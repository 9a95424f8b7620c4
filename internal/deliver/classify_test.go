package deliver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// TestClassifySDKErrors classifies errors as the SDK's client returns them.
func TestClassifySDKErrors(t *testing.T) {
	answer := func(status int, code string) cloudwatchtest.Fault {
		return cloudwatchtest.Fault{Error: &cloudwatchtest.APIError{Status: status, Code: code, Message: "no"}}
	}
	rows := []struct {
		answer string
		fault  cloudwatchtest.Fault
		class  class
		code   string
	}{
		{"throttled", answer(400, "ThrottlingException"), throttled, "ThrottlingException"},
		{"too many groups", answer(400, "LimitExceededException"), transient, "LimitExceededException"},
		{"created by another process", answer(400, "OperationAbortedException"), transient, "OperationAbortedException"},
		{"unavailable", answer(503, "ServiceUnavailableException"), throttled, "ServiceUnavailableException"},
		{"internal failure", answer(500, "InternalFailure"), transient, "InternalFailure"},
		{"unknown 5xx", answer(599, "NewException"), transient, "NewException"},
		{"unknown 429", answer(429, "NewException"), throttled, "NewException"},
		{"unknown 408", answer(408, "NewException"), transient, "NewException"},
		{"connection closed", cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}, transient, "Network"},
		{"no answer", cloudwatchtest.Fault{Hang: true}, transient, "Timeout"},
		{"access denied", answer(400, "AccessDeniedException"), environment, "AccessDeniedException"},
		{"expired credentials", answer(400, "ExpiredTokenException"), environment, "ExpiredTokenException"},
		{"unknown credentials", answer(403, "UnrecognizedClientException"), environment, "UnrecognizedClientException"},
		{"bad signature", answer(403, "InvalidSignatureException"), environment, "InvalidSignatureException"},
		{"unknown operation", answer(404, "UnknownOperationException"), environment, "UnknownOperationException"},
		{"unknown 4xx", answer(418, "NewException"), environment, "NewException"},
		{"group or stream missing", answer(400, "ResourceNotFoundException"), missing, "ResourceNotFoundException"},
		{"invalid", answer(400, "InvalidParameterException"), refused, "InvalidParameterException"},
		{"not deserializable", answer(400, "SerializationException"), refused, "SerializationException"},
		{"malformed", answer(400, "MalformedHttpRequestException"), refused, "MalformedHttpRequestException"},
		{"too large", answer(413, "RequestEntityTooLargeException"), tooLarge, "RequestEntityTooLargeException"},
	}
	for _, row := range rows {
		t.Run(row.answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				defer srv.Close()
				srv.Inject(row.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				r := newRequest(oneEvent().Seal(), "")
				_, _, err := put(ctx, newClient(srv), new(Endpoint), r)
				if got := classify(err); got != row.class {
					t.Errorf("class of %v: got %d, want %d", err, got, row.class)
				}
				if got := Code(err); got != row.code {
					t.Errorf("code %q, want %q", got, row.code)
				}
			})
		})
	}
	if got := classify(nil); got != delivered {
		t.Errorf("class of nil: got %d", got)
	}
	none := fmt.Errorf("get identity: %w", &CredentialsError{errors.New("no role")})
	if got := classify(none); got != environment {
		t.Errorf("class of CredentialsError: got %d", got)
	}
}

func newClient(srv *cloudwatchtest.Server) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(srv.Config(), func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} })
}

func oneEvent() *batch.Batch {
	b := batch.New(batch.Head("g", "s"), 0, 0)
	ms := time.Now().UnixMilli()
	wire, size := new(batch.Encoder).AppendEvent(nil, ms, []byte("m"))
	b.Add(batch.Event{Time: ms, Size: size, Wire: wire})
	return b
}

func TestRejected(t *testing.T) {
	none := int32(-100)
	rows := []struct {
		name                    string
		tooOld, expired, tooNew int32 // indexes in the answer for 10 events
		want                    [3]int
	}{
		{"nothing rejected", none, none, none, [3]int{0, 0, 10}},
		{"too old: exclusive end", 3, none, none, [3]int{3, 3, 10}},
		{"expired: exclusive end", none, 4, none, [3]int{0, 4, 10}},
		{"expired counts only those not too old", 3, 4, none, [3]int{3, 4, 10}},
		{"too new: inclusive start", none, none, 8, [3]int{0, 0, 8}},
		{"too new from 0: all events", none, none, 0, [3]int{0, 0, 0}},
		{"all three", 2, 3, 9, [3]int{2, 3, 9}},
		{"beyond the end", 99, 99, 99, [3]int{10, 10, 10}},
		{"negative", -1, -5, -1, [3]int{0, 0, 0}},
		{"crossing", 6, none, 4, [3]int{6, 6, 6}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			index := func(i int32) *int32 {
				if i == none {
					return nil
				}
				return &i
			}
			tooOld, expired, tooNew := rejected(10, &types.RejectedLogEventsInfo{
				TooOldLogEventEndIndex:   index(row.tooOld),
				ExpiredLogEventEndIndex:  index(row.expired),
				TooNewLogEventStartIndex: index(row.tooNew),
			})
			if got := [3]int{tooOld, expired, tooNew}; got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
	if tooOld, expired, tooNew := rejected(5, nil); tooOld != 0 || expired != 0 || tooNew != 5 {
		t.Errorf("no info: got %d %d %d", tooOld, expired, tooNew)
	}
}

func TestBackoff(t *testing.T) {
	rows := []struct {
		class       class
		op          operation
		n           int
		least, most time.Duration
	}{
		{transient, putLogEvents, 1, 0, 200 * time.Millisecond},
		{transient, putLogEvents, 5, 0, 3200 * time.Millisecond},
		{transient, createLogGroup, 100, 0, 30 * time.Second},
		{throttled, putLogEvents, 1, 0, 200 * time.Millisecond},
		{throttled, putLogEvents, 100, 0, 30 * time.Second},
		{throttled, createLogStream, 1, 0, 4 * time.Second},
		{throttled, createLogStream, 2, 0, 16 * time.Second},
		{throttled, createLogGroup, 3, 0, 64 * time.Second},
		{throttled, createLogStream, 4, 45 * time.Second, 90 * time.Second},
		{throttled, createLogStream, 100, 45 * time.Second, 90 * time.Second},
		{environment, putLogEvents, 1, 5 * time.Second, 10 * time.Second},
		{environment, putLogEvents, 100, 5 * time.Second, 60 * time.Second},
		{missing, putLogEvents, 3, 5 * time.Second, 40 * time.Second},
	}
	for _, row := range rows {
		shortest, longest := time.Hour, time.Duration(0)
		for range 2000 {
			d := backoff(row.class, row.op, row.n)
			shortest, longest = min(shortest, d), max(longest, d)
		}
		spread := (row.most - row.least) / 20
		if shortest < row.least || longest >= row.most || shortest > row.least+spread || longest < row.most-spread {
			t.Errorf("class %d, %s, failure %d: got %v to %v, want between %v and %v", row.class, row.op, row.n, shortest, longest, row.least, row.most)
		}
	}
}
