package clients_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// oldCLI looks for an AWS CLI of version 1 in PATH, which knows
// AWS_ENDPOINT_URL, and live tail, but no "tail".
func oldCLI(t *testing.T, e *endpoint) (aws string) {
	t.Helper()
	aws, err := exec.LookPath("aws")
	if err != nil {
		absent(t, "awscli version 1", err.Error())
	}
	out := e.run(t, aws, "--version")
	version := out.stdout + out.stderr
	if !strings.HasPrefix(version, "aws-cli/1.") {
		absent(t, "awscli version 1", "the aws in PATH is "+strings.TrimSpace(version))
	}
	return aws
}

func TestOldCLI(t *testing.T) {
	t.Parallel()
	e := start(t)
	aws := oldCLI(t, e)
	must(t, e.CreateLogGroup("/old/app"))
	must(t, e.CreateLogStream("/old/app", "web-1"))
	events := []written{{time.Now().UnixMilli() - 1, "INFO é"}, {time.Now().UnixMilli(), `{"level":"ERROR"}`}}
	file := filepath.Join(t.TempDir(), "events.json")
	text, err := json.Marshal(events)
	must(t, err)
	must(t, os.WriteFile(file, text, 0o600))
	e.succeed(t, aws, "logs", "put-log-events", "--log-group-name", "/old/app", "--log-stream-name", "web-1", "--log-events", "file://"+file)
	e.wantMessages(t, "/old/app", "web-1", events[0].Message, events[1].Message)

	var got struct{ Events []written }
	must(t, json.Unmarshal([]byte(e.succeed(t, aws, "logs", "get-log-events", "--log-group-name", "/old/app", "--log-stream-name", "web-1", "--start-from-head")), &got))
	if !slices.Equal(got.Events, events) {
		t.Errorf("get-log-events: %v", got.Events)
	}
	found := e.succeed(t, aws, "logs", "filter-log-events", "--log-group-name", "/old/app", "--filter-pattern", `{ $.level = "ERROR" }`, "--query", "events[].message", "--output", "text")
	if strings.TrimSpace(found) != events[1].Message {
		t.Errorf("filter-log-events: %q", found)
	}
	if names := e.succeed(t, aws, "logs", "describe-log-groups", "--query", "logGroups[].logGroupName", "--output", "text"); strings.TrimSpace(names) != "/old/app" {
		t.Errorf("describe-log-groups: %q", names)
	}
}

func TestOldCLILiveTail(t *testing.T) {
	t.Parallel()
	e := start(t)
	aws := oldCLI(t, e)
	must(t, e.CreateLogGroup("shop"))
	logLine := shop(t, e)
	tail := e.command(t, aws, "logs", "start-live-tail", "--log-group-identifiers", "arn:aws:logs:us-east-1:000000000000:log-group:shop")
	tail.Env = append(tail.Env, "PYTHONUNBUFFERED=1")
	stdout, err := tail.StdoutPipe()
	must(t, err)
	var stderr strings.Builder
	tail.Stderr = &stderr
	must(t, tail.Start())
	for end := time.Now().Add(time.Minute); e.RequestCount("StartLiveTail") == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no session began: %s", stderr.String())
		}
	}
	logLine("order 1 paid")
	shown := make(chan string)
	go func() {
		defer close(shown)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			shown <- lines.Text()
		}
	}()
	select {
	case line := <-shown:
		if !strings.Contains(line, `"msg":"order 1 paid"`) {
			t.Errorf("live tail shows %q", line)
		}
	case <-time.After(time.Minute):
		t.Errorf("live tail shows nothing: %s", stderr.String())
	}
	must(t, tail.Cancel())
	for range shown {
	}
	_ = tail.Wait() // killed
}
