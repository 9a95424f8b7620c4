package endpoint_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// both runs a test against an endpoint in memory and against one with a socket.
func both(t *testing.T, test func(t *testing.T, srv *cloudwatchtest.Server)) {
	t.Run("memory", func(t *testing.T) {
		srv := cloudwatchtest.New()
		t.Cleanup(func() { srv.Close() })
		test(t, srv)
	})
	t.Run("socket", func(t *testing.T) { test(t, cloudwatchtest.Start(t)) })
}

// sdk returns the real client without retries.
func sdk(srv *cloudwatchtest.Server) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(srv.Config(), func(o *cloudwatchlogs.Options) {
		o.Retryer = aws.NopRetryer{}
	})
}

// ready returns an endpoint in memory that has the stream g/s, and its client.
func ready(t testing.TB) (*cloudwatchtest.Server, *cloudwatchlogs.Client) {
	t.Helper()
	srv := cloudwatchtest.New()
	t.Cleanup(func() { srv.Close() })
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	return srv, sdk(srv)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put sends events with the given messages and the current time.
func put(t testing.TB, c *cloudwatchlogs.Client, messages ...string) {
	t.Helper()
	_, err := c.PutLogEvents(t.Context(), batch(time.Now(), messages...))
	must(t, err)
}

func batch(at time.Time, messages ...string) *cloudwatchlogs.PutLogEventsInput {
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}
	for _, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(m)})
	}
	return in
}

// rawResponse is the response to a request sent without the SDK.
type rawResponse struct {
	status int
	header http.Header
	body   string
}

func (a rawResponse) error(t testing.TB) (code, message string) {
	t.Helper()
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	if got := a.header.Get("X-Amzn-ErrorType"); got != e.Type {
		t.Errorf("X-Amzn-ErrorType is %q, __type %q", got, e.Type)
	}
	return e.Type, e.Message
}

// post sends a body without the SDK, which refuses to send some.
func post(t testing.TB, srv *cloudwatchtest.Server, operation, body string, header ...string) rawResponse {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/", strings.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if operation != "" {
		req.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	return do(t, srv, req)
}

func do(t testing.TB, srv *cloudwatchtest.Server, req *http.Request) rawResponse {
	t.Helper()
	res, err := srv.Client().Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return rawResponse{res.StatusCode, res.Header, string(b)}
}

// encode encodes a request body with encoding/json, without the SDK's validation.
func encode(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	must(t, json.NewEncoder(&b).Encode(v))
	return b.String()
}

// wantAPIError checks an error of the SDK's client.
func wantAPIError(t testing.TB, err error, code, message string) {
	t.Helper()
	var apiErr smithy.APIError
	if !errors.As(err, &apiErr) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if apiErr.ErrorCode() != code || !strings.Contains(apiErr.ErrorMessage(), message) {
		t.Errorf("got %s: %s\nwant %s: %s", apiErr.ErrorCode(), apiErr.ErrorMessage(), code, message)
	}
}

func TestSendAndRead(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		ctx, c := t.Context(), sdk(srv)
		_, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")})
		must(t, err)
		_, err = c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})
		must(t, err)
		start := time.Now().Truncate(time.Millisecond)
		out, err := c.PutLogEvents(ctx, batch(start, "one", "two <&> \u2028 é"))
		must(t, err)
		if len(aws.ToString(out.NextSequenceToken)) != 56 {
			t.Errorf("nextSequenceToken is %q, want 56 digits", aws.ToString(out.NextSequenceToken))
		}
		events := srv.Events("g", "s")
		if len(events) != 2 || events[1].Message != "two <&> \u2028 é" || !events[0].Timestamp.Equal(start) || events[0].IngestionTime.Before(start) {
			t.Fatalf("got %v", events)
		}
		got, err := c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})
		must(t, err)
		if len(got.Events) != 2 || *got.Events[0].Message != "one" || *got.Events[1].Message != "two <&> \u2028 é" {
			t.Errorf("GetLogEvents: %v", got.Events)
		}
		requests := srv.Requests()
		if len(requests) != 4 || srv.RequestCount("PutLogEvents") != 1 || srv.RequestCount("") != 4 {
			t.Fatalf("requests: %+v", requests)
		}
		r := requests[2]
		want := cloudwatchtest.Request{Time: r.Time, Operation: "PutLogEvents", LogGroup: "g", LogStream: "s", Events: 2,
			Bytes: len("one") + len("two <&> \u2028 é") + 52, BodyBytes: r.BodyBytes, Status: 200, Committed: true,
			UserAgent: r.UserAgent, AccessKeyID: "test", OldestEvent: start.UTC(), NewestEvent: start.UTC()}
		if r != want || r.BodyBytes < 100 || r.Time.Before(start) || !strings.HasPrefix(r.UserAgent, "aws-sdk-go-v2/") {
			t.Errorf("got %+v\nwant %+v", r, want)
		}
	})
}

func TestHeaders(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		for _, a := range []rawResponse{
			post(t, srv, "DescribeLogGroups", "{}"),
			post(t, srv, "CreateLogGroup", `{"logGroupName":"x"}`),
			post(t, srv, "CreateLogGroup", `{}`),
		} {
			if got := a.header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("Content-Type is %q", got)
			}
			id := a.header.Get("X-Amzn-Requestid")
			if len(id) != 36 || strings.Count(id, "-") != 4 || id[14] != '4' {
				t.Errorf("request id is %q", id)
			}
			date, err := http.ParseTime(a.header.Get("Date"))
			if err != nil || time.Since(date).Abs() > 5*time.Second {
				t.Errorf("Date is %q", a.header.Get("Date"))
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("CORS header %s", name)
				}
			}
		}
		if a := post(t, srv, "CreateLogGroup", `{"logGroupName":"y"}`); a.body != "" || a.status != 200 {
			t.Errorf("got %d %q, want an empty 200", a.status, a.body)
		}
	})
}
