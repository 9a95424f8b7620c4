package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/sink"
)

// made returns figures of two fictitious rounds: the i-th contender of everybody, then of spools,
// takes i+1 µs of CPU time per event, twice that in the second round, and delivers everything.
func made(t *testing.T) figures {
	t.Helper()
	f := figures{extent: extent{events: 1000, largest: 10_000, pace: time.Second, spools: spools}}
	for factor := 1; factor <= 2; factor++ {
		r := round{}
		for _, j := range plan(f.extent) {
			s := sample{Result: child.Result{Logged: 1000, CPU: time.Second, CallWall: time.Millisecond, Peak: 20 << 20}}
			for i, name := range slices.Concat(everybody, spools) {
				if name == j.contender {
					s.CPU = time.Duration((i+1)*factor) * time.Millisecond
				}
			}
			if contender.Delivers(j.contender) {
				s.Counts = sink.Counts{Requests: 3, Events: 1000, Bytes: 235_000}
			}
			if j.spec.Idle {
				s.CPU = 0
			}
			if j.spec.Timed {
				s.Latency = &child.Latency{P50: 100, P90: 200, P99: 300, P999: 400, P9999: 500, Max: int64(600 * factor)}
			}
			r[j.key] = append(r[j.key], s)
		}
		f.rounds = append(f.rounds, r)
	}
	return f
}

func value(t *testing.T, findings []finding, figure string) float64 {
	t.Helper()
	for _, f := range findings {
		if strings.Contains(f.figure, figure) {
			return f.value
		}
	}
	t.Fatalf("no figure %q", figure)
	return 0
}

func TestSummaryIsComputedByRound(t *testing.T) {
	f := made(t)
	findings := f.summary(400_000)
	for figure, want := range map[string]float64{
		"plain HTTP":               0.5,
		"log call alone, relative": 0.5,
		"typed SDK call":           1.0 / 3,
		"best other":               0.25,
		"16 goroutines":            1,
		"p99.9":                    1,
		"highest relative":         1,
		"hot mode, relative":       6,
		"direct mode":              3.5,
		"in wall time":             1,
		"allocations per log call": 0,
		"stripped program":         0.4,
		"zap core":                 1,
		"peak memory":              math.NaN(), // the burst is too small
	} {
		if got := value(t, findings, figure); math.Abs(got-want) > 1e-9 || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("%s: %v, want %v", figure, got, want)
		}
	}
}

func TestCostIsPerEventDelivered(t *testing.T) {
	f := made(t)
	k := key{burst, contender.Lzap, 0}
	s := &f.rounds[0][k][0]
	s.Events = 10 // of 1,000 logged
	if got := f.cpu(k); got[0] != 100*4000 || got[1] != 8000 {
		t.Errorf("got %v ns", got)
	}
	// It is no longer the best in the first round.
	if got := f.bestPeer(burst); got[0] != 5000 || got[1] != 8000 {
		t.Errorf("best peer %v", got)
	}
	s.Events = 0
	if got := f.cpu(k); !math.IsNaN(got[0]) {
		t.Errorf("CPU time per event with nothing delivered: %v", got[0])
	}
}

func TestPacingIsSubtracted(t *testing.T) {
	f := made(t)
	f.rounds[0][key{idle, contender.Cloudwatch, 0}][0].CPU = 250 * time.Microsecond
	if got := f.cpu(key{paced, contender.Discard, 0}); got[0] != 2000-250 || got[1] != 4000 {
		t.Errorf("got %v ns", got)
	}
}

func TestPageHasEveryTable(t *testing.T) {
	docs := t.TempDir()
	r := report{figures: made(t), binaries: &binarySizes{1_000_000, 1_400_000}, machine: "2 cores", date: time.Unix(0, 0), command: "go run ."}
	if err := r.write(docs); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(docs, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	for _, want := range []string{"Medians of 2 interleaved rounds", "1970-01-01", "2 cores", "go run .", "400,000", "| 0.50× |"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for _, bad := range []string{"%!", "NaN", "Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("%q in\n%s", bad, page)
		}
	}
	for _, name := range slices.Concat(everybody, spools, loggers[0][:], loggers[1][:]) {
		if !strings.Contains(page, "| "+name+" | ") && !strings.Contains(page, "**"+name+"**") {
			t.Errorf("no %s", name)
		}
	}
	text := r.terminal()
	if strings.Contains(text, "NaN") || strings.Contains(text, "`") || strings.Contains(text, "**") {
		t.Errorf("Markdown or NaN in the text for terminals:\n%s", text)
	}
}

func TestReportWithoutAContender(t *testing.T) {
	for name, says := range map[string]string{
		contender.Mec07: "| mec07 v0.2.6 | – |",
		contender.Hot:   "`cloudwatch, spool hot` was skipped",
	} {
		f := made(t)
		for _, r := range f.rounds {
			for k := range r {
				if k.contender == name {
					delete(r, k)
				}
			}
		}
		r := report{figures: f, date: time.Unix(0, 0)}
		if page := r.page(); !strings.Contains(page, says) || strings.Count(page, "was skipped") > 1 {
			t.Errorf("no %q in\n%s", says, page)
		}
		if all := r.page() + r.terminal(); strings.Contains(all, "NaN") {
			t.Errorf("%s", all)
		}
	}
}
