package faulttest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// What is around the program is not as it should be, and somebody puts it right
// later.
func TestFaultMatrixEnvironment(t *testing.T) {
	opts := cloudwatch.Options{LogStream: testkit.Stream}
	noCreate := cloudwatch.Options{LogStream: testkit.Stream, NoCreate: true}
	failing := func(f cloudwatchtest.Fault) func(c *faultScene) {
		return func(c *faultScene) { c.anHour(150, func() func() { return c.inject(f) }) }
	}
	code := func(code string) func(c *faultScene) { return failing(cloudwatchtest.Fault{Error: refusal(code)}) }
	runFaults(t, []faultRow{
		keyRow("keys that expire are replaced in time", rotation{lifetime: 15 * time.Minute}),
		keyRow("keys expire before their time and others come late", rotation{taken: time.Hour}),
		keyRow("keys expire, others come late and expire, too", rotation{taken: time.Hour, lifetime: 3 * time.Hour}),
		keyRow("the source of keys fails", rotation{fails: true, taken: time.Hour}),
		keyRow("the source of keys hangs, then fails", rotation{fails: true, slow: 45 * time.Second, taken: time.Hour}),
		{31, "an expired token", opts, failing(cloudwatchtest.Fault{Error: cloudwatchtest.ExpiredToken()})},
		{31, "a token nobody knows", opts, failing(cloudwatchtest.Fault{Error: cloudwatchtest.UnrecognizedClient()})},
		{32, "no permission to write", opts, failing(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})},
		{32, "a disabled key", opts, code("KMSDisabledException")},
		{32, "a key in a wrong state", opts, code("InvalidStateException")},
		{32, "an account that is not enabled", opts, code("OptInRequired")},
		{32, "a region that does not exist", opts, func(c *faultScene) {
			c.anHour(400, func() func() {
				return c.disturb(func(r *http.Request) (*http.Response, error) {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.Host, IsNotFound: true}}
				})
			})
		}},
		{33, "the log stream is deleted again and again", opts, func(c *faultScene) { c.deletedOften(c.deleteStream) }},
		{33, "the log group is deleted again and again", opts, func(c *faultScene) { c.deletedOften(c.deleteGroup) }},
		{33, "no log group under NoCreate", noCreate, func(c *faultScene) { c.missingUntilMade() }},
		{33, "creation is denied", opts, func(c *faultScene) {
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogStream", Error: cloudwatchtest.AccessDenied("CreateLogStream")})
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Error: cloudwatchtest.AccessDenied("CreateLogGroup")})
			c.missingUntilMade()
		}},
		{33, "creation is denied, and the log group deleted while running", opts, func(c *faultScene) {
			c.logs(c.loggers[0], 3, time.Second)
			c.settled(time.Minute)
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogStream", Error: cloudwatchtest.AccessDenied("CreateLogStream")})
			c.inject(cloudwatchtest.Fault{Operation: "CreateLogGroup", Error: cloudwatchtest.AccessDenied("CreateLogGroup")})
			c.deleteGroup()
			c.missingUntilMade()
		}},
	})
}

// anHour of trouble: events are kept, somebody is told, nothing waits, and there
// are few requests. Afterwards all is delivered within two minutes.
func (c *faultScene) anHour(most int64, begin func() (end func())) {
	c.logs(c.loggers[0], 3, time.Second)
	c.settled(time.Minute)
	before := c.Stats()
	end := begin()
	c.logs(c.loggers[0], 180, 20*time.Second)
	c.wantFew(most, before)
	c.wantKept(180)
	end()
	c.delivered(183)
}

func (c *faultScene) delivered(events int64) {
	c.Helper()
	time.Sleep(2 * time.Minute)
	if s := c.Stats(); s.Delivered != events || s.Pending != 0 {
		c.Errorf("two minutes later, want %d delivered: %s", events, figures(s))
	}
}

func (c *faultScene) deletedOften(remove func()) {
	for range 60 {
		c.logs(c.loggers[0], 3, time.Second)
		remove()
	}
	c.delivered(180)
}

func (c *faultScene) missingUntilMade() {
	before := c.Stats()
	c.logs(c.loggers[0], 180, 20*time.Second)
	c.wantFew(400, before)
	c.wantKept(180)
	if err := errors.Join(c.srv.CreateLogGroup(testkit.Group), c.srv.CreateLogStream(testkit.Group, testkit.Stream)); err != nil {
		c.Fatal(err)
	}
	c.delivered(before.Delivered + 180)
}

// rotation is how keys come and go.
type rotation struct {
	lifetime time.Duration // of a key, 0 = it does not say
	taken    time.Duration // so long after the start the source has a key that the service takes
	fails    bool          // before that, it has none at all
	slow     time.Duration // and takes so long to say so
}

// keyRow has a source of keys behind a cache, as it usually is.
func keyRow(fault string, rotate rotation) faultRow {
	var start time.Time // of fake time
	source := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		now := time.Now()
		if start.IsZero() {
			start = now
		}
		key := aws.Credentials{AccessKeyID: "NEW", SecretAccessKey: "secret", CanExpire: rotate.lifetime > 0, Expires: now.Add(rotate.lifetime)}
		if now.Sub(start) < rotate.taken {
			if rotate.fails {
				time.Sleep(rotate.slow)
				return aws.Credentials{}, errors.New("no keys here")
			}
			key.AccessKeyID = "OLD"
		}
		key.AccessKeyID += key.Expires.UTC().Format("20060102T150405")
		return key, nil
	})
	return faultRow{31, fault, cloudwatch.Options{
		LogStream: testkit.Stream,
		Config:    &aws.Config{Credentials: aws.NewCredentialsCache(source)},
	}, func(c *faultScene) {
		c.disturb(func(r *http.Request) (*http.Response, error) {
			_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
			key, _, _ = strings.Cut(key, "/")
			expires, err := time.Parse("20060102T150405", strings.TrimPrefix(key, "NEW"))
			if err != nil || rotate.lifetime > 0 && time.Now().After(expires.Add(time.Second)) {
				return errorAnswer(r, http.StatusBadRequest, "ExpiredTokenException"), nil
			}
			return c.net.endpoint.RoundTrip(r)
		})
		const events = 180
		before := c.Stats()
		c.logs(c.loggers[0], events, 20*time.Second)
		c.wantFew(events+150, before)
		if rotate.taken == 0 {
			if s := c.Stats(); s.LastError != nil && s.LastErrorTime.Sub(start) > time.Minute {
				c.Errorf("a request failed: %v", s.LastError)
			}
		} else {
			c.wantKept(events)
			var credentials *cloudwatch.CredentialsError
			if rotate.fails && !errors.As(c.Stats().LastError, &credentials) {
				c.Errorf("the last error is %v", c.Stats().LastError)
			}
		}
		c.delivered(events)
		c.logs(c.loggers[0], 720, 20*time.Second) // four hours in which keys expire as they say
		c.delivered(events + 720)
	}}
}
