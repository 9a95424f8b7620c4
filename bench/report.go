package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// report is the result of a run.
type report struct {
	figures
	binaries *binarySizes // nil: not measured
	machine  string
	date     time.Time
	command  string // repeats the run
}

// binaryGrowth returns the bytes that the library adds to a program; NaN if not measured.
func (r report) binaryGrowth() float64 {
	if r.binaries == nil {
		return stat.Median(nil)
	}
	return float64(r.binaries.with - r.binaries.without)
}

// caveat says how to read the figures.
func (r report) caveat() string {
	rounds := fmt.Sprintf("Medians of %d interleaved rounds", len(r.rounds))
	if len(r.rounds) == 1 {
		rounds = "One round"
	}
	return rounds + " on a machine that is not idle. Absolute times differ between machines and runs; compare the ratios of one run."
}

// terminal returns the tables for a terminal.
func (r report) terminal() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", r.machine, r.caveat())
	for _, t := range r.tables() {
		b.WriteString("\n" + t.terminal())
	}
	return b.String()
}

// write writes the page to a directory.
func (r report) write(docs string) error {
	return os.WriteFile(filepath.Join(docs, "benchmarks.md"), []byte(r.page()), 0o644)
}

// page returns the report as Markdown.
func (r report) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, r.caveat(), r.machine, r.date.UTC().Format(time.DateOnly), r.command, takes, contender.BufferBytes>>20)
	for _, t := range r.tables() {
		b.WriteString("\n" + t.markdown())
	}
	return b.String()
}

// tables returns all tables in order.
func (r report) tables() []table {
	tables := []table{
		summaryTable(r.summary(r.binaryGrowth())),
		r.cpuTable(), r.burstTable(), r.loggerTable(), r.compressTable(), r.spoolTable(), r.latencyTable(), r.goroutineTable(), r.sizeTable(), r.growthTable(),
	}
	if r.binaries != nil {
		tables = append(tables, binaryTable(*r.binaries))
	}
	return tables
}

const introduction = `# Benchmarks

The program in bench/ writes this page from the data of one run. %s

- Machine: %s
- Date: %s
- To repeat the run in a clone:

  ` + "```sh\n  %s\n  ```" + `

Every contender logs the same record with six attributes, about 235 bytes per event on the wire, through
` + "`slog.New(handler).LogAttrs`" + `. Each run is a new process, contenders alternate, and all deliver to the same sink: an HTTP/1.1
server in another process on the loopback interface that accepts everything and responds at once. The sink's CPU time is excluded, as is
that of starting a process and a contender. For cloudwatch and slog to io.Discard, the CPU times of the log call alone and of bursts
are the median of %d runs per round, and so is the log call alone with a spool.

| contender | what it is |
| --- | --- |
| **cloudwatch** | this library with default options, except that a log call blocks while the buffer (%d MiB) is full |
| cloudwatch, Compress | the same with ` + "`Options.Compress`" + ` |
| cloudwatch, spool hot | the same with a spool in the directory for temporary files, and ` + "`SpoolOptions.RAM`" + ` in /dev/shm |
| cloudwatch, spool direct | the same with ` + "`SpoolOptions.Direct`" + `: a log call waits for the disk |
| slog to io.Discard | ` + "`slog.JSONHandler`" + ` of the standard library writing to io.Discard: the baseline, which delivers nothing |
| slog alone | a handler that does nothing: the cost of a log call outside the handler |
| typed SDK shipper | what a careful programmer would write: ` + "`slog.JSONHandler`" + ` into full batches, one goroutine, the SDK's typed call; it blocks when full, too |
| lzap v1.5.5 | [lzap/cloudwatchwriter2](https://github.com/lzap/cloudwatchwriter2) behind ` + "`slog.JSONHandler`" + `, unchanged: it drops events when its channel is full |
| mec07 v0.2.6 | [mec07/cloudwatchwriter](https://github.com/mec07/cloudwatchwriter) behind ` + "`slog.JSONHandler`" + `, unchanged: its queue is unbounded |
| zap core, zerolog writer | these loggers with the adapters of this library, otherwise like **cloudwatch** |
| zap, zerolog to io.Discard | the same loggers writing to io.Discard |
`
