package cloudwatch_test

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

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// What the service is asked for, and when, while all is well.

func TestGeneratedStreamIsCreatedFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{})
		want := f.logged(3)
		f.flush(time.Second)
		f.wantMessages(want...)
		wantEqual(t, "operations", f.operations(), []string{
			"CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents",
		})
		if r := f.srv.Requests()[0]; r.Code != "ResourceNotFoundException" {
			t.Errorf("first request answered %q", r.Code)
		}
	})
}

func TestGivenStreamIsPutToFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		want := f.logged(3)
		f.flush(time.Second)
		f.wantMessages(want...)
		wantEqual(t, "operations", f.operations(), []string{
			"PutLogEvents", "CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents",
		})
		if errs := f.errors.errors(); len(errs) != 0 {
			t.Errorf("creating what is missing was told as trouble: %v", errs)
		}
	})
}

func TestPutLogEventsAloneIsEnough(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		mustCreate(t, f.srv)
		for _, operation := range []string{"CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutRetentionPolicy"} {
			f.srv.Inject(cloudwatchtest.Fault{Operation: operation, Error: cloudwatchtest.AccessDenied(operation)})
		}
		want := f.logged(3)
		f.flush(time.Second)
		f.wantMessages(want...)
		wantEqual(t, "operations", f.operations(), []string{"PutLogEvents"})
	})
}

func TestCreationOptionsApplyAtCreationOnly(t *testing.T) {
	opts := cloudwatch.Options{
		LogStream: stream, RetentionDays: 7, KMSKeyID: "arn:aws:kms:us-east-1:000000000000:key/k",
		Class: "INFREQUENT_ACCESS", Tags: map[string]string{"team": "ops"},
	}
	t.Run("new group", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			f := newFixture(t, opts)
			f.logged(1)
			f.flush(time.Second)
			synctest.Wait() // the retention is set after the events
			got, _ := f.srv.LogGroup(group)
			if got.RetentionDays != 7 || got.KMSKeyID != opts.KMSKeyID || got.Class != "INFREQUENT_ACCESS" || !reflect.DeepEqual(got.Tags, opts.Tags) {
				t.Errorf("created %+v", got)
			}
		})
	})
	t.Run("existing group", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			f := newFixture(t, opts)
			if err := f.srv.CreateLogGroup(group); err != nil {
				t.Fatal(err)
			}
			f.logged(1)
			f.flush(time.Second)
			synctest.Wait()
			got, _ := f.srv.LogGroup(group)
			if got.RetentionDays != 0 || got.KMSKeyID != "" || got.Class != "STANDARD" || len(got.Tags) != 0 {
				t.Errorf("an existing group was changed: %+v", got)
			}
			if f.srv.RequestCount("PutRetentionPolicy") != 0 {
				t.Error("PutRetentionPolicy was called for an existing group")
			}
		})
	})
}

func TestRetentionIsTriedAgainBesideLaterBatches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{RetentionDays: 7})
		f.srv.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Times: 2, Error: cloudwatchtest.Throttled()})
		for range 4 {
			f.logged(1)
			f.flush(time.Second) // events do not wait for it
			time.Sleep(time.Minute)
		}
		if got, _ := f.srv.LogGroup(group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
		if n := f.srv.RequestCount("PutRetentionPolicy"); n != 3 {
			t.Errorf("PutRetentionPolicy was called %d times, want 3", n)
		}
		var failure *cloudwatch.DeliveryError
		if errs := f.errors.errors(); len(errs) == 0 || !errors.As(errs[0], &failure) || failure.Operation != "PutRetentionPolicy" {
			t.Errorf("OnError was told %v", errs)
		}
	})
}

func TestNoCreateWaitsForTheStream(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, NoCreate: true})
		want := f.logged(5)
		time.Sleep(10 * time.Minute)
		if n := f.srv.RequestCount("PutLogEvents"); n > 60 {
			t.Errorf("%d requests in 10 minutes for a stream that is not there", n)
		}
		mustCreate(t, f.srv)
		time.Sleep(2 * time.Minute)
		f.wantMessages(want...)
		if n := len(f.operations()) - f.srv.RequestCount("PutLogEvents"); n != 0 {
			t.Errorf("%d requests other than PutLogEvents", n)
		}
	})
}

