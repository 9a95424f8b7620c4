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
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Each row is an answer as the SDK's client gives it for a request of ours.
func TestClassify(t *testing.T) {
	answer := func(status int, code string) cloudwatchtest.Fault {
		return cloudwatchtest.Fault{Error: &cloudwatchtest.APIError{Status: status, Code: code, Message: "no"}}
	}
	rows := []struct {
		answer string
		fault  cloudwatchtest.Fault
		class  class
		code   string
	}{
		{"throttled", answer(400, "ThrottlingException"), transient, "ThrottlingException"},
		{"too many groups", answer(400, "LimitExceededException"), transient, "LimitExceededException"},
		{"somebody else creates", answer(400, "OperationAbortedException"), transient, "OperationAbortedException"},
		{"unavailable", answer(503, "ServiceUnavailableException"), transient, "ServiceUnavailableException"},
		{"internal failure", answer(500, "InternalFailure"), transient, "InternalFailure"},
		{"a 5xx nobody knows", answer(599, "NewException"), transient, "NewException"},
		{"a 429 nobody knows", answer(429, "NewException"), transient, "NewException"},
		{"a 408 nobody knows", answer(408, "NewException"), transient, "NewException"},
		{"connection cut", cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}, transient, "Network"},
		{"no answer", cloudwatchtest.Fault{Hang: true}, transient, "Timeout"},
		{"access denied", answer(400, "AccessDeniedException"), environment, "AccessDeniedException"},
		{"expired credentials", answer(400, "ExpiredTokenException"), environment, "ExpiredTokenException"},
		{"unknown credentials", answer(403, "UnrecognizedClientException"), environment, "UnrecognizedClientException"},
		{"bad signature", answer(403, "InvalidSignatureException"), environment, "InvalidSignatureException"},
		{"unknown operation", answer(404, "UnknownOperationException"), environment, "UnknownOperationException"},
		{"a 4xx nobody knows", answer(418, "NewException"), environment, "NewException"},
		{"group or stream missing", answer(400, "ResourceNotFoundException"), missing, "ResourceNotFoundException"},
		{"invalid", answer(400, "InvalidParameterException"), refused, "InvalidParameterException"},
		{"unreadable", answer(400, "SerializationException"), refused, "SerializationException"},
		{"malformed", answer(400, "MalformedHttpRequestException"), refused, "MalformedHttpRequestException"},
		{"too large", answer(413, "RequestEntityTooLargeException"), refused, "RequestEntityTooLargeException"},
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
				_, err := put(ctx, newClient(srv), &r)
				if got := classify(err); got != row.class {
					t.Errorf("%v is of class %d, want %d", err, got, row.class)
				}
				if got := Code(err); got != row.code {
					t.Errorf("code %q, want %q", got, row.code)
				}
			})
		})
	}
	if got := classify(nil); got != delivered {
		t.Errorf("no error is of class %d", got)
	}
	none := fmt.Errorf("get identity: %w", &CredentialsError{errors.New("no role")})
	if got := classify(none); got != environment {
		t.Errorf("no credentials is of class %d", got)
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

func TestOutcome(t *testing.T) {
	none := int32(-100)
	rows := []struct {
		name                    string
		tooOld, expired, tooNew int32 // as answered for 10 events
		want                    account.Outcome
	}{
		{"nothing rejected", none, none, none, account.Outcome{Delivered: 10}},
		{"too old: exclusive end", 3, none, none, account.Outcome{Delivered: 7, Rejected: [account.Rejections]int{account.TooOld: 3}}},
		{"expired: exclusive end", none, 4, none, account.Outcome{Delivered: 6, Rejected: [account.Rejections]int{account.Expired: 4}}},
		{"expired counts only those not too old", 3, 4, none, account.Outcome{Delivered: 6, Rejected: [account.Rejections]int{account.TooOld: 3, account.Expired: 1}}},
		{"too new: inclusive start", none, none, 8, account.Outcome{Delivered: 8, Rejected: [account.Rejections]int{account.TooNew: 2}}},
		{"too new from 0 on is everything", none, none, 0, account.Outcome{Rejected: [account.Rejections]int{account.TooNew: 10}}},
		{"all three", 2, 3, 9, account.Outcome{Delivered: 6, Rejected: [account.Rejections]int{account.TooOld: 2, account.Expired: 1, account.TooNew: 1}}},
		{"beyond the end", 99, 99, 99, account.Outcome{Rejected: [account.Rejections]int{account.TooOld: 10}}},
		{"negative", -1, -5, -1, account.Outcome{Rejected: [account.Rejections]int{account.TooNew: 10}}},
		{"crossing", 6, none, 4, account.Outcome{Rejected: [account.Rejections]int{account.TooOld: 6, account.TooNew: 4}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			index := func(i int32) *int32 {
				if i == none {
					return nil
				}
				return &i
			}
			got := outcome(10, &types.RejectedLogEventsInfo{
				TooOldLogEventEndIndex:   index(row.tooOld),
				ExpiredLogEventEndIndex:  index(row.expired),
				TooNewLogEventStartIndex: index(row.tooNew),
			})
			if got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			sum := got.Delivered
			for _, n := range got.Rejected {
				sum += n
			}
			if sum != 10 {
				t.Errorf("adds up to %d", sum)
			}
		})
	}
	if got := outcome(5, nil); got.Delivered != 5 {
		t.Errorf("without information: %+v", got)
	}
}

func TestBackoff(t *testing.T) {
	for n := 1; n < 100; n++ {
		var longest time.Duration
		for range 200 {
			d := backoff(transient, n)
			longest = max(longest, d)
			if d < 0 || d > min(transientMax, transientBase<<min(n, 20)) {
				t.Fatalf("transient failure %d: %v", n, d)
			}
			if d := backoff(environment, n); d < probeMin || d > probeMax {
				t.Fatalf("environment failure %d: %v", n, d)
			}
		}
		if n >= 10 && longest < transientMax/2 {
			t.Errorf("failure %d never waits longer than %v", n, longest)
		}
	}
}
