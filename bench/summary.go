package main

import (
	"fmt"
	"math"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// finding is one figure that sums up part of a run.
type finding struct {
	figure string
	value  float64 // NaN: not measured
	unit   string
}

// summary returns the figures that the rest of the report explains. binary is the number of
// bytes that the library adds to a program; NaN: not measured.
func (f figures) summary(binary float64) []finding {
	us := func(scenario string) []float64 { return f.cpu(key{scenario, contender.Cloudwatch, 0}) }
	nowhere := func(scenario string) []float64 { return f.cpu(key{scenario, contender.Discard, 0}) }
	whole := func(name string) []float64 { return f.cpu(key{callWhole, name, 0}) }
	own, none := key{burst, contender.Cloudwatch, 0}, key{burst, contender.Discard, 0}
	p999 := func(name string) []float64 {
		return f.values(key{latency, name, 0}, func(s sample) float64 { return float64(s.Latency.P999) })
	}
	largest := key{growth, contender.Cloudwatch, f.largest()}
	return []finding{
		{"CPU time to log and deliver an event in a burst over plain HTTP, relative to `slog.JSONHandler` writing to `io.Discard`", ratio(us(burst), nowhere(burst)), "×"},
		{"the same over TLS", ratio(us(burstTLS), nowhere(burst)), "×"},
		{"CPU time of the log call alone, relative to `slog.JSONHandler` writing to `io.Discard`", ratio(us(callAlone), nowhere(callAlone)), "×"},
		{"CPU time to log and deliver an event in a burst, relative to the shipper on the typed SDK call", ratio(us(burst), f.cpu(key{burst, contender.Typed, 0})), "×"},
		{"the same, relative to the best other library", ratio(us(burst), f.bestPeer(burst)), "×"},
		{"allocations per event from log call to wire, beyond those of `slog` itself", stat.Median(f.mallocs(own)) - stat.Median(f.mallocs(none)), ""},
		{"bytes allocated per event from log call to wire, beyond those of `slog` itself", stat.Median(f.allocBytes(own)) - stat.Median(f.allocBytes(none)), "B"},
		{"wall time per event with 16 goroutines, relative to 1", ratio(f.wall(key{goroutines, contender.Cloudwatch, 16}), f.wall(key{goroutines, contender.Cloudwatch, 1})), "×"},
		{"p99.9 latency of a log call at 50,000 events/s during delivery, relative to `io.Discard`", ratio(p999(contender.Cloudwatch), p999(contender.Discard)), "×"},
		{fmt.Sprintf("peak memory of the process in a burst of %s events, beyond BufferBytes", count(largest.x)),
			f.beyondBuffer(largest), "MiB"},
		{fmt.Sprintf("CPU time per event in bursts of 1,000 to %s events, highest relative to lowest", count(largest.x)), f.flatness(), "×"},
		{"CPU time to log and deliver an event in a burst through the zap core, relative to zap writing to `io.Discard`", f.loggerRatio(loggers[0]), "×"},
		{"the same through the zerolog writer, relative to zerolog writing to `io.Discard`", f.loggerRatio(loggers[1]), "×"},
		{"CPU time of the log call alone with a spool in hot mode, relative to no spool", ratio(whole(contender.Hot), whole(contender.Cloudwatch)), "×"},
		{"allocations per log call with a spool in hot mode, beyond those of `slog` itself",
			stat.Median(f.mallocs(key{callWhole, contender.Hot, 0})) - stat.Median(f.mallocs(key{callWhole, contender.Discard, 0})), ""},
		{"CPU time of the log call alone with a spool in direct mode, relative to `slog.JSONHandler` writing to `io.Discard`", ratio(whole(contender.Direct), whole(contender.Discard)), "×"},
		{"the same in wall time", ratio(f.wall(key{callWhole, contender.Direct, 0}), f.wall(key{callWhole, contender.Discard, 0})), "×"},
		{"the same, relative to `slog.JSONHandler` writing to a log file", ratio(f.wall(key{callWhole, contender.Direct, 0}), f.wall(key{callWhole, contender.File, 0})), "×"},
		{"bytes added to a stripped program that already uses the SDK's CloudWatch Logs client", binary / 1e6, "MB"},
	}
}

// loggerRatio returns the CPU time of logging and delivery relative to the same logger writing
// to io.Discard.
func (f figures) loggerRatio(pair [2]string) float64 {
	return ratio(f.cpu(key{burst, pair[0], 0}), f.cpu(key{burst, pair[1], 0}))
}

// largest returns the number of events of the largest burst measured.
func (f figures) largest() int {
	n := 0
	for _, size := range burstSizes(f.extent.largest) {
		n = size
	}
	return n
}

// beyondBuffer returns the peak memory minus the size of the buffer, in MiB; NaN for a burst too
// small to fill the buffer.
func (f figures) beyondBuffer(k key) float64 {
	const event = 200 // minimum bytes in the buffer
	if k.x*event < contender.BufferBytes {
		return math.NaN()
	}
	return stat.Median(f.peak(k)) - contender.BufferBytes>>20
}

// flatness returns the highest CPU time per event of all burst sizes relative to the lowest.
func (f figures) flatness() float64 {
	var medians []float64
	for _, n := range burstSizes(f.extent.largest) {
		medians = append(medians, stat.Median(f.cpu(key{growth, contender.Cloudwatch, n})))
	}
	lowest, highest := stat.Range(medians)
	return highest / lowest
}
