package pipeline_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// What the service is asked for, and when, while all is well.

func TestGeneratedStreamIsCreatedFirst(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		want := f.Logged(3)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
		testkit.WantEqual(t, "operations", f.Operations(), []string{
			"CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents",
		})
		if r := f.Server.Requests()[0]; r.Code != "ResourceNotFoundException" {
			t.Errorf("first request answered %q", r.Code)
		}
	})
}

func TestGivenStreamIsPutToFirst(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		want := f.Logged(3)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
		testkit.WantEqual(t, "operations", f.Operations(), []string{
			"PutLogEvents", "CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents",
		})
		if errs := f.Errors.Errors(); len(errs) != 0 {
			t.Errorf("creating what is missing was told as trouble: %v", errs)
		}
	})
}

func TestPutLogEventsAloneIsEnough(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		for _, operation := range []string{"CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutRetentionPolicy"} {
			f.Server.Inject(cloudwatchtest.Fault{Operation: operation, Error: cloudwatchtest.AccessDenied(operation)})
		}
		want := f.Logged(3)
		f.FlushWithin(time.Second)
		f.WantMessages(want...)
		testkit.WantEqual(t, "operations", f.Operations(), []string{"PutLogEvents"})
	})
}

func TestCreationOptionsApplyAtCreationOnly(t *testing.T) {
	opts := cloudwatch.Options{
		LogStream: testkit.Stream, RetentionDays: 7, KMSKeyID: "arn:aws:kms:us-east-1:000000000000:key/k",
		Class: "INFREQUENT_ACCESS", Tags: map[string]string{"team": "ops"},
	}
	t.Run("new group", func(t *testing.T) {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, opts)
			f.Logged(1)
			f.FlushWithin(time.Second)
			synctest.Wait() // the retention is set after the events
			got, _ := f.Server.LogGroup(testkit.Group)
			if got.RetentionDays != 7 || got.KMSKeyID != opts.KMSKeyID || got.Class != "INFREQUENT_ACCESS" || !reflect.DeepEqual(got.Tags, opts.Tags) {
				t.Errorf("created %+v", got)
			}
		})
	})
	t.Run("existing group", func(t *testing.T) {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, opts)
			if err := f.Server.CreateLogGroup(testkit.Group); err != nil {
				t.Fatal(err)
			}
			f.Logged(1)
			f.FlushWithin(time.Second)
			synctest.Wait()
			got, _ := f.Server.LogGroup(testkit.Group)
			if got.RetentionDays != 0 || got.KMSKeyID != "" || got.Class != "STANDARD" || len(got.Tags) != 0 {
				t.Errorf("an existing group was changed: %+v", got)
			}
			if f.Server.RequestCount("PutRetentionPolicy") != 0 {
				t.Error("PutRetentionPolicy was called for an existing group")
			}
		})
	})
}

func TestRetentionIsTriedAgainBesideLaterBatches(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{RetentionDays: 7})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Times: 2, Error: cloudwatchtest.Throttled()})
		for range 4 {
			f.Logged(1)
			f.FlushWithin(time.Second) // events do not wait for it
			time.Sleep(time.Minute)
		}
		if got, _ := f.Server.LogGroup(testkit.Group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
		if n := f.Server.RequestCount("PutRetentionPolicy"); n != 3 {
			t.Errorf("PutRetentionPolicy was called %d times, want 3", n)
		}
		var failure *cloudwatch.DeliveryError
		if errs := f.Errors.Errors(); len(errs) == 0 || !errors.As(errs[0], &failure) || failure.Operation != "PutRetentionPolicy" {
			t.Errorf("OnError was told %v", errs)
		}
	})
}

func TestNoCreateWaitsForTheStream(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, NoCreate: true})
		want := f.Logged(5)
		time.Sleep(10 * time.Minute)
		if n := f.Server.RequestCount("PutLogEvents"); n > 60 {
			t.Errorf("%d requests in 10 minutes for a stream that is not there", n)
		}
		testkit.MustCreate(t, f.Server)
		time.Sleep(2 * time.Minute)
		f.WantMessages(want...)
		if n := len(f.Operations()) - f.Server.RequestCount("PutLogEvents"); n != 0 {
			t.Errorf("%d requests other than PutLogEvents", n)
		}
	})
}

// An event waits for the interval at most, and there is one request for each
// interval in which something was logged.
func TestFlushInterval(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		const interval = 3 * time.Second
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: interval})
		testkit.MustCreate(t, f.Server)
		var logged []time.Time
		for range 300 {
			f.Logged(1)
			logged = append(logged, time.Now())
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(interval)
		events := f.Server.Events(testkit.Group, testkit.Stream)
		if len(events) != len(logged) {
			t.Fatalf("%d of %d events arrived", len(events), len(logged))
		}
		for i, e := range events {
			if waited := e.IngestionTime.Sub(logged[i]); waited > interval {
				t.Errorf("event %d waited %v", i, waited)
			}
		}
		if n := f.Server.RequestCount("PutLogEvents"); n < 10 || n > 11 {
			t.Errorf("%d requests in 30 seconds, want 10 or 11", n)
		}
	})
}

