package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
)

// Scenarios.
const (
	callAlone  = "log call alone"
	callWhole  = "log call alone, whole process"
	burst      = "burst"
	burstTLS   = "burst, TLS"
	varied     = "burst, varied"
	paced      = "paced"
	idle       = "idle" // pacing without logging
	latency    = "latency"
	goroutines = "goroutines"
	sizes      = "message size"
	growth     = "growth"
)

const rate = 50_000 // events per second of all paced scenarios

var everybody = []string{contender.Cloudwatch, contender.Discard, contender.Typed, contender.Lzap, contender.Mec07}

// logCalls are the contenders of callAlone.
var logCalls = slices.Concat(everybody, []string{contender.Nothing})

// spools are the contenders with a spool. Those that can run on this machine are in extent.spools.
var spools = []string{contender.Hot, contender.Direct}

// compressions are cloudwatch without and with compression.
var compressions = []string{contender.Cloudwatch, contender.Compressed}

// loggers are pairs of a logger with an adapter of ours and the same logger writing to io.Discard.
var loggers = [][2]string{{contender.Zap, contender.ZapDiscard}, {contender.Zerolog, contender.ZerologDiscard}}

// peers are the other libraries.
var peers = []string{contender.Lzap, contender.Mec07}

// comparable are the contenders that never drop events, so that wall times and large messages can
// be compared.
var comparable = []string{contender.Cloudwatch, contender.Discard, contender.Typed}

var goroutineCounts = []int{1, 2, 4, 16, 64}

// messages are message sizes in bytes. A run logs extent.events/share events, so that all sizes
// take about the same time.
var messages = []struct{ bytes, share int }{{100, 3}, {1_000, 5}, {10_000, 25}, {100_000, 250}}

// extent is the size of a run.
type extent struct {
	events  int           // in a burst
	pace    time.Duration // of each paced run
	largest int           // burst in growth, in events
	spools  []string      // contenders with a spool
}

// takes is the number of runs per round of cloudwatch and of the baseline in the most important
// scenarios.
const takes = 3

// job is one run of one contender.
type job struct {
	key
	tls    bool
	spec   child.Spec
	rounds int // it runs only in that many first rounds; 0: in all
}

// Bursts of more than huge events run only in the first hugeRounds rounds, for time.
const (
	huge       = 1_000_000
	hugeRounds = 2
)

// key identifies a measurement across rounds.
type key struct {
	scenario  string
	contender string
	x         int // goroutines, message bytes or burst events, depending on the scenario; else 0
}

func (k key) String() string {
	if k.x == 0 {
		return fmt.Sprintf("%s: %s", k.scenario, k.contender)
	}
	return fmt.Sprintf("%s %d: %s", k.scenario, k.x, k.contender)
}

// delivers reports whether the sink must have received every logged event.
func (j job) delivers() bool {
	return contender.Lossless(j.contender) && !j.spec.Idle && (j.spec.Mode == child.Burst || j.spec.Mode == child.Paced)
}

// plan returns the jobs of one round in order. Contenders alternate within a scenario.
func plan(e extent) (jobs []job) {
	add := func(scenario, name string, x int, spec child.Spec) {
		spec.Contender = name
		j := job{key: key{scenario, name, x}, tls: scenario == burstTLS, spec: spec}
		if spec.Events > huge {
			j.rounds = hugeRounds
		}
		jobs = append(jobs, j)
	}
	for take := range takes {
		for _, name := range logCalls {
			if take == 0 || name == contender.Cloudwatch || name == contender.Discard {
				add(callAlone, name, 0, child.Spec{Mode: child.Call, Events: min(e.events, 100_000)})
			}
		}
	}
	for range takes {
		for _, name := range slices.Concat([]string{contender.Cloudwatch, contender.Discard, contender.File}, e.spools) {
			add(callWhole, name, 0, child.Spec{Mode: child.Call, Events: min(e.events, 100_000), Whole: true})
		}
	}
	for take := range takes {
		for _, name := range everybody {
			if take > 0 && name != contender.Cloudwatch && name != contender.Discard {
				continue
			}
			add(burst, name, 0, child.Spec{Mode: child.Burst, Events: e.events})
			if contender.Delivers(name) {
				add(burstTLS, name, 0, child.Spec{Mode: child.Burst, Events: e.events})
			}
		}
	}
	for _, name := range e.spools {
		add(burst, name, 0, child.Spec{Mode: child.Burst, Events: e.events})
	}
	add(burst, contender.Compressed, 0, child.Spec{Mode: child.Burst, Events: e.events})
	for range takes {
		for _, name := range compressions {
			add(varied, name, 0, child.Spec{Mode: child.Burst, Events: e.events, Varied: true})
		}
	}
	for range takes {
		for _, pair := range loggers {
			for _, name := range pair {
				add(burst, name, 0, child.Spec{Mode: child.Burst, Events: e.events})
			}
		}
	}
	add(idle, contender.Cloudwatch, 0, child.Spec{Mode: child.Paced, Rate: rate, For: e.pace, Idle: true})
	for _, name := range everybody {
		add(paced, name, 0, child.Spec{Mode: child.Paced, Rate: rate, For: e.pace})
	}
	for _, name := range []string{contender.Cloudwatch, contender.Discard} {
		add(latency, name, 0, child.Spec{Mode: child.Paced, Rate: rate, For: e.pace, Timed: true})
	}
	for _, n := range goroutineCounts {
		for _, name := range comparable {
			// Few enough events for the buffers: no log call waits for the sink.
			add(goroutines, name, n, child.Spec{Mode: child.Burst, Events: min(e.events, 200_000), Goroutines: n})
		}
	}
	for _, m := range messages {
		for _, name := range comparable {
			add(sizes, name, m.bytes, child.Spec{Mode: child.Burst, Events: max(e.events/m.share, 1), Message: m.bytes})
		}
	}
	for _, n := range burstSizes(e.largest) {
		add(growth, contender.Cloudwatch, n, child.Spec{Mode: child.Repeat, Events: n, Bursts: max(e.events/n, 1)})
	}
	return jobs
}

// burstSizes returns the powers of ten from 1,000 to largest.
func burstSizes(largest int) (counts []int) {
	for n := 1000; n <= largest; n *= 10 {
		counts = append(counts, n)
	}
	return counts
}