// An event waits for the interval at most, and there is one request for each
// interval in which something was logged.
func TestFlushInterval(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const interval = 3 * time.Second
		f := newFixture(t, cloudwatch.Options{LogStream: stream, FlushInterval: interval})
		mustCreate(t, f.srv)
		var logged []time.Time
		for range 300 {
			f.logged(1)
			logged = append(logged, time.Now())
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(interval)
		events := f.srv.Events(group, stream)
		if len(events) != len(logged) {
			t.Fatalf("%d of %d events arrived", len(events), len(logged))
		}
		for i, e := range events {
			if waited := e.IngestionTime.Sub(logged[i]); waited > interval {
				t.Errorf("event %d waited %v", i, waited)
			}
		}
		if n := f.srv.RequestCount("PutLogEvents"); n < 10 || n > 11 {
			t.Errorf("%d requests in 30 seconds, want 10 or 11", n)
		}
	})
}

// Handlers that started together do not send together.
func TestFlushTimesSpread(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		if err := srv.CreateLogGroup(group); err != nil {
			t.Fatal(err)
		}
		const handlers = 200
		for range handlers {
			newFixtureOn(t, srv, cloudwatch.Options{}).logged(1)
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
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
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
		f.flush(time.Second)
		// One request, put in order; those of the same time as they came.
		f.wantMessages("3", "1", "2", "4", "0", "without a time")
		if n := f.srv.RequestCount("PutLogEvents"); n != 2 { // the first one found no stream
			t.Errorf("%d requests", n)
		}
		for _, e := range f.srv.Events(group, stream) {
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
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, MaxEventBytes: 100_000})
		mustCreate(t, f.srv)
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
		f.flush(time.Minute)
		for _, r := range f.srv.Requests() {
			if r.Status != 200 {
				t.Errorf("a request of %d events and %d bytes was refused: %s: %s", r.Events, r.Bytes, r.Code, r.Message)
			}
		}
		if s := f.Stats(); s.Delivered != int64(n) {
			t.Errorf("delivered %d of %d", s.Delivered, n)
		}
	})
}

func mustCreate(t *testing.T, srv *cloudwatchtest.Server) {
	t.Helper()
	if err := srv.CreateLogGroup(group); err != nil {
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ResourceAlreadyExistsException" {
			t.Fatal(err)
		}
	}
	if err := srv.CreateLogStream(group, stream); err != nil {
		t.Fatal(err)
	}
}

// The group is made, but the answer to that is lost: it is ours all the same.
func TestRetentionAfterALostAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{RetentionDays: 7})
		f.srv.Inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Times: 1, Cut: cloudwatchtest.CutAfter})
		f.logged(1)
		f.flush(time.Minute)
		time.Sleep(time.Second)
		if got, _ := f.srv.LogGroup(group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
	})
}

// A new group may take a moment to be seen.
func TestRetentionOfAGroupNotYetSeen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{RetentionDays: 7})
		f.srv.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Times: 1, Error: &cloudwatchtest.APIError{
			Status: 400, Code: "ResourceNotFoundException", Message: "The specified log group does not exist.",
		}})
		for range 2 {
			f.logged(1)
			f.flush(time.Minute)
			time.Sleep(time.Minute)
		}
		if got, _ := f.srv.LogGroup(group); got.RetentionDays != 7 {
			t.Errorf("retention is %d days", got.RetentionDays)
		}
	})
}

// Events do not wait for the retention, which is set beside them.
func TestRetentionThatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{RetentionDays: 7})
		f.srv.Inject(cloudwatchtest.Fault{Operation: "PutRetentionPolicy", Hang: true})
		want := f.logged(1)
		f.flush(time.Second)
		want = append(want, f.logged(1)...)
		f.flush(3 * time.Second)
		f.wantMessages(want...)
	})
}

// A line of 128 kbit/s delivers full batches: the deadline of a request grows
// with its body.
func TestSlowLine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		inner := srv.Client()
		cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Duration(r.ContentLength) * time.Second / (16 << 10)):
				return inner.Do(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		f := newFixtureOn(t, srv, cloudwatch.Options{Config: &cfg, LogStream: stream})
		mustCreate(t, srv)
		for range 1100 {
			f.log.Info(strings.Repeat("x", 1000))
		}
		f.flush(10 * time.Minute)
		if s := f.Stats(); s.Delivered != 1100 || s.Retries != 0 {
			t.Errorf("%+v", s)
		}
	})
}
