//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

// The program gets SIGTERM while it logs. Whatever it said it logged must have
// arrived, once, in the order of each worker, and its exit code is 0.
func TestSigterm(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sigterm")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	rows := map[string]cloudwatchtest.Fault{ // from the signal on
		"the service is well":         {},
		"the service is slow":         {Operation: "PutLogEvents", Delay: time.Second},
		"connections are cut at once": {Operation: "PutLogEvents", Times: 3, Cut: cloudwatchtest.CutBefore},
		"requests are throttled":      {Operation: "PutLogEvents", Times: 2, Error: cloudwatchtest.Throttled()},
	}
	for name, fault := range rows {
		t.Run(name, func(t *testing.T) {
			e := endpoint.Start(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a program that hangs needs it
			defer cancel()
			cmd := exec.CommandContext(ctx, program)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}

			var said []string
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
				said = append(said, lines.Text())
				if len(said) != 1000 {
					continue
				}
				e.Inject(fault)
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit code %d; stderr:\n%s", code, &stderr)
			}
			if len(said) < 1000 {
				t.Fatalf("it ended by itself after %d lines; stderr:\n%s", len(said), &stderr)
			}
			wantArrived(t, e, said)
		})
	}
}

// wantArrived checks that the one log stream holds what the program said it
// logged, in the order of each worker.
func wantArrived(t *testing.T, e *endpoint.Endpoint, said []string) {
	t.Helper()
	g, _ := e.LogGroup("my_log_group")
	if len(g.Streams) != 1 {
		t.Fatalf("the log streams are %q, want one", g.Streams)
	}
	events := e.Events("my_log_group", g.Streams[0])
	// Sorted by time, and as they came: so a reader sees them.
	slices.SortStableFunc(events, func(a, b cloudwatchtest.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	jobs := make(map[int]int) // the last one, by worker
	var arrived []string
	for _, event := range events {
		var m struct{ Worker, Job int }
		if err := json.Unmarshal([]byte(event.Message), &m); err != nil {
			t.Fatalf("%q: %v", event.Message, err)
		}
		if jobs[m.Worker]++; m.Job != jobs[m.Worker] {
			t.Fatalf("worker %d: job %d arrived where %d was due", m.Worker, m.Job, jobs[m.Worker])
		}
		arrived = append(arrived, fmt.Sprintf("worker %d job %d", m.Worker, m.Job))
	}
	slices.Sort(arrived)
	slices.Sort(said)
	if !slices.Equal(arrived, said) {
		t.Errorf("it said it logged %d lines, %d arrived", len(said), len(arrived))
	}
}
