package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// burst sends up to n requests at once, and returns the number that succeeded before the first
// throttled one.
func burst(t *testing.T, n int, send func() error) int {
	t.Helper()
	for i := range n {
		err := send()
		var e smithy.APIError
		if errors.As(err, &e) && e.ErrorCode() == "ThrottlingException" {
			wantAPIError(t, err, "ThrottlingException", "Rate exceeded")
			return i
		}
		must(t, err)
	}
	return n
}

func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		send := func() error {
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			return err
		}
		check := func(want int) {
			t.Helper()
			if got := burst(t, 20, send); got != want {
				t.Errorf("%d requests succeeded, want %d", got, want)
			}
		}
		check(20) // there is no quota by default
		srv.SetQuota("PutLogEvents", 4)
		check(4) // the bucket starts full
		check(0)
		r := srv.Requests()[srv.RequestCount("")-1]
		if r.Status != 400 || r.Code != "ThrottlingException" || r.Message != "Rate exceeded" || r.Committed || r.Events != 1 {
			t.Errorf("request log: %+v", r)
		}
		time.Sleep(249 * ms)
		check(0)
		time.Sleep(ms) // a token every 250 ms
		check(1)
		time.Sleep(625 * ms) // two and a half
		check(2)
		time.Sleep(125 * ms) // the other half
		check(1)
		time.Sleep(time.Hour) // the bucket holds no more than one second's worth
		check(4)
		if got := burst(t, 20, func() error {
			_, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
			return err
		}); got != 20 {
			t.Errorf("another operation was throttled after %d requests", got)
		}
		srv.SetClockOffset(time.Hour)
		check(0) // the server's clock does not fill the bucket
		srv.SetClockOffset(0)
		srv.SetQuota("PutLogEvents", 7)
		check(7) // full again
		srv.SetQuota("PutLogEvents", 0)
		check(20)
		if got, want := len(srv.Events("g", "s")), 20+4+1+2+1+4+7+20; got != want {
			t.Errorf("%d events, want %d: throttled requests take no effect", got, want)
		}
	})
}

// Requests that a fault answers do not count; requests that it delays count when they are handled.
func TestQuotaWithFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		srv.SetQuota("PutLogEvents", 2)
		send := func() error {
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			return err
		}
		srv.Inject(cloudwatchtest.Fault{Times: 3, Error: cloudwatchtest.ServiceUnavailable()})
		srv.Inject(cloudwatchtest.Fault{Times: 3, Cut: cloudwatchtest.CutBefore})
		for range 3 {
			wantAPIError(t, send(), "ServiceUnavailableException", "")
		}
		for range 3 {
			wantCut(t, send())
		}
		srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutAfter})
		wantCut(t, send())
		_, err := c.PutLogEvents(t.Context(), batch(time.Now(), ""))
		wantAPIError(t, err, invalid, "") // refused by the rules, but handled
		if got := burst(t, 5, send); got != 0 {
			t.Errorf("%d requests succeeded", got)
		}
		srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Second})
		must(t, send())

		// A throttled request has no effect, even if its response is cut.
		must(t, send())
		srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutAfter})
		wantCut(t, send())
		if r := srv.Requests()[srv.RequestCount("")-1]; r.Committed || len(srv.Events("g", "s")) != 3 {
			t.Errorf("%d events; request log %+v", len(srv.Events("g", "s")), r)
		}
	})
}

// TestDefaultQuotas calls every operation until it is throttled.
func TestDefaultQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, _ := ready(t)
		srv.SetDefaultQuotas()
		for operation, want := range map[string]int{
			"CreateLogGroup": 10, "CreateLogStream": 50, "DeleteLogGroup": 10, "DeleteLogStream": 15, "DeleteRetentionPolicy": 5,
			"DescribeLogGroups": 10, "DescribeLogStreams": 25, "FilterLogEvents": 10, "GetLogEvents": 25, "ListTagsForResource": 5,
			"PutLogEvents": 5000, "PutMetricFilter": 5, "PutRetentionPolicy": 5, "StartLiveTail": 5, "TagResource": 5, "TestMetricFilter": 5, "UntagResource": 5,
		} {
			got := 0
			for got <= want {
				a := post(t, srv, operation, "{}") // most return an error, which counts
				if code, _ := a.error2(t); code == "ThrottlingException" {
					break
				}
				got++
			}
			if got != want {
				t.Errorf("%s was throttled after %d requests, want %d", operation, got, want)
			}
		}
		must(t, srv.CreateLogGroup("x")) // methods have no quota
	})
}

// Neither more nor fewer requests succeed than the quota allows.
func TestQuotaUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		srv.SetQuota("PutLogEvents", 10)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				for range 6 {
					c.PutLogEvents(context.Background(), batch(time.Now(), fmt.Sprint(i)))
					time.Sleep(500 * ms)
				}
			})
		}
		wg.Wait()
		// 10 at once, and 5 every half second after that.
		if got := len(srv.Events("g", "s")); got != 10+5*5 {
			t.Errorf("%d requests succeeded, want 35", got)
		}
	})
}
