package clients_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Debian's AWS CLI. Another one may come first in PATH.
const debianCLI = "/usr/bin/aws"

// debianAWS returns a function that runs "aws logs" of Debian's package, which
// does not know AWS_ENDPOINT_URL yet.
func debianAWS(t *testing.T, e *endpoint) func(t *testing.T, args ...string) outcome {
	t.Helper()
	if _, err := os.Stat(debianCLI); err != nil {
		absentInCI(t, "awscli of Debian", err.Error())
	}
	return func(t *testing.T, args ...string) outcome {
		t.Helper()
		return e.run(t, debianCLI, append([]string{"--endpoint-url", e.URL, "logs"}, args...)...)
	}
}

// written is an event that the CLI puts.
type written struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

func TestDebianCLI(t *testing.T) {
	t.Parallel()
	e := start(t)
	aws := debianAWS(t, e)
	good := func(t *testing.T, args ...string) string {
		t.Helper()
		out := aws(t, args...)
		if out.code != 0 {
			t.Fatalf("aws logs %s: exit code %d\n%s%s", strings.Join(args, " "), out.code, out.stdout, out.stderr)
		}
		return out.stdout
	}
	decode := func(t *testing.T, text string, v any) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}

	// A few seconds ago, so that "tail" finds them; no full second, which the
	// CLI shows in another way.
	at := time.Now().Add(-5 * time.Second).Truncate(time.Second).Add(123 * time.Millisecond)
	events := []written{
		{at.UnixMilli(), "INFO started é 漢 🙂"},
		{at.UnixMilli() + 1, "ERROR 500 payment failed"},
		{at.UnixMilli() + 2, `{"level":"ERROR","status":503,"msg":"<&> \"quoted\""}`},
		{at.UnixMilli() + 2, "WARN two\nlines"},
	}
	var messages []string
	for _, ev := range events {
		messages = append(messages, ev.Message)
	}

	t.Run("create", func(t *testing.T) {
		good(t, "create-log-group", "--log-group-name", "/app/web", "--tags", "team=shop,stage=test")
		good(t, "create-log-stream", "--log-group-name", "/app/web", "--log-stream-name", "web-1")
		g, ok := e.LogGroup("/app/web")
		if !ok || !maps.Equal(g.Tags, map[string]string{"team": "shop", "stage": "test"}) || !slices.Equal(g.Streams, []string{"web-1"}) {
			t.Fatalf("got %+v", g)
		}
	})
	t.Run("put", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "events.json")
		text, err := json.Marshal(events)
		must(t, err)
		must(t, os.WriteFile(file, text, 0o600))
		var out struct {
			NextSequenceToken     string
			RejectedLogEventsInfo any
		}
		decode(t, good(t, "put-log-events", "--log-group-name", "/app/web", "--log-stream-name", "web-1", "--log-events", "file://"+file), &out)
		if len(out.NextSequenceToken) != 56 || out.RejectedLogEventsInfo != nil {
			t.Errorf("got %+v", out)
		}
		e.wantMessages(t, "/app/web", "web-1", messages...)
	})
	t.Run("get", func(t *testing.T) {
		var out struct{ Events []written }
		decode(t, good(t, "get-log-events", "--log-group-name", "/app/web", "--log-stream-name", "web-1", "--start-from-head"), &out)
		if !slices.Equal(out.Events, events) {
			t.Errorf("got %v\nwant %v", out.Events, events)
		}
	})
	t.Run("filter", func(t *testing.T) {
		for _, f := range []struct {
			pattern string
			want    []string
		}{
			{`{ $.level = "ERROR" && $.status >= 500 }`, messages[2:3]},
			{`[level = ERROR || level = WARN, ...]`, []string{messages[1], messages[3]}},
		} {
			var out struct{ Events []written }
			decode(t, good(t, "filter-log-events", "--log-group-name", "/app/web", "--filter-pattern", f.pattern), &out)
			var got []string
			for _, ev := range out.Events {
				got = append(got, ev.Message)
			}
			if !slices.Equal(got, f.want) {
				t.Errorf("%s: got %q, want %q", f.pattern, got, f.want)
			}
		}
		out := aws(t, "filter-log-events", "--log-group-name", "/app/web", "--filter-pattern", `{ $.level = `)
		if out.code != 254 || !strings.Contains(out.stderr, "(InvalidParameterException)") {
			t.Errorf("a malformed pattern: exit code %d, %s", out.code, out.stderr)
		}
	})
	t.Run("tail", func(t *testing.T) {
		stamp := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000000+00:00") }
		var detailed, short, inJSON strings.Builder
		for _, ev := range events {
			fmt.Fprintf(&detailed, "%s web-1 %s\n", stamp(ev.Timestamp), ev.Message)
			fmt.Fprintf(&short, "%s %s\n", stamp(ev.Timestamp)[:19], ev.Message)
			shown := ev.Message
			if strings.HasPrefix(shown, "{") {
				shown = "\n{\n    \"level\": \"ERROR\",\n    \"status\": 503,\n    \"msg\": \"<&> \\\"quoted\\\"\"\n}"
			}
			fmt.Fprintf(&inJSON, "%s web-1 %s\n", stamp(ev.Timestamp), shown)
		}
		for format, want := range map[string]string{"detailed": detailed.String(), "short": short.String(), "json": inJSON.String()} {
			if got := good(t, "tail", "/app/web", "--format", format); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", format, got, want)
			}
		}
	})
	t.Run("describe", func(t *testing.T) {
		for i := range 4 {
			must(t, e.CreateLogStream("/app/web", fmt.Sprint("web-", i+2)))
		}
		e.TakeRequests()
		var out struct {
			LogStreams []struct {
				LogStreamName      string
				LastEventTimestamp int64
			}
		}
		// The CLI asks for page after page, and shows them as one.
		decode(t, good(t, "describe-log-streams", "--log-group-name", "/app/web", "--page-size", "2"), &out)
		if len(out.LogStreams) != 5 || e.RequestCount("DescribeLogStreams") != 3 {
			t.Errorf("%d streams in %d pages", len(out.LogStreams), e.RequestCount("DescribeLogStreams"))
		}
		if s := out.LogStreams[0]; s.LogStreamName != "web-1" || s.LastEventTimestamp != events[3].Timestamp {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("tags", func(t *testing.T) {
		arn := "arn:aws:logs:us-east-1:000000000000:log-group:/app/web"
		good(t, "tag-resource", "--resource-arn", arn, "--tags", "stage=live,owner=ops")
		var out struct{ Tags map[string]string }
		decode(t, good(t, "list-tags-for-resource", "--resource-arn", arn), &out)
		if !maps.Equal(out.Tags, map[string]string{"team": "shop", "stage": "live", "owner": "ops"}) {
			t.Errorf("got %v", out.Tags)
		}
	})
	t.Run("retention", func(t *testing.T) {
		good(t, "put-retention-policy", "--log-group-name", "/app/web", "--retention-in-days", "7")
		if got := good(t, "describe-log-groups", "--query", "logGroups[].[logGroupName,retentionInDays]", "--output", "text"); got != "/app/web\t7\n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("delete", func(t *testing.T) {
		good(t, "delete-log-stream", "--log-group-name", "/app/web", "--log-stream-name", "web-2")
		if g, _ := e.LogGroup("/app/web"); slices.Contains(g.Streams, "web-2") {
			t.Errorf("streams %v", g.Streams)
		}
		good(t, "delete-log-group", "--log-group-name", "/app/web")
		if groups := e.LogGroups(); len(groups) != 0 {
			t.Errorf("groups %v", groups)
		}
		out := aws(t, "tail", "/app/web")
		if out.code != 254 || !strings.Contains(out.stderr, "(ResourceNotFoundException)") || !strings.Contains(out.stderr, "The specified log group does not exist.") {
			t.Errorf("tail of a group that is gone: exit code %d, %s", out.code, out.stderr)
		}
	})
}
