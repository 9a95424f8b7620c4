package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// captureStderr has standard error go to a file until the end of the test. lines returns
// what was written so far.
func captureStderr(t *testing.T) (lines func() []string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = f
	t.Cleanup(func() {
		os.Stderr = old
		f.Close()
	})
	return func() []string {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 {
			return nil
		}
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
}

// newDefault returns a handler with an endpoint, and with no OnError unless opts have one.
func newDefault(t *testing.T, opts cloudwatch.Options) (*cloudwatch.Handler, *cloudwatchtest.Server) {
	t.Helper()
	srv := cloudwatchtest.New()
	cfg := srv.Config()
	opts.Config, opts.LogStream = &cfg, testkit.Stream
	h, err := cloudwatch.NewHandler(testkit.Group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.Close()
		srv.Close()
	})
	return h, srv
}

// wantLines checks that there is a line for each text, with the text in it.
func wantLines(t *testing.T, got []string, texts ...string) {
	t.Helper()
	if len(got) != len(texts) {
		t.Fatalf("%d lines on standard error, want %d:\n%s", len(got), len(texts), strings.Join(got, "\n"))
	}
	for i, text := range texts {
		if !strings.HasPrefix(got[i], "cloudwatch: ") || !strings.Contains(got[i], text) {
			t.Errorf("line %d is %q, want %q in it", i, got[i], text)
		}
	}
}

func TestFailuresGoToStandardErrorAsOftenAsToOnError(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, srv := newDefault(t, cloudwatch.Options{})
		defer srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})()
		for range 100 {
			slog.New(h).Info("m")
			time.Sleep(6 * time.Second)
		}
		const cause = "access denied"
		wantLines(t, lines(), cause, cause, cause, cause) // at once, and after 1, 3 and 7 minutes
		for _, line := range lines() {
			if !strings.Contains(line, "; allow logs:") {
				t.Errorf("%q does not say what to do", line)
			}
		}
	})
}

func TestLossesGoToStandardError(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, _ := newDefault(t, cloudwatch.Options{Oversize: cloudwatch.Drop, MaxEventBytes: 256})
		for range 20 { // for 20 seconds
			slog.New(h).Info(strings.Repeat("x", 300))
			time.Sleep(time.Second)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		got := lines()
		if len(got) < 2 || len(got) > 4 {
			t.Errorf("%d lines about losses in 20 seconds: %q", len(got), got)
		}
		for _, line := range got {
			if !strings.Contains(line, "lost: larger than an event may be; ") {
				t.Errorf("%q", line)
			}
		}
	})
}

func TestIncompleteCloseIsPrintedOnceForAllCallers(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, srv := newDefault(t, cloudwatch.Options{})
		defer srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})()
		for range 3 {
			slog.New(h).Info("m")
		}
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() { wantUndelivered(t, h.Close(), 3) })
		}
		callers.Wait()
		wantUndelivered(t, h.Close(), 3)
		wantLines(t, lines(), "retrying", "3 events (")
		last := lines()[1]
		if !strings.Contains(last, "not delivered in time: ") || !strings.Contains(last, "ServiceUnavailable") {
			t.Errorf("the last line does not say why: %q", last)
		}
	})
}

// Nothing has failed yet: the request hangs.
func TestStandardErrorSaysWhatCloseWaitsFor(t *testing.T) {
	rows := map[string]struct {
		before time.Duration // Close is called so long after the event
		fault  cloudwatchtest.Fault
		first  bool // the service has never answered
		want   []string
	}{
		"at once":              {0, cloudwatchtest.Fault{Hang: true}, true, []string{"within 2s; ", "not delivered in time: "}},
		"while it hangs":       {5 * time.Second, cloudwatchtest.Fault{Hang: true}, true, []string{"still waiting", "Close waits for 1 event: ", "not delivered in time: "}},
		"it has answered":      {5 * time.Second, cloudwatchtest.Fault{Hang: true}, false, []string{"Close waits for 1 event: ", "not delivered in time: "}},
		"slow, but it answers": {0, cloudwatchtest.Fault{Delay: 1900 * time.Millisecond}, false, nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			lines := captureStderr(t)
			testkit.Bubble(t, func(t *testing.T) {
				h, srv := newDefault(t, cloudwatch.Options{})
				if !row.first {
					slog.New(h).Info("delivered")
					if err := h.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				defer srv.Inject(row.fault)()
				slog.New(h).Info("m")
				time.Sleep(row.before)
				began := time.Now()
				done := make(chan error)
				go func() { done <- h.Close() }()
				time.Sleep(2500 * time.Millisecond)
				if n := len(lines()); row.want != nil && n != len(row.want)-1 {
					t.Errorf("%d lines after 2.5 s of Close: %q", n, lines())
				}
				if err := <-done; (err == nil) != (row.want == nil) {
					t.Errorf("Close returned %v", err)
				}
				if took := time.Since(began); row.want != nil && took != 8*time.Second {
					t.Errorf("Close took %v, want the default of 8 s", took)
				}
				wantLines(t, lines(), row.want...)
			})
		})
	}
}

