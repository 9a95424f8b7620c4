package endpoint_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func open(t *testing.T, o cloudwatchtest.Options) *cloudwatchtest.Server {
	t.Helper()
	srv, err := cloudwatchtest.Open(o)
	must(t, err)
	t.Cleanup(func() { srv.Close() })
	return srv
}

// openStore opens an endpoint with options that package cloudwatchtest does not have.
func openStore(t *testing.T, o endpoint.Options) *endpoint.Server {
	t.Helper()
	srv, err := endpoint.Open(o)
	must(t, err)
	t.Cleanup(func() { srv.Close() })
	return srv
}

// createStream creates a log group with the stream s.
func createStream(t *testing.T, srv *endpoint.Server, group string) {
	t.Helper()
	if err := srv.CreateLogGroup(group); err != nil {
		t.Fatal(err)
	}
	if err := srv.CreateLogStream(group, "s"); err != nil {
		t.Fatal(err)
	}
}

// sdkAt returns the real client of an endpoint, without retries.
func sdkAt(url string) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: aws.NopRetryer{},
	})
}

// stored returns the messages of the stream s of a log group.
func stored(t *testing.T, store logstore.Store, group string) (messages []string) {
	t.Helper()
	events, err := store.Arrived(group, "s")
	must(t, err)
	for _, e := range events {
		messages = append(messages, e.Message)
	}
	return messages
}

func TestOpenRefusesRemoteAddresses(t *testing.T) {
	for addr, ok := range map[string]bool{"": true, "127.0.0.1:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "nonsense": false} {
		srv, err := cloudwatchtest.Open(cloudwatchtest.Options{Addr: addr})
		if (err == nil) != ok {
			t.Errorf("%q: error %v", addr, err)
		}
		if err == nil {
			srv.Close()
		}
	}
	srv := open(t, cloudwatchtest.Options{Addr: "0.0.0.0:0", AllowRemote: true})
	if !strings.HasPrefix(srv.URL, "http://127.0.0.1:") {
		t.Errorf("URL is %s", srv.URL)
	}
	_, err := sdk(srv).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	must(t, err)
}

// State is in the store, so another server with the same store has it.
func TestStateIsInTheStore(t *testing.T) {
	store := logstore.NewMemory()
	first := openStore(t, endpoint.Options{Store: store})
	createStream(t, first, "g")
	put(t, sdkAt(first.URL), "one")
	first.Close()
	second := openStore(t, endpoint.Options{Store: store})
	put(t, sdkAt(second.URL), "two")
	if got := stored(t, store, "g"); len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

func TestGuardRefusesWebPages(t *testing.T) {
	local := open(t, cloudwatchtest.Options{})
	remote := open(t, cloudwatchtest.Options{Addr: "0.0.0.0:0", AllowRemote: true})
	for _, test := range []struct {
		header        []string
		local, remote int
	}{
		{nil, 200, 200},
		{[]string{"Host", "localhost:4586"}, 200, 200},
		{[]string{"Host", "logs.localhost"}, 200, 200},
		{[]string{"Host", "[::1]:4586"}, 200, 200},
		{[]string{"Host", "stream-127.0.0.1:4586"}, 200, 200},
		{[]string{"Host", "evil.example"}, 403, 403},
		{[]string{"Host", "127.0.0.1.evil.example"}, 403, 403},
		{[]string{"Host", "10.0.0.7:4586"}, 403, 200},
		{[]string{"Host", "cloudwatch:4586"}, 403, 200},
		{[]string{"Host", "streaming-logs.internal"}, 403, 200},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403, 403},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200, 200},
		{[]string{"Origin", "http://evil.example"}, 403, 403},
		{[]string{"Origin", "null"}, 403, 403},
	} {
		for srv, want := range map[*cloudwatchtest.Server]int{local: test.local, remote: test.remote} {
			a := post(t, srv, "DescribeLogGroups", "{}", test.header...)
			if a.status != want {
				t.Errorf("%q: status %d, want %d", test.header, a.status, want)
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%q: responds with %s", test.header, name)
				}
			}
		}
	}

	// Another site cannot read the request log either.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local.URL+"/_cloudwatch/requests", nil)
	must(t, err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := local.Client().Do(req)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("the request log is shown to another site: %d", res.StatusCode)
	}
}

