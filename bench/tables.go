package main

import (
	"fmt"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

func summaryTable(findings []finding) table {
	t := table{
		title:  "Summary",
		note:   "Ratios compare `cloudwatch` with others in the same round. Each figure is the median of the rounds.",
		header: []string{"figure", "this run"},
	}
	for _, f := range findings {
		t.row(f.figure, with(digits(f.value), f.unit))
	}
	return t
}

func (f figures) cpuTable() table {
	t := table{
		title: "CPU time per event",
		note: "Ratios are relative to `slog.JSONHandler` writing to `io.Discard`, which sends nothing; the median in µs follows in parentheses. \"Delivered\" is the user and " +
			"system time of the whole process, from the first log call until everything is delivered, per event that arrived. \"Paced\" is the same at 50,000 events " +
			"a second, minus the CPU time of pacing. \"Log call alone\" is the CPU time of the logging thread while nothing is sent. The peers also drop " +
			"events there, which makes their log call cheaper.",
		header: []string{"contender", "log call alone", "delivered, burst", "delivered, burst, TLS", "delivered, paced"},
	}
	for _, name := range logCalls {
		cells := []string{label(name)}
		for _, scenario := range []string{callAlone, burst, burstTLS, paced} {
			under := scenario
			if scenario == burstTLS {
				under = burst
			}
			values := f.cpu(key{scenario, name, 0})
			cells = append(cells, overMedian(values, f.cpu(key{under, contender.Discard, 0})))
		}
		t.row(cells...)
	}
	return t
}

// overMedian formats the ratio of values to a baseline, and the median of values.
func overMedian(values, under []float64) string {
	r := ratio(values, under)
	text := with(digits(r), "×")
	if text == unknown {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, digits(stat.Median(values)/1e3))
}

// label sets the name of this library in bold.
func label(name string) string {
	if name == contender.Cloudwatch {
		return "**" + name + "**"
	}
	return name
}

func (f figures) burstTable() table {
	t := table{
		title: fmt.Sprintf("A burst of %s events", count(f.extent.events)),
		note: "Plain HTTP. Allocations and bytes are those of the whole process, per log call; `slog` itself allocates once for a record of more than five " +
			"attributes, which is why `io.Discard` shows one. Peak memory is that of the process; a process that logs nothing takes " + with(digits(stat.Median(f.peak(key{idle, contender.Cloudwatch, 0}))), "MiB") + ".",
		header: []string{"contender", "delivered", "requests", "wire bytes per event", "allocations per event", "bytes allocated per event", "peak memory", "CPU time, lowest to highest round"},
	}
	for _, name := range everybody {
		k := key{burst, name, 0}
		share, requests, wire := unknown, unknown, unknown
		if contender.Delivers(name) {
			share = percent(stat.Median(f.delivered(k)))
			requests = count(int(stat.Median(f.values(k, func(s sample) float64 { return float64(s.Requests) }))))
			wire = digits(stat.Median(f.values(k, func(s sample) float64 { return float64(s.Bytes) / float64(s.Events) })))
		}
		low, high := stat.Range(f.cpu(k))
		t.row(label(name), share, requests, wire,
			digits(stat.Median(f.mallocs(k))), digits(stat.Median(f.allocBytes(k))), with(digits(stat.Median(f.peak(k))), "MiB"),
			with(digits(low/1e3)+" to "+digits(high/1e3), "µs"))
	}
	return t
}

func (f figures) spoolTable() table {
	t := table{
		title: "With a spool",
		note: "Every event is in a file before its log call returns. Ratios are relative to `cloudwatch` without a spool; the median in µs follows in parentheses. \"Log call " +
			"alone\" is measured while nothing is sent: its CPU time is that of the whole process, because another thread writes the file in direct mode, and its wall " +
			"time is what the caller waits. `slog to a file` is `slog.JSONHandler` writing to a log file: one system call per event, as in direct mode. \"Delivered\" and " +
			"peak memory are those of a burst of " + count(f.extent.events) + " events as above. The files of hot mode are in RAM and count in the peak.",
		header: []string{"contender", "log call alone, CPU", "log call alone, wall time", "allocations per log call", "delivered, burst, CPU", "peak memory"},
	}
	base := contender.Cloudwatch
	for _, name := range slices.Concat([]string{base}, spools, []string{contender.Discard, contender.File}) {
		alone, whole := key{callWhole, name, 0}, key{burst, name, 0}
		t.row(label(name),
			overMedian(f.cpu(alone), f.cpu(key{callWhole, base, 0})), overMedian(f.wall(alone), f.wall(key{callWhole, base, 0})),
			digits(stat.Median(f.mallocs(alone))),
			overMedian(f.cpu(whole), f.cpu(key{burst, base, 0})), with(digits(stat.Median(f.peak(whole))), "MiB"))
		if len(f.rounds) > 0 && len(f.rounds[0][alone]) == 0 {
			t.note += " `" + name + "` was skipped: this machine cannot run it."
		}
	}
	return t
}

func (f figures) loggerTable() table {
	t := table{
		title: "Other loggers",
		note: "A burst of " + count(f.extent.events) + " events as above, with the same record, through the adapters for zap and zerolog. Ratios are relative to the same logger " +
			"writing to `io.Discard`; the median in µs follows in parentheses. An adapter adds a copy of the message, escaped for the request, and the cost of delivery: " +
			"queue, signature, network. That is about the same for every logger, so it weighs most on zerolog, the fastest; its adapter also parses the time of each line.",
		header: []string{"contender", "delivered, burst", "delivered", "wire bytes per event", "allocations per event", "bytes allocated per event", "peak memory"},
	}
	for _, pair := range loggers {
		for _, name := range pair {
			k := key{burst, name, 0}
			share, wire := unknown, unknown
			if contender.Delivers(name) {
				share = percent(stat.Median(f.delivered(k)))
				wire = digits(stat.Median(f.values(k, func(s sample) float64 { return float64(s.Bytes) / float64(s.Events) })))
			}
			t.row(name, overMedian(f.cpu(k), f.cpu(key{burst, pair[1], 0})), share, wire,
				digits(stat.Median(f.mallocs(k))), digits(stat.Median(f.allocBytes(k))), with(digits(stat.Median(f.peak(k))), "MiB"))
		}
	}
	return t
}

func (f figures) compressTable() table {
	t := table{
		title: "With Compress",
		note: "`Options.Compress` sends gzip bodies. \"Same record\" is a burst of " + count(f.extent.events) + " events as above; \"varied\" is one in which every record has its own " +
			"path, duration, address and request ID, as in a real program. CPU time is that of the whole process; the ratio is relative to `cloudwatch` in the same round. " +
			"Compression runs on another goroutine than the log call. The service applies its limits and prices to uncompressed bytes.",
		header: []string{"contender", "same record: CPU", "same record: wire bytes per event", "varied: CPU", "varied: wire bytes per event", "varied: reduction"},
	}
	wire := func(s sample) float64 { return float64(s.Bytes) / float64(s.Events) }
	for _, name := range compressions {
		cells := []string{label(name)}
		for _, scenario := range []string{burst, varied} {
			k, base := key{scenario, name, 0}, key{scenario, contender.Cloudwatch, 0}
			cells = append(cells, overMedian(f.cpu(k), f.cpu(base)), digits(stat.Median(f.values(k, wire))))
		}
		smaller := ratio(f.values(key{varied, contender.Cloudwatch, 0}, wire), f.values(key{varied, name, 0}, wire))
		t.row(append(cells, with(digits(smaller), "×"))...)
	}
	return t
}

// quantiles are the columns of the latency table.
var quantiles = []struct {
	name string
	of   func(sample) float64
}{
	{"p50", func(s sample) float64 { return float64(s.Latency.P50) }},
	{"p90", func(s sample) float64 { return float64(s.Latency.P90) }},
	{"p99", func(s sample) float64 { return float64(s.Latency.P99) }},
	{"p99.9", func(s sample) float64 { return float64(s.Latency.P999) }},
	{"p99.99", func(s sample) float64 { return float64(s.Latency.P9999) }},
	{"max", func(s sample) float64 { return float64(s.Latency.Max) }},
}

func (f figures) latencyTable() table {
	t := table{
		title: "Latency of a log call",
		note: "At 50,000 events a second, while `cloudwatch` delivers and `io.Discard` does not. One goroutine logs the events due each millisecond; the latency is that " +
			"of the call, including reading the clock. Each cell is the median over the rounds of that round's percentile.",
		header: []string{""},
	}
	ours, nowhere := []string{label(contender.Cloudwatch)}, []string{contender.Discard}
	ratios := []string{"ratio"}
	for _, q := range quantiles {
		t.header = append(t.header, q.name)
		a, b := f.values(key{latency, contender.Cloudwatch, 0}, q.of), f.values(key{latency, contender.Discard, 0}, q.of)
		ours, nowhere = append(ours, nanoseconds(stat.Median(a))), append(nowhere, nanoseconds(stat.Median(b)))
		ratios = append(ratios, with(digits(ratio(a, b)), "×"))
	}
	t.rows = [][]string{ratios, ours, nowhere}
	return t
}

func (f figures) goroutineTable() table {
	t := table{
		title: "Several goroutines",
		note: "Wall time from the first to the end of the last log call, divided by the number of calls; the ratio is relative to one goroutine. Delivery and the sink share " +
			"the same cores.",
		header: []string{"goroutines"},
	}
	for _, n := range goroutineCounts {
		t.header = append(t.header, count(n))
	}
	for _, name := range comparable {
		cells := []string{label(name)}
		for _, n := range goroutineCounts {
			wall := f.wall(key{goroutines, name, n})
			cells = append(cells, fmt.Sprintf("%s (%s)", with(digits(ratio(wall, f.wall(key{goroutines, name, 1}))), "×"), nanoseconds(stat.Median(wall))))
		}
		t.row(cells...)
	}
	return t
}

func (f figures) sizeTable() table {
	t := table{
		title:  "Message sizes",
		note:   "CPU time to log and deliver an event in a burst: the ratio relative to `io.Discard`, and the median. The record has one attribute, a text like a stack trace.",
		header: []string{"message size"},
	}
	for _, m := range messages {
		t.header = append(t.header, bytesOf(m.bytes))
	}
	for _, name := range comparable {
		cells := []string{label(name)}
		for _, m := range messages {
			values := f.cpu(key{sizes, name, m.bytes})
			cells = append(cells, fmt.Sprintf("%s (%s)", with(digits(ratio(values, f.cpu(key{sizes, contender.Discard, m.bytes}))), "×"), nanoseconds(stat.Median(values))))
		}
		t.row(cells...)
	}
	return t
}

func (f figures) growthTable() table {
	t := table{
		title: "Burst sizes",
		note: "Consecutive bursts of `cloudwatch`, each delivered completely before the next, after one that is not measured. A burst of 1,000 events needs a request of " +
			"its own; larger bursts share the cost of a request among thousands of events. Bursts of more than 1,000,000 events run in " +
			fmt.Sprintf("%d rounds only.", hugeRounds),
		header: []string{"events in the burst", "CPU time per event", "relative to the lowest", "peak memory"},
	}
	lowest := 0.0
	for _, n := range burstSizes(f.extent.largest) {
		if v := stat.Median(f.cpu(key{growth, contender.Cloudwatch, n})); lowest == 0 || v < lowest {
			lowest = v
		}
	}
	for _, n := range burstSizes(f.extent.largest) {
		k := key{growth, contender.Cloudwatch, n}
		v := stat.Median(f.cpu(k))
		t.row(count(n), nanoseconds(v), with(digits(v/lowest), "×"), with(digits(stat.Median(f.peak(k))), "MiB"))
	}
	return t
}

func binaryTable(b binarySizes) table {
	t := table{
		title:  "Size of a program",
		note:   "Stripped: `CGO_ENABLED=0 go build -ldflags \"-s -w\" -trimpath`.",
		header: []string{"program", "bytes"},
	}
	t.row("uses the SDK's CloudWatch Logs client", count(int(b.without)))
	t.row("also logs with `cloudwatch`", count(int(b.with)))
	t.row("added", count(int(b.with-b.without)))
	return t
}