// A long backlog that is being delivered is nothing to report.
func TestStandardErrorIsQuietWhileCloseMakesProgress(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, srv := newDefault(t, cloudwatch.Options{CloseTimeout: time.Minute, MaxInFlight: 1})
		defer srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Delay: time.Second})()
		for range 100_000 { // ten requests
			slog.New(h).Info("m")
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		wantLines(t, lines())
	})
}

func TestOnErrorReplacesStandardError(t *testing.T) {
	told := &testkit.ErrorLog{}
	for name, onError := range map[string]func(error){"a function": told.Add, "Silent": cloudwatch.Silent} {
		t.Run(name, func(t *testing.T) {
			lines := captureStderr(t)
			testkit.Bubble(t, func(t *testing.T) {
				h, srv := newDefault(t, cloudwatch.Options{OnError: onError, Oversize: cloudwatch.Drop, MaxEventBytes: 256})
				defer srv.Inject(cloudwatchtest.Fault{Hang: true})()
				slog.New(h).Info("m")
				slog.New(h).Info(strings.Repeat("x", 300))
				testkit.PanicOf(func() {
					defer h.FlushOnPanic()
					testkit.Culprit()
				})
				wantUndelivered(t, h.Close(), 1) // the panic is oversize as well
				slog.New(h).Info("late")
				wantLines(t, lines())
			})
		})
	}
	if len(told.Errors()) == 0 {
		t.Error("OnError was told nothing")
	}
}

// slog and package log ignore ErrClosed, so the log call itself reports it.
func TestEventsAfterCloseAreReportedOnce(t *testing.T) {
	rows := map[string]func(h *cloudwatch.Handler){
		"a record": func(h *cloudwatch.Handler) { slog.New(h).Info("late") },
		"a line":   func(h *cloudwatch.Handler) { h.Writer().WriteString("late\n") },
		"a message of an adapter": func(h *cloudwatch.Handler) {
			if err := h.Append(time.Now(), slog.LevelInfo, []byte("late")); !errors.Is(err, cloudwatch.ErrClosed) {
				t.Errorf("Append returned %v", err)
			}
		},
		"a record of another handler": func(h *cloudwatch.Handler) { slog.New(h).With("k", 1).WithGroup("g").Info("late") },
		"an oversize record": func(h *cloudwatch.Handler) {
			slog.New(h).Info(strings.Repeat("x", 5<<20))
		},
		"a panic": func(h *cloudwatch.Handler) {
			testkit.PanicOf(func() {
				defer h.FlushOnPanic()
				testkit.Culprit()
			})
		},
	}
	for name, late := range rows {
		for _, oversize := range []cloudwatch.Oversize{cloudwatch.Split, cloudwatch.Drop} {
			t.Run(fmt.Sprintf("%s, Oversize %d", name, oversize), func(t *testing.T) {
				lines := captureStderr(t)
				testkit.Bubble(t, func(t *testing.T) {
					h, _ := newDefault(t, cloudwatch.Options{Oversize: oversize})
					if err := h.Close(); err != nil {
						t.Fatal(err)
					}
					late(h)
					wantLines(t, lines(), "log events came after Close and are lost; close the handler last")
					var loggers sync.WaitGroup
					for range 8 {
						loggers.Go(func() { late(h) })
					}
					loggers.Wait()
					if n := len(lines()); n != 1 {
						t.Errorf("%d lines: %q", n, lines())
					}
				})
			})
		}
	}
}

