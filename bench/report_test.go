package main

import (
	"encoding/xml"
	"errors"
	"io"
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

// made returns figures of made-up rounds: the log call of contender i of
// everybody, then those with a spool, takes i+1 µs, twice that in the second round,
// and all is delivered.
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

func value(t *testing.T, goals []goal, figure string) goal {
	t.Helper()
	for _, g := range goals {
		if strings.Contains(g.figure, figure) {
			return g
		}
	}
	t.Fatalf("no goal %q", figure)
	return goal{}
}

func TestGoalsAreComputedByRound(t *testing.T) {
	f := made(t)
	goals := f.goals(400_000)
	for figure, want := range map[string]struct {
		value   float64
		reached string
	}{
		"plain HTTP":       {0.5, "reached"},
		"log call alone,":  {0.5, "reached"},
		"typed-SDK":        {1.0 / 3, "not reached"},
		"best other":       {0.25, "not reached"},
		"16 goroutines":    {1, "reached"},
		"p99.9":            {1, "reached"},
		"highest over":     {1, "reached"},
		"hot mode, over":   {6, "not reached"},
		"direct mode":      {3.5, "not reached"},
		"in wall time":     {1, "reached"},
		"per log call":     {0, "reached"},
		"stripped program": {0.4, "reached"},
		"zap core over":    {1, "reached"},
		"peak memory":      {math.NaN(), "not measured"}, // too small a burst
	} {
		g := value(t, goals, figure)
		if math.Abs(g.value-want.value) > 1e-9 || math.IsNaN(g.value) != math.IsNaN(want.value) || g.reached() != want.reached {
			t.Errorf("%s: %v, %s; want %v, %s", g.figure, g.value, g.reached(), want.value, want.reached)
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
	// Now it is not the best in the first round any more.
	if got := f.bestPeer(burst); got[0] != 5000 || got[1] != 8000 {
		t.Errorf("best peer %v", got)
	}
	s.Events = 0
	if got := f.cpu(k); !math.IsNaN(got[0]) {
		t.Errorf("nothing delivered costs %v", got[0])
	}
}

func TestPacingIsSubtracted(t *testing.T) {
	f := made(t)
	f.rounds[0][key{idle, contender.Cloudwatch, 0}][0].CPU = 250 * time.Microsecond
	if got := f.cpu(key{paced, contender.Discard, 0}); got[0] != 2000-250 || got[1] != 4000 {
		t.Errorf("got %v ns", got)
	}
}

func TestPageHasEveryTableAndPlot(t *testing.T) {
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
	for _, want := range []string{"Medians of 2 interleaved rounds", "1970-01-01", "2 cores", "go run .", "400,000", "| 0.50× |", "not reached"} {
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
	for _, i := range r.images() {
		svg, err := os.ReadFile(filepath.Join(docs, folder, i.file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(page, "("+folder+"/"+i.file+")") != 1 {
			t.Errorf("%s is not shown", i.file)
		}
		for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", i.file, err)
			}
		}
	}
	text := r.terminal()
	if strings.Contains(text, "NaN") || strings.Contains(text, "`") || strings.Contains(text, "**") {
		t.Errorf("not fit for a terminal:\n%s", text)
	}
}

func TestReportOfAContenderThatIsMissing(t *testing.T) {
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
		if page := r.page(nil); !strings.Contains(page, says) || strings.Count(page, "was skipped") > 1 {
			t.Errorf("no %q in\n%s", says, page)
		}
		if all := r.page(nil) + r.terminal(); strings.Contains(all, "NaN") {
			t.Errorf("%s", all)
		}
	}
}
