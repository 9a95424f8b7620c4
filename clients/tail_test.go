package clients_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// "aws logs tail --follow" shows the lines of a running program as it logs
// them.
func TestTailFollowShowsARunningProgram(t *testing.T) {
	t.Parallel()
	e := start(t)
	debianAWS(t, e)
	must(t, e.CreateLogGroup("shop"))
	logLine := shop(t, e)

	tail := e.command(t, debianCLI, "--endpoint-url", e.URL, "logs", "tail", "shop", "--follow", "--format", "short")
	tail.Env = append(tail.Env, "PYTHONUNBUFFERED=1")
	stdout, err := tail.StdoutPipe()
	must(t, err)
	var stderr strings.Builder
	tail.Stderr = &stderr
	must(t, tail.Start())
	shown := make(chan string)
	go func() {
		defer close(shown)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			shown <- lines.Text()
		}
	}()

	// The CLI asks every 5 seconds, the handler sends every second.
	for i := range 2 {
		want := fmt.Sprintf("order %d paid", i)
		logLine(want)
		select {
		case line, open := <-shown:
			if !open {
				t.Fatalf("tail ended: %s", stderr.String())
			}
			_, text, _ := strings.Cut(line, " ")
			var record struct{ Msg string }
			if err := json.Unmarshal([]byte(text), &record); err != nil || record.Msg != want {
				t.Fatalf("tail shows %q, want %q", line, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("tail did not show %q", want)
		}
	}
	must(t, tail.Cancel())
	for line := range shown {
		t.Errorf("tail shows more: %q", line)
	}
	tail.Wait() // killed
}

// shop starts the program that logs what it is told, and returns how to tell
// it. It ends with the test.
func shop(t *testing.T, e *endpoint) (logLine func(string)) {
	t.Helper()
	program := e.command(t, build(t, "shop"))
	stdin, err := program.StdinPipe()
	must(t, err)
	var stderr strings.Builder
	program.Stderr = &stderr
	must(t, program.Start())
	t.Cleanup(func() {
		stdin.Close()
		if err := program.Wait(); err != nil {
			t.Errorf("shop: %v: %s", err, stderr.String())
		}
	})
	return func(line string) {
		t.Helper()
		_, err := io.WriteString(stdin, line+"\n")
		must(t, err)
	}
}