// Handlers that started together do not send together.
func TestFlushTimesSpread(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		if err := srv.CreateLogGroup(testkit.Group); err != nil {
			t.Fatal(err)
		}
		const handlers = 200
		for range handlers {
			testkit.NewOn(t, srv, cloudwatch.Options{}).Logged(1)
		}
		time.Sleep(time.Second)
		var tenths [10]int
		for _, r := range srv.Requests() {
			if r.Operation == "PutLogEvents" {
				tenths[min(int(r.Time.Sub(srv.Requests()[0].Time)/(100*time.Millisecond)), 9)]++
			}
		}
		for i, n := range tenths {
			if n > handlers/4 {
				t.Errorf("%d of %d requests in tenth %d of the first second", n, handlers, i)
			}
		}
	})
}

func TestEventsHaveTheTimeOfTheirRecords(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		now := time.Now()
		ages := []time.Duration{0, time.Hour, time.Minute, 2 * time.Hour, time.Minute}
		for i, age := range ages {
			r := slog.NewRecord(now.Add(-age), slog.LevelInfo, fmt.Sprint(i), 0)
			if err := f.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		none := slog.NewRecord(time.Time{}, slog.LevelInfo, "without a time", 0)
		if err := f.Handle(t.Context(), none); err != nil {
			t.Fatal(err)
		}
		f.FlushWithin(time.Second)
		// One request, put in order; those of the same time as they came.
		f.WantMessages("3", "1", "2", "4", "0", "without a time")
		if n := f.Server.RequestCount("PutLogEvents"); n != 2 { // the first one found no stream
			t.Errorf("%d requests", n)
		}
		for _, e := range f.Server.Events(testkit.Group, testkit.Stream) {
			want := now
			if i := slices.Index([]string{"0", "1", "2", "3", "4"}, e.Message); i >= 0 {
				want = now.Add(-ages[i])
			}
			if !e.Timestamp.Equal(want.Truncate(time.Millisecond)) {
				t.Errorf("%q has the time %v, want %v", e.Message, e.Timestamp, want)
			}
		}
	})
}

func TestBatchesKeepEveryLimit(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 100_000})
		testkit.MustCreate(t, f.Server)
		now := time.Now()
		var n int
		for i := range 25_000 {
			// Small ones hit the count, large ones the size, old ones the span.
			text := strings.Repeat("x", 1+i%7)
			switch {
			case i%1000 == 0:
				text = strings.Repeat("ö\x80", 40_000) // 200,000 bytes once repaired: three events, with their marks
				n += 2
			case i%3000 == 1:
				now = now.Add(-25 * time.Hour)
			}
			n++
			f.Handle(t.Context(), slog.NewRecord(now, slog.LevelInfo, text, 0))
		}
		f.FlushWithin(time.Minute)
		for _, r := range f.Server.Requests() {
			if r.Status != 200 {
				t.Errorf("a request of %d events and %d bytes was refused: %s: %s", r.Events, r.Bytes, r.Code, r.Message)
			}
		}
		if s := f.Stats(); s.Delivered != int64(n) {
			t.Errorf("delivered %d of %d", s.Delivered, n)
		}
	})
}

// The group is made, but the answer to that is lost: it is ours all the same.
func TestRetentionAfterALostAnswer(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{RetentionDays: 7})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Times: 1, Cut: cloudwatchtest.CutAfter})
		f.Logged(1)
		f.FlushWithin(time.Minute)
		time.Sleep(time.Second)
		if got, _ := f.Server.LogGroup(testkit.Group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
	})
}

// A new group may take a moment to be seen.
func TestRetentionOfAGroupNotYetSeen(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{RetentionDays: 7})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Times: 1, Error: &cloudwatchtest.APIError{
			Status: 400, Code: "ResourceNotFoundException", Message: "The specified log group does not exist.",
		}})
		for range 2 {
			f.Logged(1)
			f.FlushWithin(time.Minute)
			time.Sleep(time.Minute)
		}
		if got, _ := f.Server.LogGroup(testkit.Group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
	})
}

// Events do not wait for the retention, which is set beside them.
func TestRetentionThatHangs(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{RetentionDays: 7})
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Hang: true})
		want := f.Logged(1)
		f.FlushWithin(time.Second)
		want = append(want, f.Logged(1)...)
		f.FlushWithin(3 * time.Second)
		f.WantMessages(want...)
	})
}

// A line of 128 kbit/s delivers full batches: the deadline of a request grows
// with its body.
func TestSlowLine(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		inner := srv.Client()
		cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Duration(r.ContentLength) * time.Second / (16 << 10)):
				return inner.Do(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		f := testkit.NewOn(t, srv, cloudwatch.Options{Config: &cfg, LogStream: testkit.Stream})
		testkit.MustCreate(t, srv)
		for range 1100 {
			f.Log.Info(strings.Repeat("x", 1000))
		}
		f.FlushWithin(10 * time.Minute)
		if s := f.Stats(); s.Delivered != 1100 || s.Retries != 0 {
			t.Errorf("%+v", s)
		}
	})
}
