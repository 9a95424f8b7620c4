package main

import (
	"math"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// figures derives results from the rounds. Each result has one value per round, NaN where a run
// is missing.
type figures struct {
	extent extent
	rounds []round
}

// values applies get to the samples of a key and returns the median of each round.
func (f figures) values(k key, get func(sample) float64) []float64 {
	values := make([]float64, len(f.rounds))
	for i, r := range f.rounds {
		var ofRound []float64
		for _, s := range r[k] {
			ofRound = append(ofRound, get(s))
		}
		values[i] = stat.Median(ofRound)
	}
	return values
}

// cpu returns the CPU time in nanoseconds per delivered event, or per logged event where nothing
// is sent.
func (f figures) cpu(k key) []float64 {
	values := f.values(k, func(s sample) float64 {
		if counted(k, s) == 0 {
			return math.NaN()
		}
		return float64(s.CPU.Nanoseconds()) / float64(counted(k, s))
	})
	if k.scenario != paced {
		return values
	}
	// The same round measures the CPU time of pacing itself.
	pacing := f.values(key{idle, contender.Cloudwatch, 0}, func(s sample) float64 { return float64(s.CPU.Nanoseconds()) })
	events := f.values(k, func(s sample) float64 { return float64(counted(k, s)) })
	for i := range values {
		values[i] -= pacing[i] / events[i]
	}
	return values
}

// counted returns the number of events that the CPU time of a run is divided by.
func counted(k key, s sample) int64 {
	if contender.Delivers(k.contender) && (k.scenario == burst || k.scenario == burstTLS || k.scenario == varied || k.scenario == paced) {
		return s.Events
	}
	return s.Logged
}

// wall returns the wall time until all log calls have returned, in nanoseconds per call.
func (f figures) wall(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.CallWall.Nanoseconds()) / float64(s.Logged) })
}

// delivered returns the fraction of events that arrived.
func (f figures) delivered(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Events) / float64(s.Logged) })
}

func (f figures) mallocs(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Mallocs) / float64(s.Logged) })
}

func (f figures) allocBytes(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.AllocBytes) / float64(s.Logged) })
}

// peak returns the peak memory of the process, in MiB.
func (f figures) peak(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Peak) / (1 << 20) })
}

// ratio returns the median over the rounds of values divided by baseline.
func ratio(values, baseline []float64) float64 { return stat.Median(stat.Ratios(values, baseline)) }

// bestPeer returns, for each round, the lowest CPU time per event of any other library.
func (f figures) bestPeer(scenario string) []float64 {
	best := make([]float64, len(f.rounds))
	for i := range best {
		best[i] = math.NaN()
	}
	for _, name := range peers {
		for i, v := range f.cpu(key{scenario, name, 0}) {
			if math.IsNaN(best[i]) || v < best[i] {
				best[i] = v
			}
		}
	}
	return best
}