// Connections beyond the limit wait until another one ends or becomes idle.
func TestMaxConnections(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{MaxConnections: 2})
	defer srv.Inject(cloudwatchtest.Fault{Operation: "Hang", Hang: true})()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
		must(t, err)
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(20 * time.Second))
		return c
	}
	ask := func(c net.Conn, operation string) {
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Logs_20140328.%s\r\nContent-Length: 2\r\n\r\n{}", operation)
	}
	answered := func(c net.Conn) bool {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return false
		}
		_, err = io.Copy(io.Discard, res.Body)
		return err == nil && res.Body.Close() == nil
	}
	busy, idle := dial(), dial()
	ask(busy, "Hang")
	ask(idle, "DescribeLogGroups")
	if !answered(idle) {
		t.Fatal("no response on the second connection")
	}
	third := dial() // replaces the idle connection
	ask(third, "Hang")
	if answered(idle) {
		t.Error("the idle connection is still there")
	}
	fourth := dial()
	ask(fourth, "DescribeLogGroups")
	fourth.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if answered(fourth) {
		t.Error("a response although two connections are busy")
	}
	busy.Close()
	fourth.SetReadDeadline(time.Now().Add(20 * time.Second))
	if !answered(fourth) {
		t.Error("no response although a busy connection has ended")
	}
}

type requestLog struct {
	Requests []struct {
		Number                                                                int64
		Time                                                                  time.Time
		Operation, LogGroup, LogStream, UserAgent, AccessKeyID, Code, Message string
		Events, Bytes, BodyBytes, Status, Rejected, TooOld, Expired, TooNew   int
		OldestEvent, NewestEvent                                              time.Time
		Committed, Finished                                                   bool
	}
}

func readLog(t *testing.T, srv *cloudwatchtest.Server, query string) (log requestLog) {
	t.Helper()
	res, err := srv.Client().Get(srv.URL + "/_cloudwatch/requests" + query)
	must(t, err)
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "application/json; charset=utf-8" {
		t.Fatalf("status %d, %s", res.StatusCode, got)
	}
	must(t, json.NewDecoder(res.Body).Decode(&log))
	return log
}

func TestRequestLog(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		if log := readLog(t, srv, ""); log.Requests == nil || len(log.Requests) != 0 {
			t.Errorf("the log without requests: %+v", log)
		}
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		c := sdk(srv)
		now := time.Now().Truncate(time.Millisecond)
		in := batch(now.Add(-15*24*time.Hour), "old", "old too")
		in.LogEvents = append(in.LogEvents, batch(now.Add(-23*time.Hour), "fine").LogEvents...)
		in.LogEvents = append(in.LogEvents, batch(now.Add(3*time.Hour), "early").LogEvents...)
		_, err := c.PutLogEvents(t.Context(), in)
		must(t, err)
		_, err = c.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(2)})
		if err == nil {
			t.Fatal("retention of 2 days is accepted")
		}
		log := readLog(t, srv, "")
		if len(log.Requests) != 2 {
			t.Fatalf("log: %+v", log)
		}
		r := log.Requests[0]
		if r.Number != 1 || r.Operation != "PutLogEvents" || r.LogGroup != "g" || r.LogStream != "s" || r.AccessKeyID != "test" ||
			!strings.HasPrefix(r.UserAgent, "aws-sdk-go-v2/") || r.Events != 4 || r.Status != 200 || !r.Committed || !r.Finished ||
			r.Rejected != 3 || r.TooOld != 2 || r.Expired != 0 || r.TooNew != 1 ||
			!r.OldestEvent.Equal(now.Add(-15*24*time.Hour)) || !r.NewestEvent.Equal(now.Add(3*time.Hour)) {
			t.Errorf("put: %+v", r)
		}
		r = log.Requests[1]
		if r.Number != 2 || r.Operation != "PutRetentionPolicy" || r.Status != 400 || r.Code != "InvalidParameterException" || r.Message == "" || r.Committed || !r.OldestEvent.IsZero() {
			t.Errorf("put retention: %+v", r)
		}
		if log := readLog(t, srv, "?after=1"); len(log.Requests) != 1 || log.Requests[0].Number != 2 {
			t.Errorf("after 1: %+v", log)
		}
		if log := readLog(t, srv, "?after=2"); len(log.Requests) != 0 {
			t.Errorf("after 2: %+v", log)
		}
		for _, test := range []struct {
			method, query string
			status        int
		}{{"POST", "", 405}, {"GET", "?after=x", 400}, {"HEAD", "", 200}} {
			req, err := http.NewRequestWithContext(t.Context(), test.method, srv.URL+"/_cloudwatch/requests"+test.query, nil)
			must(t, err)
			res, err := srv.Client().Do(req)
			must(t, err)
			res.Body.Close()
			if res.StatusCode != test.status {
				t.Errorf("%s %s: status %d, want %d", test.method, test.query, res.StatusCode, test.status)
			}
		}
	})
}

