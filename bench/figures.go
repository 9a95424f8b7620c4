package main

import (
	"math"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// figures answers questions about the rounds. Each answer has a value for each
// round; NaN where a run is missing.
type figures struct {
	extent extent
	rounds []round
}

// values returns what get makes of the samples of a key: of each round the
// median.
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

// cpu returns the CPU time per event in nanoseconds: per event delivered, or
// per event logged where nothing is sent.
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
	// What the pacing itself costs is measured in the same round.
	pacing := f.values(key{idle, contender.Cloudwatch, 0}, func(s sample) float64 { return float64(s.CPU.Nanoseconds()) })
	events := f.values(k, func(s sample) float64 { return float64(counted(k, s)) })
	for i := range values {
		values[i] -= pacing[i] / events[i]
	}
	return values
}

// counted returns the events that share the cost of a run.
func counted(k key, s sample) int64 {
	if contender.Delivers(k.contender) && (k.scenario == burst || k.scenario == burstTLS || k.scenario == varied || k.scenario == paced) {
		return s.Events
	}
	return s.Logged
}

// wall returns the wall time per log call in nanoseconds, until all log calls
// have returned.
func (f figures) wall(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.CallWall.Nanoseconds()) / float64(s.Logged) })
}

// delivered returns the share of events that arrived.
func (f figures) delivered(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Events) / float64(s.Logged) })
}

func (f figures) mallocs(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Mallocs) / float64(s.Logged) })
}

func (f figures) allocBytes(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.AllocBytes) / float64(s.Logged) })
}

// peak returns the peak memory of the process in MiB.
func (f figures) peak(k key) []float64 {
	return f.values(k, func(s sample) float64 { return float64(s.Peak) / (1 << 20) })
}

// ratio returns the median of the ratios of each round.
func ratio(over, under []float64) float64 { return stat.Median(stat.Ratios(over, under)) }

// bestPeer returns the smallest cost per event delivered by another library,
// round by round.
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
