package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// patience bounds waits that end at once when all is well.
const patience = 20 * time.Second

// running is a command that runs inside the test.
type running struct {
	stdin   *io.PipeWriter
	stdout  *log
	stderr  *log
	signals chan os.Signal
	code    chan int
}

// withoutAWS hides the AWS settings of the machine from a test.
func withoutAWS(t *testing.T) {
	for _, setting := range os.Environ() {
		if name, value, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
			t.Cleanup(func() { os.Setenv(name, value) })
		}
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
}

// start runs the command.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	withoutAWS(t)
	stdin, w := io.Pipe()
	r := &running{
		stdin:   w,
		stdout:  newLog(),
		stderr:  newLog(),
		signals: make(chan os.Signal, 2),
		code:    make(chan int, 1),
	}
	p := &program{
		stdin:   stdin,
		stdout:  r.stdout,
		stderr:  r.stderr,
		getenv:  func(string) string { return "" },
		signals: r.signals,
	}
	t.Cleanup(func() { stdin.CloseWithError(os.ErrClosed) }) // what was left behind in a read ends
	go func() { r.code <- p.run(t.Context(), args) }()
	return r
}

func (r *running) wantCode(t *testing.T, want int) {
	t.Helper()
	select {
	case got := <-r.code:
		if got != want {
			t.Errorf("exit code %d, want %d; stderr:\n%s", got, want, r.stderr)
		}
	case <-time.After(patience):
		t.Fatalf("still running; stderr:\n%s", r.stderr)
	}
}

func (r *running) write(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(r.stdin, text); err != nil {
		t.Fatal(err)
	}
}

// log is what was written, and a way to wait for it.
type log struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // closed and replaced by each write
}

func newLog() *log { return &log{wrote: make(chan struct{})} }

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wrote)
	l.wrote = make(chan struct{})
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) waitFor(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		l.mu.Lock()
		found, wrote := strings.Contains(l.text.String(), text), l.wrote
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-wrote:
		case <-timeout:
			t.Fatalf("%q was not written; stderr:\n%s", text, l)
		}
	}
}

// hangs makes PutLogEvents hang. It returns what undoes that, and a channel that
// is closed by the first such request.
func hangs(srv *cloudwatchtest.Server) (remove func(), hit <-chan struct{}) {
	c := make(chan struct{})
	first := sync.OnceFunc(func() { close(c) })
	return srv.Inject(cloudwatchtest.Fault{
		Operation: "PutLogEvents",
		Hang:      true,
		Match:     func(cloudwatchtest.Request) bool { first(); return true },
	}), c
}

func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal("it did not happen")
	}
}

const fiveLines = "1\n2\n3\n4\n5\n"

// The first signal ends reading, not delivery.
func TestSignalDrains(t *testing.T) {
	for _, test := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		t.Run(test.signal.String(), func(t *testing.T) {
			srv := cloudwatchtest.Start(t)
			remove := srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Error: cloudwatchtest.Throttled()})
			r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL)
			r.write(t, fiveLines+"not ended")
			r.stderr.waitFor(t, "the service is throttling requests")
			r.signals <- test.signal
			r.stderr.waitFor(t, "cloudwatch: sending the remaining 5 events, for at most 10s; press Ctrl-C again to quit\n")
			remove()
			r.wantCode(t, test.code)
			if got, want := fmt.Sprint(srv.Messages("app", "s")), "[1 2 3 4 5 not ended]"; got != want {
				t.Errorf("delivered %s, want %s", got, want)
			}
			r.stderr.waitFor(t, "cloudwatch: sent 6 events")
		})
	}
}

func TestSecondSignalQuits(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	_, hit := hangs(srv)
	r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL)
	r.write(t, fiveLines)
	wait(t, hit)
	r.signals <- os.Interrupt
	r.stderr.waitFor(t, "remaining 5 events")
	r.signals <- os.Interrupt
	r.wantCode(t, 130)
	r.stderr.waitFor(t, "cloudwatch: 5 events not delivered (5 lines read, 0 events delivered)\ncloudwatch: sent 0 events")
}

