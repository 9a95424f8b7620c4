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

// report is all that a run has to say.
type report struct {
	figures
	binaries *binarySizes // nil: not measured
	machine  string
	date     time.Time
	command  string // that repeats the run
}

// binaryGrowth returns what the library adds, in bytes.
func (r report) binaryGrowth() float64 {
	if r.binaries == nil {
		return stat.Median(nil)
	}
	return float64(r.binaries.with - r.binaries.without)
}

// caveat goes with every figure.
func (r report) caveat() string {
	rounds := fmt.Sprintf("Medians of %d interleaved rounds", len(r.rounds))
	if len(r.rounds) == 1 {
		rounds = "One round"
	}
	return rounds + " on a machine that does other things as well. Times differ from machine to machine and from run to run; " +
		"ratios of one run are what to look at."
}

// terminal writes the tables.
func (r report) terminal() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", r.machine, r.caveat())
	for _, t := range []table{r.cpuTable(), r.burstTable(), r.loggerTable(), r.compressTable(), r.spoolTable(), r.latencyTable(), r.goroutineTable(), r.sizeTable(), r.growthTable()} {
		b.WriteString("\n" + t.terminal())
	}
	if r.binaries != nil {
		b.WriteString("\n" + binaryTable(*r.binaries).terminal())
	}
	b.WriteString("\n" + goalTable(r.goals(r.binaryGrowth())).terminal())
	return b.String()
}

// folder is where the images of the page are, beside it.
const folder = "benchmarks"

// write writes the page and its images into a folder for documents.
func (r report) write(docs string) error {
	if err := os.MkdirAll(filepath.Join(docs, folder), 0o755); err != nil {
		return err
	}
	images := map[string]image{}
	for _, i := range r.images() {
		images[i.file] = i
		if err := os.WriteFile(filepath.Join(docs, folder, i.file), []byte(i.svg), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(docs, "benchmarks.md"), []byte(r.page(images)), 0o644)
}

func (r report) page(images map[string]image) string {
	var b strings.Builder
	show := func(t table, file string) {
		b.WriteString("\n" + t.markdown())
		if i, ok := images[file]; ok {
			fmt.Fprintf(&b, "\n![%s](%s/%s)\n", i.alt, folder, i.file)
		}
	}
	fmt.Fprintf(&b, introduction, r.caveat(), r.machine, r.date.UTC().Format(time.DateOnly), r.command, takes, contender.BufferBytes>>20)
	show(goalTable(r.goals(r.binaryGrowth())), "")
	show(r.cpuTable(), "cpu.svg")
	show(r.burstTable(), "")
	show(r.loggerTable(), "")
	show(r.compressTable(), "")
	show(r.spoolTable(), "")
	show(r.latencyTable(), "latency.svg")
	show(r.goroutineTable(), "goroutines.svg")
	show(r.sizeTable(), "sizes.svg")
	show(r.growthTable(), "growth.svg")
	if r.binaries != nil {
		show(binaryTable(*r.binaries), "")
	}
	return b.String()
}

const introduction = `# Benchmarks

This page and its plots are written by the program that measures, from the data of one run. %s

- Machine: %s
- Date: %s
- To repeat it, from a clone:

  ` + "```sh\n  %s\n  ```" + `

Every contender logs the same record with six attributes, about 235 bytes as an event on the wire, through
` + "`slog.New(handler).LogAttrs`" + `. Each run is a process of its own, the contenders take turns, and all deliver to the same sink: an
HTTP/1.1 server in another process on the loopback interface, which takes everything and answers at once. Its CPU time is nobody's. What
it takes to start a process and a contender is not counted. The CPU time of the log call alone and of bursts is that of %d runs a round
for cloudwatch and slog to io.Discard, of which the middle one counts; with a spool so is the log call alone.

| contender | what it is |
| --- | --- |
| **cloudwatch** | this library with its defaults, except that a log call waits when the buffer (%d MiB) is full |
| cloudwatch, Compress | the same with ` + "`Options.Compress`" + ` |
| cloudwatch, spool hot | the same with a spool where temporary files are, and ` + "`SpoolOptions.RAM`" + ` in /dev/shm |
| cloudwatch, spool direct | the same with ` + "`SpoolOptions.Direct`" + `; with a spool, a log call waits for the disk as long as that takes |
| slog to io.Discard | ` + "`slog.JSONHandler`" + ` of the standard library writing nowhere: the yardstick, it delivers nothing |
| slog alone | a handler that does nothing: the part of a log call that no handler can change |
| typed SDK shipper | what a careful program would write: ` + "`slog.JSONHandler`" + ` into full batches, one goroutine, the SDK's typed call; it waits when full, too |
| lzap v1.5.5 | [lzap/cloudwatchwriter2](https://github.com/lzap/cloudwatchwriter2) behind ` + "`slog.JSONHandler`" + `, as it is: it drops what does not fit its channel |
| mec07 v0.2.6 | [mec07/cloudwatchwriter](https://github.com/mec07/cloudwatchwriter) behind ` + "`slog.JSONHandler`" + `, as it is: its queue has no bound |
| zap core, zerolog writer | the adapters of this library behind these loggers, otherwise as **cloudwatch** |
| zap, zerolog to io.Discard | the same loggers writing nowhere |
`
