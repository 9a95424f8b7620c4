package main

import (
	"fmt"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

func goalTable(goals []goal) table {
	t := table{
		title:  "What we want to reach",
		note:   "Ratios are those of `cloudwatch` to others in the same round. Each figure is the median over the rounds.",
		header: []string{"figure", "at most", "this run", ""},
	}
	for _, g := range goals {
		t.row(g.figure, with(digits(g.atMost), g.unit), with(digits(g.value), g.unit), g.reached())
	}
	return t
}

func (f figures) cpuTable() table {
	t := table{
		title: "CPU time per event",
		note: "Ratios are over `slog.JSONHandler` to `io.Discard`, which sends nothing; behind them the median in µs. \"Delivered\" is user and system time of the " +
			"whole process from the first log call until all is delivered, per event that arrived. \"Paced\" is the same at 50,000 events a second, less what " +
			"the pacing alone takes. \"Log call alone\" is the CPU time of the thread that logs while nothing is being sent. The peers drop events there too, " +
			"which makes their log call cheaper.",
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

// overMedian writes a ratio and the median that belongs to it.
func overMedian(values, under []float64) string {
	r := ratio(values, under)
	text := with(digits(r), "×")
	if text == unknown {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, digits(stat.Median(values)/1e3))
}

// label marks our own contender.
func label(name string) string {
	if name == contender.Cloudwatch {
		return "**" + name + "**"
	}
	return name
}

func (f figures) burstTable() table {
	t := table{
		title: fmt.Sprintf("What became of a burst of %s events", count(f.extent.events)),
		note: "Plain HTTP. Allocations and bytes are those of the whole process, per log call; `slog` itself makes one for a record of more than five " +
			"attributes, which is why `io.Discard` has one. Peak memory is that of the process; one that logs nothing takes " + with(digits(stat.Median(f.peak(key{idle, contender.Cloudwatch, 0}))), "MiB") + ".",
		header: []string{"contender", "delivered", "requests", "bytes an event on the wire", "allocations an event", "bytes allocated an event", "peak memory", "CPU over the rounds"},
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
		note: "Every event is in a file before its log call returns. Ratios are over `cloudwatch` without a spool; behind them the median in µs. \"Log call alone\" is " +
			"measured while nothing is being sent: CPU time here is that of the whole process, since in direct mode another thread writes the file, and wall " +
			"time what the caller waits. `slog to a file` is a log file that `slog.JSONHandler` writes: a system call for each event, as in direct mode. \"Delivered\", and the peak memory, are those of a burst of " + count(f.extent.events) + " events as above. The files of " +
			"hot mode are in RAM, and part of the peak.",
		header: []string{"contender", "log call alone, CPU", "log call alone, wall time", "allocations a log call", "delivered, burst, CPU", "peak memory"},
	}
	base := contender.Cloudwatch
	for _, name := range slices.Concat([]string{base}, spools, []string{contender.Discard, contender.File}) {
		alone, whole := key{callWhole, name, 0}, key{burst, name, 0}
		t.row(label(name),
			overMedian(f.cpu(alone), f.cpu(key{callWhole, base, 0})), overMedian(f.wall(alone), f.wall(key{callWhole, base, 0})),
			digits(stat.Median(f.mallocs(alone))),
			overMedian(f.cpu(whole), f.cpu(key{burst, base, 0})), with(digits(stat.Median(f.peak(whole))), "MiB"))
		if len(f.rounds) > 0 && len(f.rounds[0][alone]) == 0 {
			t.note += " `" + name + "` was skipped: it cannot run on this machine."
		}
	}
	return t
}

func (f figures) loggerTable() table {
	t := table{
		title: "Other loggers",
		note: "A burst of " + count(f.extent.events) + " events as above, of the same record, through the adapters for zap and zerolog. Ratios are over the same logger " +
			"writing to `io.Discard`; behind them the median in µs. An adapter adds its copy of the message, escaped for the request, and what each event takes beside " +
			"its log call: queue, signature, network. That is about as much for every logger, so it weighs most on zerolog, the fastest; its adapter also reads the time " +
			"of the line.",
		header: []string{"contender", "delivered, burst", "delivered", "bytes an event on the wire", "allocations an event", "bytes allocated an event", "peak memory"},
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
		note: "`Options.Compress` sends gzip bodies. A burst of " + count(f.extent.events) + " events as above; and one of records of which no two are alike, with " +
			"paths, times, addresses and request ids of their own, which is what a program logs. CPU time is that of the whole process, the ratio that to " +
			"`cloudwatch` in the same round; compression is not in the log call but beside it. The limits of the service and its bill are by uncompressed bytes.",
		header: []string{"contender", "alike: CPU", "alike: bytes an event on the wire", "varied: CPU", "varied: bytes an event on the wire", "varied: smaller by"},
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

// quantiles are the columns of Latency.
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
		note: "At 50,000 events a second, `cloudwatch` delivering meanwhile, `io.Discard` not. One goroutine logs what is due each millisecond; the time is that " +
			"of the call, reading the clock included. Percentiles of each round, then medians over the rounds.",
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
		note: "Wall time per log call, all goroutines together, until the last call has returned; in front of it the ratio to one goroutine. Those who deliver do so " +
			"at the same time, on the same cores, as does the sink.",
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
		title: "Message sizes",
		note: "CPU time per event, logged and delivered in a burst: the ratio to `io.Discard`, and the median. The message is a record with one attribute, a text " +
			"like a stack trace.",
		header: []string{"bytes of a message"},
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
		title: "From few events to many",
		note: "`cloudwatch`, bursts of that many events one after the other, each until all of it is delivered, after one that is not measured. A burst of 1,000 " +
			"takes a request of its own, larger ones share the cost of a request among thousands of events. More than 1,000,000 run in " +
			fmt.Sprintf("%d rounds only.", hugeRounds),
		header: []string{"events of a burst", "CPU per event", "over the cheapest", "peak memory"},
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
	t.row("uses the SDK's Logs client", count(int(b.without)))
	t.row("logs with `cloudwatch` as well", count(int(b.with)))
	t.row("added", count(int(b.with-b.without)))
	return t
}