// A time that JSON cannot represent does not break the log.
func TestRequestLogWithUnrepresentableTimes(t *testing.T) {
	srv, c := ready(t)
	in := batch(time.Now(), "m")
	in.LogEvents[0].Timestamp = aws.Int64(1<<63 - 1)
	_, err := c.PutLogEvents(t.Context(), in)
	must(t, err)
	if log := readLog(t, srv, ""); len(log.Requests) != 1 || log.Requests[0].TooNew != 1 {
		t.Errorf("log: %+v", log)
	}
}

func TestMaxRequests(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{MaxRequests: 10})
	for range 35 {
		post(t, srv, "DescribeLogGroups", "{}")
	}
	log := readLog(t, srv, "")
	if len(log.Requests) != 10 || log.Requests[0].Number != 26 || srv.RequestCount("") != 10 {
		t.Errorf("%d requests kept, %d, from %d", len(log.Requests), srv.RequestCount(""), log.Requests[0].Number)
	}
}

// A body that does not arrive must not delay Close.
func TestSlowBodyDoesNotBlockClose(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{})
	c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	must(t, err)
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Logs_20140328.PutLogEvents\r\nContent-Length: 100\r\n\r\n{")
	closed := make(chan struct{})
	go func() { srv.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for a client that sends nothing")
	}
}

func TestSweep(t *testing.T) {
	store := logstore.NewMemory()
	srv := openStore(t, endpoint.Options{Store: store, SweepEvery: time.Millisecond, MaxAge: 5 * 24 * time.Hour, MaxBytes: 100_000})
	c := sdkAt(srv.URL)
	for _, group := range []string{"kept", "g"} {
		createStream(t, srv, group)
	}
	_, err := c.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)})
	must(t, err)
	now := time.Now()
	putTo := func(group string, age time.Duration, message string) {
		t.Helper()
		in := batch(now.Add(-age), message)
		in.LogGroupName = &group
		_, err := c.PutLogEvents(t.Context(), in)
		must(t, err)
	}
	left := func(group string, want ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for fmt.Sprint(stored(t, store, group)) != fmt.Sprint(want) {
			if ctx.Err() != nil {
				t.Fatalf("left in %s: %.80q, want %.80q", group, stored(t, store, group), want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	putTo("g", 23*time.Hour, "soon")
	putTo("g", time.Hour, "later")
	putTo("kept", 6*24*time.Hour, "beyond the age")
	putTo("kept", 4*24*time.Hour, "old")
	left("kept", "old")
	srv.SetClockOffset(2 * time.Hour) // one day and one hour for the first event
	left("g", "later")

	big := strings.Repeat("x", 60_000)
	putTo("g", 0, big)
	left("kept", "old")
	putTo("g", 0, big+"2")
	left("kept")       // the oldest are deleted first
	left("g", big+"2") // "later", and then big
	if n, err := store.StoredBytes("g", 0); err != nil || n > 100_000 {
		t.Errorf("%d bytes stored: %v", n, err)
	}
}

// Store errors are returned as ServiceUnavailableException, which clients retry.
func TestStoreErrorIsServiceUnavailable(t *testing.T) {
	store := &failingStore{Memory: logstore.NewMemory()}
	srv := openStore(t, endpoint.Options{Store: store})
	createStream(t, srv, "g")
	store.err = errors.New("disk full")
	_, err := sdkAt(srv.URL).PutLogEvents(t.Context(), batch(time.Now(), "m"))
	wantAPIError(t, err, "ServiceUnavailableException", "disk full")
	if r := srv.Requests()[0]; r.Committed {
		t.Error("the request counts as committed")
	}
}

type failingStore struct {
	*logstore.Memory
	err error
}

func (s *failingStore) Append(string, string, int64, []logstore.NewEvent) (int64, error) {
	return 0, s.err
}
