package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
)

// Scenarios: what is measured.
const (
	callAlone  = "log call alone"
	callWhole  = "log call alone, whole process"
	burst      = "burst"
	burstTLS   = "burst, TLS"
	varied     = "burst, varied"
	paced      = "paced"
	idle       = "idle" // what keeping the pace costs without logging
	latency    = "latency"
	goroutines = "goroutines"
	sizes      = "message size"
	growth     = "growth"
)

const rate = 50_000 // events a second of everything paced

var everybody = []string{contender.Cloudwatch, contender.Discard, contender.Typed, contender.Lzap, contender.Mec07}

// logCalls are those whose log call alone is measured.
var logCalls = slices.Concat(everybody, []string{contender.Nothing})

// spools are ours with a spool: those that can run here are part of an extent.
var spools = []string{contender.Hot, contender.Direct}

// compressions are ours without compression and with it.
var compressions = []string{contender.Cloudwatch, contender.Compressed}

// loggers are other loggers with their adapters, each in front of the same logger writing
// nowhere.
var loggers = [][2]string{{contender.Zap, contender.ZapDiscard}, {contender.Zerolog, contender.ZerologDiscard}}

// peers are the other libraries.
var peers = []string{contender.Lzap, contender.Mec07}

// comparable are those who lose nothing however fast one logs, so that wall
// time and messages of any size can be compared.
var comparable = []string{contender.Cloudwatch, contender.Discard, contender.Typed}

var goroutineCounts = []int{1, 2, 4, 16, 64}

// messages are sizes in bytes, and the share of the usual number of events
// that makes a run of about the same time.
var messages = []struct{ bytes, share int }{{100, 3}, {1_000, 5}, {10_000, 25}, {100_000, 250}}

// extent is how much is measured.
type extent struct {
	events  int           // of a burst
	pace    time.Duration // of everything paced
	largest int           // burst of Growth
	spools  []string      // contenders with a spool
}

// takes is how often in a round the most important figures are measured, those
// of cloudwatch and of the yardstick, so that they stand on more than one run.
const takes = 3

// job is one run of one contender.
type job struct {
	key
	tls    bool
	spec   child.Spec
	rounds int // it runs in the first ones only; 0: in all
}

// Bursts of more events take so long that a few rounds have to do.
const (
	huge       = 1_000_000
	hugeRounds = 2
)

// key names what belongs together over the rounds.
type key struct {
	scenario  string
	contender string
	x         int // goroutines, bytes of a message, events of a burst; 0 if there is one only
}

func (k key) String() string {
	if k.x == 0 {
		return fmt.Sprintf("%s: %s", k.scenario, k.contender)
	}
	return fmt.Sprintf("%s %d: %s", k.scenario, k.x, k.contender)
}

// delivers reports whether the sink must have every event that was logged.
func (j job) delivers() bool {
	return contender.Lossless(j.contender) && !j.spec.Idle && (j.spec.Mode == child.Burst || j.spec.Mode == child.Paced)
}

// plan returns the jobs of one round, in order: within a scenario the
// contenders take turns.
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
			// As many events as the buffers hold: nobody waits for the sink.
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

// burstSizes returns the powers of ten from 1,000 up to the largest.
func burstSizes(largest int) (counts []int) {
	for n := 1000; n <= largest; n *= 10 {
		counts = append(counts, n)
	}
	return counts
}
