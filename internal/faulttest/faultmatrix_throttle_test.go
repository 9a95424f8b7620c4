package faulttest_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The service throttles. Requests are fewer then, hardly any is in vain, and
// afterwards they are as many as before.
func TestFaultMatrixThrottling(t *testing.T) {
	often := cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: 400 * time.Millisecond}
	usual := cloudwatch.Options{LogStream: testkit.Stream}
	quota := func(perSecond int) func(c *faultScene) func() {
		return func(c *faultScene) func() {
			c.srv.SetQuota("PutLogEvents", perSecond)
			return func() { c.srv.SetQuota("PutLogEvents", 0) }
		}
	}
	runFaults(t, []faultRow{
		{30, "a quota of 1 request a second, 2.5 wanted", often, throttledFor(quota(1))},
		{30, "a quota of 2 requests a second, 2.5 wanted", often, throttledFor(quota(2))},
		{30, "bursts of 503", usual, throttledFor(bursts(cloudwatchtest.ServiceUnavailable()))},
		{30, "bursts of 429 with Retry-After", usual, throttledFor(bursts(&cloudwatchtest.APIError{
			Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: scripted, RetryAfter: 2 * time.Second}))},
		{30, "Retry-After of 17 s", usual, hinted(17*time.Second, 17*time.Second, "")},
		{30, "Retry-After of an hour", usual, hinted(time.Hour, 5*time.Minute, "")},
		{30, "X-Amz-Retry-After of 17 s", usual, hinted(0, 17*time.Second, "17000")},
		{30, "X-Amz-Retry-After of ten years", usual, hinted(0, 5*time.Minute, "315360000000")},
		{30, "Retry-After that makes no sense", usual, hinted(0, 0, "soon")},
	})
}

// bursts has the service answer nothing else for 2 s of each 30 s.
func bursts(answer *cloudwatchtest.APIError) func(c *faultScene) (end func()) {
	return func(c *faultScene) func() {
		start := time.Now()
		return c.srv.Inject(cloudwatchtest.Fault{
			Operation: "PutLogEvents", Error: answer,
			Match: func(cloudwatchtest.Request) bool { return time.Since(start)%(30*time.Second) < 2*time.Second },
		})
	}
}

func throttledFor(begin func(c *faultScene) (end func())) func(c *faultScene) {
	return func(c *faultScene) {
		const throttle = 10 * time.Minute
		busy := func(d time.Duration) (requests, answered int) {
			start, pause := time.Now(), c.interval()
			c.logs(c.loggers[0], int(d/pause), pause)
			for _, r := range c.puts(start) {
				if requests++; r.Status == http.StatusOK {
					answered++
				}
			}
			return requests, answered
		}
		busy(10 * time.Second)
		_, before := busy(time.Minute)
		end := begin(c)
		c.faults = append(c.faults, end)
		requests, answered := busy(throttle)
		c.Logf("%d requests, %d successful: %.3f for each", requests, answered, float64(requests)/float64(answered))
		const few = 6 // after bursts there are hardly any, so one more or less counts for much
		if answered == 0 || float64(requests) > 1.2*float64(answered)+few {
			c.Errorf("%d requests, of which %d were successful", requests, answered)
		}
		if s := c.Stats(); s.Rejected.Total()+s.Dropped.Total() != 0 {
			c.Errorf("lost: %s", figures(s))
		}
		end()
		minutes := 1
		for _, after := busy(time.Minute); after < before*9/10; _, after = busy(time.Minute) {
			if minutes++; minutes > 10 { // from the slowest, one each 20 s, it takes seven
				c.Errorf("%d requests in the tenth minute after the throttle, %d in one before", after, before)
				break
			}
		}
		c.Logf("as many requests as before in minute %d", minutes)
	}
}

func (c *faultScene) interval() time.Duration {
	if c.opts.FlushInterval != 0 {
		return c.opts.FlushInterval
	}
	return time.Second
}

// hinted has one request answered with a time to wait, which must come true, and
// a quarter at most in addition.
func hinted(retryAfter, want time.Duration, amz string) func(c *faultScene) {
	return func(c *faultScene) {
		c.logs(c.loggers[0], 10, time.Second)
		start := time.Now()
		fault := &cloudwatchtest.APIError{Status: http.StatusTooManyRequests, Code: "ThrottlingException", Message: scripted, RetryAfter: retryAfter}
		c.inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, Error: fault})
		if amz != "" {
			c.disturb(func(r *http.Request) (*http.Response, error) {
				answer, err := c.net.endpoint.RoundTrip(r)
				if err == nil && answer.StatusCode != http.StatusOK {
					answer.Header.Set("X-Amz-Retry-After", amz)
				}
				return answer, err
			})
		}
		for time.Since(start) < 10*time.Minute {
			c.loggers[0].log(slog.LevelInfo, time.Now(), "")
			time.Sleep(time.Second)
		}
		puts := c.puts(start)
		waited := puts[1].Time.Sub(puts[0].Time)
		c.Logf("waited %v", waited)
		if waited < want || waited > want*5/4+3*time.Second {
			c.Errorf("the next request came after %v, want %v", waited, want)
		}
	}
}
