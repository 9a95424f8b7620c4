package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// putMessages puts an event of each message.
func putMessages(t *testing.T, c *cloudwatchlogs.Client, messages ...string) {
	t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}
	for _, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(m)})
	}
	if _, err := c.PutLogEvents(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// filtered returns all events of the group.
func filtered(t *testing.T, c *cloudwatchlogs.Client) []types.FilteredLogEvent {
	t.Helper()
	out, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")})
	if err != nil {
		t.Fatal(err)
	}
	return out.Events
}

// Everything is there after a restart, and a client cannot tell it from before:
// event ids and tokens stay as they are.
func TestServeRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e := launch(t, "--data", dir)
	c := client(e.url)
	createStreams(t, c, "g", "s")
	putMessages(t, c, "one", "two", "three")
	first, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), Limit: aws.Int32(2)})
	if err != nil || first.NextToken == nil {
		t.Fatal(first, err)
	}
	before := filtered(t, c)
	if _, err := c.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	e.interrupt(t)
	if code := e.cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d after Ctrl-C, want 130", code)
	}
	if files, err := filepath.Glob(dir + "/*"); err != nil || len(files) != 2 {
		t.Errorf("left after a clean end: %v, %v", files, err)
	}

	e = launch(t, "--data", dir)
	c = client(e.url)
	second, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), Limit: aws.Int32(2), NextToken: first.NextToken})
	if err != nil || len(second.Events) != 1 || *second.Events[0].EventId != *before[2].EventId || *second.Events[0].Message != "three" {
		t.Fatalf("the token of before leads to %+v: %v", second, err)
	}
	for i, now := range filtered(t, c) {
		if *now.EventId != *before[i].EventId || *now.IngestionTime != *before[i].IngestionTime || *now.Timestamp != *before[i].Timestamp {
			t.Errorf("event %d is another after the restart", i)
		}
	}
	groups, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(groups.LogGroups) != 1 || aws.ToInt32(groups.LogGroups[0].RetentionInDays) != 7 {
		t.Errorf("groups: %+v, %v", groups, err)
	}
	putMessages(t, c, "four")
	if ids := filtered(t, c); len(ids) != 4 || *ids[3].EventId <= *ids[2].EventId {
		t.Errorf("after one more: %+v", ids)
	}
}

// One process for each directory and each port; the second one says what is
// wrong and what to do.
func TestServeTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e := launch(t, "--data", dir)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", dir, "--addr", "127.0.0.1:0"}, dir + " is in use by another 'cloudwatch serve': stop it, or choose another directory with --data"},
		{[]string{"--memory", "--addr", strings.TrimPrefix(e.url, "http://")}, " is in use, perhaps by another 'cloudwatch serve': stop it, or choose another address with --addr"},
	} {
		out, err := exec.Command("cloudwatch", append([]string{"serve"}, test.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%q: %v\n%s\nwant %q", test.args, err, out, test.want)
		}
	}
}

func TestServeRequestLog(t *testing.T) {
	e := launch(t, "--memory", "--fault", "DescribeLogGroups:throttle")
	c := clientOnce(e.url)
	createStreams(t, c, "g", "s")
	putMessages(t, c, "one")
	if _, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{}); err == nil {
		t.Error("not throttled")
	}
	res, err := http.Get(e.url + "/_cloudwatch/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var log struct {
		Requests []struct {
			Operation, AccessKeyID, Code string
			Events, Status               int
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&log); err != nil {
		t.Fatal(err)
	}
	if n := len(log.Requests); n != 4 || log.Requests[2].Operation != "PutLogEvents" || log.Requests[2].Events != 1 ||
		log.Requests[2].AccessKeyID != dummyKey || log.Requests[3].Code != "ThrottlingException" || log.Requests[3].Status != 400 {
		t.Errorf("log: %+v", log)
	}
}

// Old events make room for new ones, on disk and in memory, and the process
// does not grow.
func TestServeMaxBytes(t *testing.T) {
	for _, where := range [][]string{{"--memory"}, {"--data", filepath.Join(t.TempDir(), "data")}} {
		t.Run(where[0], func(t *testing.T) {
			const limit = 4_000_000
			e := launch(t, append(where, "--max-bytes", "4MB")...)
			c := client(e.url)
			createStreams(t, c, "g", "s")
			for range 20 { // 18 MB
				var messages []string
				for range 900 {
					messages = append(messages, strings.Repeat("x", 1000))
				}
				putMessages(t, c, messages...)
			}
			putMessages(t, c, "last")
			stored := func() int64 {
				out, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
				if err != nil {
					t.Fatal(err)
				}
				return aws.ToInt64(out.LogGroups[0].StoredBytes)
			}
			for end := time.Now().Add(patience); stored() > limit; time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d bytes are stored, above the limit of %d", stored(), limit)
				}
			}
			if n := stored(); n < limit/4 {
				t.Errorf("only %d bytes are left, of %d", n, limit)
			}
			out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), Limit: aws.Int32(1)})
			if err != nil || len(out.Events) != 1 || *out.Events[0].Message != "last" {
				t.Errorf("the newest event: %+v, %v", out, err)
			}
			if where[0] == "--data" {
				info, err := os.Stat(where[1] + "/logs.db")
				if err != nil || info.Size() > 3*limit+20<<20 {
					t.Errorf("the file has %d bytes: %v", info.Size(), err)
				}
			}
		})
	}
}
