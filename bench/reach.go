package main

import (
	"fmt"
	"math"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// goal is a figure we want to reach: at most so much.
type goal struct {
	figure string
	atMost float64
	value  float64 // NaN: not measured
	unit   string
}

// reached says it in words.
func (g goal) reached() string {
	switch {
	case math.IsNaN(g.value):
		return "not measured"
	case g.value <= g.atMost:
		return "reached"
	default:
		return "not reached"
	}
}

// goals compares this run with what we want to reach. binary is the size that
// the library adds to a program, in bytes; NaN if it was not measured.
func (f figures) goals(binary float64) []goal {
	us := func(scenario string) []float64 { return f.cpu(key{scenario, contender.Cloudwatch, 0}) }
	nowhere := func(scenario string) []float64 { return f.cpu(key{scenario, contender.Discard, 0}) }
	whole := func(name string) []float64 { return f.cpu(key{callWhole, name, 0}) }
	own, none := key{burst, contender.Cloudwatch, 0}, key{burst, contender.Discard, 0}
	p999 := func(name string) []float64 {
		return f.values(key{latency, name, 0}, func(s sample) float64 { return float64(s.Latency.P999) })
	}
	largest := key{growth, contender.Cloudwatch, f.largest()}
	return []goal{
		{"CPU per event, logged and delivered in a burst, plain HTTP, over `slog.JSONHandler` to `io.Discard`", 1, ratio(us(burst), nowhere(burst)), "×"},
		{"the same with TLS", 1.2, ratio(us(burstTLS), nowhere(burst)), "×"},
		{"the log call alone, over `slog.JSONHandler` to `io.Discard`", 0.5, ratio(us(callAlone), nowhere(callAlone)), "×"},
		{"CPU per event, logged and delivered in a burst, over the typed-SDK shipper", 0.3, ratio(us(burst), f.cpu(key{burst, contender.Typed, 0})), "×"},
		{"the same over the best other library", 0.2, ratio(us(burst), f.bestPeer(burst)), "×"},
		{"allocations per event, from log call to wire, beyond those of `slog` itself", 0.01, stat.Median(f.mallocs(own)) - stat.Median(f.mallocs(none)), ""},
		{"bytes allocated per event, from log call to wire, beyond those of `slog` itself", 16, stat.Median(f.allocBytes(own)) - stat.Median(f.allocBytes(none)), "B"},
		{"wall time per event, 16 goroutines over 1", 1, ratio(f.wall(key{goroutines, contender.Cloudwatch, 16}), f.wall(key{goroutines, contender.Cloudwatch, 1})), "×"},
		{"log call p99.9 at 50,000 events/s while delivering, over `io.Discard`", 2, ratio(p999(contender.Cloudwatch), p999(contender.Discard)), "×"},
		{fmt.Sprintf("peak memory of the whole process in a burst of %s events, beyond BufferBytes", count(largest.x)), 16,
			f.beyondBuffer(largest), "MiB"},
		{fmt.Sprintf("CPU per event from 1,000 to %s events, highest over lowest", count(largest.x)), 1.1, f.flatness(), "×"},
		{"CPU per event, logged and delivered in a burst, zap core over zap to `io.Discard`", 1.5, f.loggerRatio(loggers[0]), "×"},
		{"the same, zerolog writer over zerolog to `io.Discard`", 1.5, f.loggerRatio(loggers[1]), "×"},
		{"the log call alone, spool in hot mode, over no spool", 1.3, ratio(whole(contender.Hot), whole(contender.Cloudwatch)), "×"},
		{"allocations per log call, spool in hot mode, beyond those of `slog` itself", 0.01,
			stat.Median(f.mallocs(key{callWhole, contender.Hot, 0})) - stat.Median(f.mallocs(key{callWhole, contender.Discard, 0})), ""},
		{"the log call alone, spool in direct mode, over `slog.JSONHandler` to `io.Discard`", 2.5, ratio(whole(contender.Direct), whole(contender.Discard)), "×"},
		{"the same in wall time", 2.5, ratio(f.wall(key{callWhole, contender.Direct, 0}), f.wall(key{callWhole, contender.Discard, 0})), "×"},
		{"the same over `slog.JSONHandler` to a log file", 1.2, ratio(f.wall(key{callWhole, contender.Direct, 0}), f.wall(key{callWhole, contender.File, 0})), "×"},
		{"added to a stripped program that uses the SDK's Logs client already", 0.5, binary / 1e6, "MB"},
	}
}

// loggerRatio returns what delivery costs over the same logger writing nowhere.
func (f figures) loggerRatio(pair [2]string) float64 {
	return ratio(f.cpu(key{burst, pair[0], 0}), f.cpu(key{burst, pair[1], 0}))
}

// largest returns the largest burst measured.
func (f figures) largest() int {
	n := 0
	for _, size := range burstSizes(f.extent.largest) {
		n = size
	}
	return n
}

// beyondBuffer returns the peak memory less the bound of the buffer, in MiB.
// A burst too small to fill the buffer tells nothing.
func (f figures) beyondBuffer(k key) float64 {
	const event = 200 // bytes it takes in the buffer, at least
	if k.x*event < contender.BufferBytes {
		return math.NaN()
	}
	return stat.Median(f.peak(k)) - contender.BufferBytes>>20
}

// flatness compares the medians of all sizes of bursts.
func (f figures) flatness() float64 {
	var medians []float64
	for _, n := range burstSizes(f.extent.largest) {
		medians = append(medians, stat.Median(f.cpu(key{growth, contender.Cloudwatch, n})))
	}
	lowest, highest := stat.Range(medians)
	return highest / lowest
}