func TestEventsWhileCloseWaitsAreReportedOnce(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, srv := newDefault(t, cloudwatch.Options{})
		srv.Inject(cloudwatchtest.Fault{Delay: time.Second, Times: 1})
		slog.New(h).Info("m")
		done := make(chan error)
		go func() { done <- h.Close() }()
		time.Sleep(time.Second / 2)
		slog.New(h).Info("too late")
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantLines(t, lines(), "close the handler last")
	})
}

// The directory of the spool is deleted, and then Close cannot deliver.
func TestTroubleOfTheSpoolGoesToStandardError(t *testing.T) {
	lines := captureStderr(t)
	dir := filepath.Join(t.TempDir(), "spool")
	h, srv := newDefault(t, cloudwatch.Options{
		Spool: dir, SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1, SyncEvery: 10 * time.Millisecond}, CloseTimeout: time.Second,
	})
	defer srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Hang: true})()
	slog.New(h).Info("m")
	if err := os.RemoveAll(dir); err != nil {
		t.Skip(err) // not while it is open
	}
	trouble := func() int {
		return slices.IndexFunc(lines(), func(line string) bool {
			return strings.HasPrefix(line, "cloudwatch: spool: ") && strings.Contains(line, "; check the disk and the directory (Options.Spool)")
		})
	}
	for began := time.Now(); trouble() < 0 && time.Since(began) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		slog.New(h).Info("m")
	}
	if err := h.Close(); err == nil {
		t.Error("Close returned nil")
	}
	got := lines()
	if len(got) < 2 || trouble() < 0 {
		t.Fatalf("standard error has %q", got)
	}
	if last := got[len(got)-1]; !strings.Contains(last, "not delivered") {
		t.Errorf("the last line is %q", last)
	}
}

// The program ends with the panic, and nobody has the error of this flush.
func TestIncompleteFlushOnPanicIsPrinted(t *testing.T) {
	lines := captureStderr(t)
	testkit.Bubble(t, func(t *testing.T) {
		h, srv := newDefault(t, cloudwatch.Options{CloseTimeout: time.Second})
		defer srv.Inject(cloudwatchtest.Fault{Hang: true})()
		slog.New(h).Info("m")
		testkit.PanicOf(func() {
			defer h.FlushOnPanic()
			testkit.Culprit()
		})
		wantLines(t, lines(), "2 events (")
	})
}

// stderrChild, if set, has TestStandardErrorIsNobody run in a process of its own.
const stderrChild = "CLOUDWATCH_TEST_STDERR"

// Standard error is a pipe that is full, or that nobody reads any more. Neither holds up or
// ends the program.
func TestStandardErrorIsNobody(t *testing.T) {
	if os.Getenv(stderrChild) != "" {
		logToNobody(t, true)
		logToNobody(t, false)
		return
	}
	rows := map[string]func(t *testing.T, r, w *os.File){
		"full": func(t *testing.T, _, w *os.File) {
			if err := w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Skip(err) // not on this platform
			}
			for _, size := range []int{4096, 1} {
				for err := error(nil); err == nil; {
					_, err = w.Write(make([]byte, size))
				}
			}
		},
		"broken": func(_ *testing.T, r, _ *os.File) { r.Close() },
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			defer r.Close()
			row(t, r, w)
			child := exec.Command(os.Args[0], "-test.run=^TestStandardErrorIsNobody$")
			child.Env = append(os.Environ(), stderrChild+"=1")
			child.Stderr = w
			if out, err := child.Output(); err != nil || !strings.Contains(string(out), "PASS") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// logToNobody logs, fails, closes and logs again.
func logToNobody(t *testing.T, complete bool) {
	srv := cloudwatchtest.Start(t)
	cfg := srv.Config()
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Config: &cfg, LogStream: testkit.Stream, FlushInterval: time.Millisecond, CloseTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	end := srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()})
	began := time.Now()
	for h.Stats().LastError == nil {
		slog.New(h).Info("m")
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("log calls took %v", took)
	}
	if complete {
		end()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := h.Flush(ctx); err != nil { // delivery goes on
			t.Fatal(err)
		}
	}
	began = time.Now()
	if err := h.Close(); (err == nil) != complete {
		t.Errorf("Close returned %v", err)
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("Close took %v", took)
	}
	began = time.Now()
	for range 100 {
		slog.New(h).Info("late")
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("100 log calls after Close took %v", took)
	}
}
