package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// One row for each kind of trouble: events are logged all the while, the trouble
// lasts an hour and ends, and everything must have arrived, once and in order.
func TestNothingIsLostInAnHourOf(t *testing.T) {
	rows := []struct {
		trouble     string
		fault       cloudwatchtest.Fault
		maxRequests int // an hour of retries must not be a storm
		code        string
	}{
		{"throttling", cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()}, 400, "ThrottlingException"},
		{"an unavailable service", cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()}, 400, ""},
		{"internal failures", cloudwatchtest.Fault{Error: cloudwatchtest.InternalFailure()}, 400, ""},
		{"connections cut before the request", cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}, 400, ""},
		{"hanging connections", cloudwatchtest.Fault{Hang: true}, 130, ""},
		{"expired credentials", cloudwatchtest.Fault{Error: cloudwatchtest.ExpiredToken()}, 150, "ExpiredTokenException"},
		{"unknown credentials", cloudwatchtest.Fault{Error: cloudwatchtest.UnrecognizedClient()}, 150, "UnrecognizedClientException"},
		{"missing permission", cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")}, 150, "AccessDeniedException"},
		{"an answer nobody knows", cloudwatchtest.Fault{Error: &cloudwatchtest.APIError{Status: 418, Code: "TeapotException", Message: "no"}}, 150, "TeapotException"},
		{"a proxy that answers HTML", cloudwatchtest.Fault{Error: &cloudwatchtest.APIError{Status: 502, Code: "", Message: "<html>"}}, 400, ""},
	}
	for _, row := range rows {
		t.Run(row.trouble, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
				want := f.Logged(2)
				f.FlushWithin(time.Second)
				before := len(f.Server.Requests())

				end := f.Server.Inject(row.fault)
				for range 60 {
					want = append(want, f.Logged(10)...)
					time.Sleep(time.Minute)
				}
				if s := f.Stats(); s.Pending != 600 || s.LastError == nil {
					t.Errorf("after an hour %d events are pending, last error %v", s.Pending, s.LastError)
				}
				f.CheckAccounting()
				if n := len(f.Server.Requests()) - before; n > row.maxRequests {
					t.Errorf("%d requests in an hour, want at most %d", n, row.maxRequests)
				}
				wantTold(t, f, row.code)

				end()
				time.Sleep(2 * time.Minute)
				want = append(want, f.Logged(1)...)
				f.FlushWithin(time.Minute)
				f.WantMessages(want...)
			})
		})
	}
}

// wantTold checks that OnError heard of the trouble, and not too often.
func wantTold(t *testing.T, f *testkit.Fixture, code string) {
	t.Helper()
	errs := f.Errors.Errors()
	if n := len(errs); n == 0 || n > 62 {
		t.Errorf("OnError was called %d times in an hour", n)
	}
	for _, err := range errs {
		var failure *cloudwatch.DeliveryError
		var api smithy.APIError
		switch {
		case !errors.As(err, &failure):
			t.Errorf("OnError was told %v", err)
		case code != "" && (!errors.As(err, &api) || api.ErrorCode() != code):
			t.Errorf("OnError was told %v, want the code %s", err, code)
		}
	}
}

func TestDeletedWhileRunning(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		f.Logged(10)
		f.FlushWithin(time.Second)

		if err := f.Server.DeleteLogStream(testkit.Group, testkit.Stream); err != nil {
			t.Fatal(err)
		}
		want := f.Logged(10)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)

		if err := f.Server.DeleteLogGroup(testkit.Group); err != nil {
			t.Fatal(err)
		}
		want = f.Logged(10)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
		if s := f.Stats(); s.Delivered != 30 {
			t.Errorf("delivered %d of 30", s.Delivered)
		}
	})
}

func TestSomeoneElseCreatesTheGroupMeanwhile(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{RetentionDays: 7})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Times: 1, Error: &cloudwatchtest.APIError{
			Status: 400, Code: "OperationAbortedException", Message: "A conflicting operation is currently in progress against this resource. Please try again.",
		}})
		want := f.Logged(1)
		time.Sleep(1500 * time.Millisecond)
		if _, ok := f.Server.LogGroup(testkit.Group); !ok {
			if err := f.Server.CreateLogGroup(testkit.Group); err != nil {
				t.Fatal(err)
			}
		}
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
	})
}

// The service has the events but the answer is lost: they are sent again,
// byte for byte, and that is all that is doubled.
func TestLostAnswerDoublesOneBatch(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, Cut: cloudwatchtest.CutAfter})
		want := f.Logged(5)
		f.FlushWithin(time.Minute)
		f.WantMessages(append(want, want...)...)
		if s := f.Stats(); s.Delivered != 5 || s.Retries != 1 {
			t.Errorf("delivered %d with %d retries, want 5 with 1", s.Delivered, s.Retries)
		}
	})
}

