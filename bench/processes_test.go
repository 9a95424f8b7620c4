package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/sink"
)

// TestMain runs the test binary as the sink or as a child when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && (os.Args[1] == sinkCommand || os.Args[1] == childCommand) {
		main()
		return
	}
	os.Exit(m.Run())
}

func started(t *testing.T) *processes {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("measuring needs the CPU clocks of Linux")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise a second per process
	p, err := startProcesses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The end of the test's context may already have killed the sink.
		_ = p.stop()
	})
	return p
}

func TestRoundsOverPlainHTTPAndTLS(t *testing.T) {
	var jobs []job
	for _, name := range []string{contender.Cloudwatch, contender.Typed, contender.Mec07} {
		spec := child.Spec{Contender: name, Mode: child.Burst, Events: 2000}
		jobs = append(jobs, job{key: key{burst, name, 0}, spec: spec}, job{key: key{burstTLS, name, 0}, spec: spec, tls: true, rounds: 1})
	}
	r := runner{started(t), newProgress(os.Stderr)}
	done, err := r.rounds(t.Context(), jobs, 2, time.Now().Add(time.Hour))
	if err != nil || len(done) != 2 || len(done[0]) != 6 || len(done[1]) != 3 {
		t.Fatalf("%v, %v", done, err)
	}
	for k, samples := range done[0] {
		if s := samples[0]; len(samples) != 1 || s.Events != 2000 || s.CPU <= 0 {
			t.Errorf("%s: %+v", k, samples)
		}
	}
}

func TestNoRoundStartsThatWouldEndTooLate(t *testing.T) {
	jobs := []job{{key: key{burst, contender.Discard, 0}, spec: child.Spec{Contender: contender.Discard, Mode: child.Burst, Events: 10}}}
	r := runner{started(t), newProgress(os.Stderr)}
	done, err := r.rounds(t.Context(), jobs, 5, time.Now())
	if err != nil || len(done) != 1 {
		t.Errorf("%d rounds, %v", len(done), err)
	}
}

func TestLostEventIsAnError(t *testing.T) {
	// A sink that reports one event less than it received.
	lossy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == sink.CountsPath {
			if err := json.NewEncoder(w).Encode(sink.Counts{Events: 9}); err != nil {
				t.Error(err)
			}
			return
		}
		w.Header().Set("X-Amzn-Requestid", "r")
		fmt.Fprint(w, "{}")
	}))
	defer lossy.Close()
	p := started(t)
	p.sink.HTTP = lossy.URL
	rounds := func(name string) error {
		jobs := []job{{key: key{burst, name, 0}, spec: child.Spec{Contender: name, Mode: child.Burst, Events: 10}}}
		_, err := runner{p, newProgress(os.Stderr)}.rounds(t.Context(), jobs, 1, time.Now())
		return err
	}
	if err := rounds(contender.Cloudwatch); err == nil || !strings.Contains(err.Error(), "logged 10 events, the sink received 9") {
		t.Errorf("cloudwatch: %v", err)
	}
	if err := rounds(contender.Mec07); err != nil {
		t.Errorf("a peer may lose events: %v", err)
	}
}
