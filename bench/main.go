// Bench compares ways to get log events into CloudWatch Logs: this library, a
// shipper on the SDK's typed call, two other libraries, and, as a yardstick,
// slog's own handler that writes nowhere. It needs Linux.
//
//	go run .           # everything, some minutes; writes docs/benchmarks.md
//	go run . --quick   # a short look, also a test: it fails if events get lost
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

// Commands that the program gives to itself.
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
	quick := flags.Bool("quick", false, "one short round; what is not given otherwise is small")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds, each runs every contender (quick: 1)")
	flags.IntVar(&o.events, "events", 500_000, "events of a burst (quick: 50,000)")
	flags.IntVar(&o.largest, "largest", 10_000_000, "events of the largest burst (quick: 100,000)")
	flags.DurationVar(&o.pace, "pace", 3*time.Second, "how long 50,000 events a second are logged (quick: 500ms)")
	flags.DurationVar(&o.limit, "limit", 8*time.Minute, "start no round that would end later")
	flags.StringVar(&o.docs, "docs", "../docs", `folder to write benchmarks.md and its plots into; "" for none (quick: none)`)
	flags.BoolVar(&o.binary, "binary", true, "build two programs to compare their sizes (quick: false)")
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
		return o, errors.New("there is at least 1 round of 1,000 events, and some time to keep the pace")
	}
	return o, nil
}

// compare runs everything and reports.
func compare(ctx context.Context, o options) (err error) {
	if o.docs != "" { // better said now than at the end
		if info, err := os.Stat(o.docs); err != nil || !info.IsDir() {
			return fmt.Errorf("--docs %s: no such folder; start it in the folder bench", o.docs)
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