func TestPartialRejectionIsCountedExactly(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, RetentionDays: 3, Untimely: cloudwatch.DropUntimely})
		f.Logged(1)
		f.FlushWithin(time.Second)
		time.Sleep(time.Second) // the retention is set

		now := time.Now()
		const day = 24 * time.Hour
		rows := []struct {
			age time.Duration
			n   int
		}{
			{-3 * time.Hour, 2}, {0, 3}, {4 * day, 4}, {15 * day, 5}, {3*day - time.Hour, 6},
		}
		for _, row := range rows {
			for i := range row.n {
				f.Handle(t.Context(), slog.NewRecord(now.Add(-row.age), slog.LevelInfo, fmt.Sprint(row.age, i), 0))
			}
		}
		f.FlushWithin(time.Minute)
		s := f.Stats()
		if want := (cloudwatch.Rejected{TooOld: 5, Expired: 4, TooNew: 2}); s.Rejected != want {
			t.Errorf("rejected %+v, want %+v", s.Rejected, want)
		}
		if s.Delivered != 1+3+6 {
			t.Errorf("delivered %d, want 10", s.Delivered)
		}
		if got := len(f.Messages()); got != 10 {
			t.Errorf("the stream holds %d events, want 10", got)
		}
		f.Close()
		if lost := lossesTold(f); lost[cloudwatch.LossTooOld] != 5 || lost[cloudwatch.LossExpired] != 4 || lost[cloudwatch.LossTooNew] != 2 {
			t.Errorf("OnError was told of %v", lost)
		}
	})
}

// lossesTold adds up the events of every LossError by reason.
func lossesTold(f *testkit.Fixture) map[cloudwatch.LossReason]int64 {
	lost := make(map[cloudwatch.LossReason]int64)
	for _, err := range f.Errors.Errors() {
		var loss *cloudwatch.LossError
		if errors.As(err, &loss) {
			lost[loss.Reason] += loss.Events
		}
	}
	return lost
}

// A refusal that does not come again was not because of the events.
func TestRefusalThatPassesLosesNothing(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		for times := range 5 {
			f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: times + 1, Error: &cloudwatchtest.APIError{
				Status: 400, Code: "InvalidParameterException", Message: "no",
			}})
			want := append(f.Messages(), f.Logged(3)...)
			f.FlushWithin(time.Minute)
			slices.Sort(want)
			got := f.Messages()
			slices.Sort(got)
			testkit.WantEqual(t, "messages", got, want)
		}
		f.Close()
		if lost := lossesTold(f); len(lost) != 0 {
			t.Errorf("OnError was told of %v", lost)
		}
	})
}

// The bad event is left out, and what is told of it does not quote it.
func TestBadEventIsLeftOut(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		const secret = "tangerine"
		f.Server.Inject(cloudwatchtest.Fault{
			Message: func(message string) bool { return message == secret },
			Error:   &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: "Value '" + secret + "' is no good"},
		})
		want := f.Logged(500)
		f.Log.Warn(secret)
		want = append(want, f.Logged(500)...)
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
		if s := f.Stats(); s.Rejected.Refused != 1 || s.Delivered != 1000 {
			t.Errorf("%+v", s)
		}
		f.Close()
		told := f.Errors.Errors()
		var loss *cloudwatch.LossError
		var api smithy.APIError
		if len(told) != 1 || !errors.As(told[0], &loss) || !errors.As(loss, &api) {
			t.Fatalf("OnError was told %v, want one loss with the answer of the service", told)
		}
		if loss.Events != 1 || loss.Bytes != int64(len(secret)) || loss.Levels.Warn != 1 || api.ErrorCode() != "InvalidParameterException" {
			t.Errorf("OnError was told %+v", loss)
		}
		for _, text := range append(f.Server.Messages(testkit.Group, testkit.Stream), fmt.Sprint(told, f.Stats().LastError)) {
			if strings.Contains(text, secret) {
				t.Errorf("%q quotes the event", text)
			}
		}
	})
}

func TestCredentialsThatComeLate(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		good := cfg.Credentials
		var there atomic.Bool
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			if !there.Load() {
				return aws.Credentials{}, errors.New("no role yet")
			}
			return good.Retrieve(ctx)
		})
		f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
		want := f.Logged(3)
		time.Sleep(10 * time.Minute)
		if n := len(f.Server.Requests()); n != 0 {
			t.Errorf("%d requests without credentials", n)
		}
		if n := f.Stats().Requests; n > 30 {
			t.Errorf("%d attempts in 10 minutes", n)
		}
		var credentials *cloudwatch.CredentialsError
		if errs := f.Errors.Errors(); len(errs) == 0 || !errors.As(errs[0], &credentials) || credentials.Err.Error() != "no role yet" {
			t.Errorf("OnError was told %v", errs)
		}
		there.Store(true)
		time.Sleep(time.Minute)
		f.WantMessages(want...)
	})
}

// The client's clock is off: the SDK corrects it by the Date of the answers.
func TestSkewedClock(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		f.Server.Inject(cloudwatchtest.Fault{DateOffset: 20 * time.Minute})
		want := f.Logged(3)
		f.FlushWithin(time.Second)
		want = append(want, f.Logged(3)...)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
	})
}

// A stream that is missing is nothing to tell of, whatever came before.
func TestThrottledBeforeTheStreamIsFoundMissing(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, Error: cloudwatchtest.Throttled()})
		f.Logged(1)
		f.Close()
		for _, err := range f.Errors.Errors() {
			var api smithy.APIError
			if errors.As(err, &api) && api.ErrorCode() == "ResourceNotFoundException" {
				t.Errorf("OnError was told %v", err)
			}
		}
	})
}