func TestDrainTimeout(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	_, hit := hangs(srv)
	r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL, "--drain-timeout", "10ms")
	r.write(t, fiveLines)
	wait(t, hit)
	r.signals <- os.Interrupt
	r.wantCode(t, 130)
	r.stderr.waitFor(t, "cloudwatch: 5 events not delivered (5 lines read, 0 events delivered)\n")
}

// A full buffer holds up the write of a chunk. Everything that was read is
// accounted for nevertheless.
func TestQuitWithFullBuffer(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	hangs(srv)
	r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL)
	line := strings.Repeat("x", 999) + "\n"
	almostFull := make(chan struct{})
	read := make(chan int)
	go func() {
		total := 0
		for n := 0; ; n++ {
			if n == 15_000 { // of about 1,060 bytes in the buffer
				close(almostFull)
			}
			n, err := io.WriteString(r.stdin, line)
			if total += n; err != nil {
				read <- total
				return
			}
		}
	}()
	wait(t, almostFull)
	r.signals <- os.Interrupt
	r.stderr.waitFor(t, "sending the remaining")
	r.signals <- os.Interrupt
	r.wantCode(t, 130)
	r.stdin.CloseWithError(io.EOF)
	// A pipe between goroutines hands over what is asked for, so bytes are
	// either read or not.
	lines := (<-read + len(line) - 1) / len(line)
	r.stderr.waitFor(t, fmt.Sprintf("cloudwatch: %s not delivered (%s read, ", events(int64(lines)), counted(int64(lines), "line", "lines")))
}

// A process gets real signals, and its pipes are real ones.
func TestProcessSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to send")
	}
	withoutAWS(t)
	srv := cloudwatchtest.Start(t)
	_, hit := hangs(srv)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "cloudwatch", "put", "app", "-s", "s", "--endpoint", srv.URL)
	cmd.Env = append(os.Environ(), fastExit)
	stderr := newLog()
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(stdin, fiveLines); err != nil {
		t.Fatal(err)
	}
	wait(t, hit)
	for _, want := range []string{"remaining 5 events", "5 events not delivered"} {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		stderr.waitFor(t, want)
	}
	_ = cmd.Wait() // the exit code says it
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d, want 130; stderr:\n%s", got, stderr)
	}
}

// Ctrl-C ends the input of demo; what has arrived is shown.
func TestSignalEndsInputOfDemo(t *testing.T) {
	r := start(t, "demo")
	r.stderr.waitFor(t, "cloudwatch: waiting for standard input; press Ctrl-C to stop\n")
	r.write(t, "one\n")
	r.signals <- os.Interrupt
	r.wantCode(t, 0)
	if got := r.stdout.String(); !strings.Contains(got, "  one\n\n") || !strings.Contains(got, "logged      1 event\n") {
		t.Errorf("stdout:\n%s", got)
	}
}

func TestSignalBeforeInputOfDemo(t *testing.T) {
	r := start(t, "demo")
	r.signals <- os.Interrupt
	r.wantCode(t, 130)
	if got := r.stdout.String() + r.stderr.String(); got != "" {
		t.Errorf("wrote %q", got)
	}
}

// What was read before an error is delivered.
func TestReadError(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL)
	r.write(t, "one\ntwo\nbroken li")
	r.stdin.CloseWithError(errors.New("the disk is on fire"))
	r.wantCode(t, 1)
	r.stderr.waitFor(t, "cloudwatch: read standard input: the disk is on fire\n")
	if got, want := fmt.Sprint(srv.Messages("app", "s")), "[one two broken li]"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

// A permission that was there and is gone may come back.
func TestDeniedInTheMiddle(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	r := start(t, "put", "app", "-s", "s", "--endpoint", srv.URL)
	r.write(t, "one\n")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := srv.WaitForEvents(ctx, "app", "s", 1); err != nil {
		t.Fatal(err)
	}
	remove := srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Error: cloudwatchtest.AccessDenied("PutLogEvents")})
	r.write(t, "two\n")
	r.stderr.waitFor(t, "access denied: AccessDeniedException: ")
	remove()
	r.stdin.Close()
	r.wantCode(t, 0)
	if got, want := fmt.Sprint(srv.Messages("app", "s")), "[one two]"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}
