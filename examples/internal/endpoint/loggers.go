package endpoint

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// WantLevels fails the test unless the events of a logger have their levels: once the buffer
// has no room left for INFO, what info logs is dropped, and what warn logs is not. start
// makes the logger.
func WantLevels(t *testing.T, start func(*cloudwatch.Handler) (info, warn func())) {
	t.Helper()
	srv := cloudwatchtest.New()
	defer srv.Close()
	over := srv.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
	cfg := srv.Config()
	h, err := cloudwatch.NewHandler("levels", &cloudwatch.Options{Config: &cfg, BufferBytes: 64 << 10, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	defer over()
	info, warn := start(h)
	for _, size := range []int{1000, 1} {
		for h.Append(time.Time{}, slog.LevelInfo, bytes.Repeat([]byte("x"), size)) == nil {
		}
	}

	before := h.Stats()
	info()
	after := h.Stats()
	if after.Dropped.BufferFull != before.Dropped.BufferFull+1 {
		t.Errorf("an INFO event was not dropped as one: %+v", after.Dropped)
	}
	warn()
	if last := h.Stats(); last.Accepted != after.Accepted+1 || last.Dropped.BufferFull != after.Dropped.BufferFull {
		t.Errorf("a WARN event was not let in as one: %+v", last)
	}
}

// WantWhole fails the test unless messages of several lines, logged by 16 goroutines, arrive
// as one event each. start makes the logger.
func WantWhole(t *testing.T, start func(*cloudwatch.Handler) (log func(message string))) {
	t.Helper()
	e := Start(t)
	h, err := cloudwatch.NewHandler("whole", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	log := start(h)
	const goroutines, events = 16, 100
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range events {
				log(fmt.Sprintf("begin %d.%d.\n\tat one\n\n\tat two\nend %[1]d.%d.", g, n))
			}
		})
	}
	wg.Wait()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	arrived := map[string]bool{}
	for _, message := range e.All("whole") {
		begin, end := beginning.FindStringSubmatch(message), ending.FindStringSubmatch(message)
		if begin == nil || end == nil || begin[1] != end[1] || arrived[begin[1]] {
			t.Fatalf("torn, or twice: %q", message)
		}
		arrived[begin[1]] = true
	}
	if len(arrived) != goroutines*events {
		t.Errorf("%d events arrived, want %d", len(arrived), goroutines*events)
	}
}

var beginning, ending = regexp.MustCompile(`begin (\d+\.\d+)\.`), regexp.MustCompile(`end (\d+\.\d+)\.`)

// WantFatal fails the test unless a log call that ends the program delivers its message
// first. The call is made in a process of its own, which runs the same test.
func WantFatal(t *testing.T, fatal func(h *cloudwatch.Handler, message string)) {
	t.Helper()
	const child, message = "FATAL_IN_THIS_PROCESS", "the last words"
	if os.Getenv(child) != "" {
		h, err := cloudwatch.NewHandler("fatal", nil)
		if err != nil {
			t.Fatal(err)
		}
		fatal(h, message)
		os.Exit(0) // it went on
	}
	e := Start(t)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the program went on:\n%s", out)
	}
	e.Want("fatal", message)
}
