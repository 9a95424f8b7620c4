// Bench compares ways to send log events to CloudWatch Logs: this library, a shipper on the SDK's
// typed call, and two other libraries. The baseline is slog.JSONHandler writing to io.Discard. It
// needs Linux.
//
//	go run .           # all scenarios, a few minutes; writes docs/benchmarks.md
//	go run . --quick   # a short run; fails if events are lost
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/sink"
)

// Subcommands that the program starts itself with.
const (
	sinkCommand  = "sink"
	childCommand = "child"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == sinkCommand:
		return sink.Serve(os.Stdin, os.Stdout)
	case len(args) == 1 && args[0] == childCommand:
		return child.Main(os.Stdin, os.Stdout)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return compare(ctx, o)
}

// options are the flags.
type options struct {
	extent
	rounds int
	limit  time.Duration
	docs   string
	binary bool
	args   []string
}

func parse(args []string) (o options, err error) {
	o.args = args
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round with small values for the other flags")
	flags.IntVar(&o.rounds, "rounds", 5, "number of rounds; each runs every contender (quick: 1)")
	flags.IntVar(&o.events, "events", 500_000, "events in a burst (quick: 50,000)")
	flags.IntVar(&o.largest, "largest", 10_000_000, "events in the largest burst (quick: 100,000)")
	flags.DurationVar(&o.pace, "pace", 3*time.Second, "duration of runs at 50,000 events a second (quick: 500ms)")
	flags.DurationVar(&o.limit, "limit", 8*time.Minute, "do not start a round that would end after this time")
	flags.StringVar(&o.docs, "docs", "../docs", `directory to write benchmarks.md to; "" for none (quick: none)`)
	flags.BoolVar(&o.binary, "binary", true, "build two programs and compare their sizes (quick: false)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *quick {
		given := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, value := range map[string]string{
			"rounds": "1", "events": "50000", "largest": "100000", "pace": "500ms", "docs": "", "binary": "false",
		} {
			if !given[name] {
				if err := flags.Set(name, value); err != nil {
					return o, err
				}
			}
		}
	}
	if o.rounds < 1 || o.events < 1000 || o.largest < 1000 || o.pace <= 0 {
		return o, errors.New("at least 1 round and 1,000 events are needed, and a positive pace")
	}
	return o, nil
}

// compare runs all rounds and reports the results.
func compare(ctx context.Context, o options) (err error) {
	if o.docs != "" { // fail before the run, not after it
		if info, err := os.Stat(o.docs); err != nil || !info.IsDir() {
			return fmt.Errorf("--docs %s: no such directory; run bench in its own directory", o.docs)
		}
	}
	began, status := time.Now(), newProgress(os.Stderr)
	for _, name := range spools {
		if err := contender.Unfit(name); err != nil {
			status.say("skipped: %s: %v", name, err)
		} else {
			o.spools = append(o.spools, name)
		}
	}
	r := report{
		figures: figures{extent: o.extent},
		machine: machine(),
		date:    began,
		command: strings.Join(append([]string{"cd bench && go run ."}, o.args...), " "),
	}
	if o.binary {
		status.show("building two programs to compare their sizes")
		sizes, err := measureBinaries(ctx)
		if err != nil {
			return err
		}
		r.binaries = &sizes
	}
	p, err := startProcesses(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	r.rounds, err = runner{p, status}.rounds(ctx, plan(o.extent), o.rounds, began.Add(o.limit))
	if err != nil {
		return err
	}
	fmt.Print(r.terminal())
	if o.docs == "" {
		return nil
	}
	return r.write(o.docs)
}
