package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

const demoHelp = `Log to a local endpoint, without an AWS account.

demo starts a CloudWatch Logs endpoint inside its own process, sends standard
input to it through the handler of this library, one event per line, reads the
events back through the CloudWatch Logs API, and compares them. Without input it
logs fictitious web requests.

The exit code is 1 if the events read back differ from those logged. Events are
kept in memory until demo ends.`

const demoExamples = `  cloudwatch demo
  cat app.log | cloudwatch demo -n 20
  cloudwatch demo --format json | jq .events[0]`

const demoGroup = "my_log_group"

type demoFlags struct {
	lines  int
	format string
}

func (p *program) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:                   "demo",
		Short:                 "Log to a local endpoint, without an AWS account",
		Long:                  demoHelp,
		Example:               demoExamples,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return errors.New("demo takes no arguments; it reads standard input: cloudwatch demo < file")
			case f.lines < 0:
				return errors.New("--lines must not be negative")
			case f.format != "text" && f.format != "json":
				return fmt.Errorf("--format %s: must be text or json", f.format)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.demo(cmd.Context(), f)
		},
	}
	cmd.Flags().IntVarP(&f.lines, "lines", "n", 10, "show the last `N` events")
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of the output: text or json")
	return cmd
}

func (p *program) demo(ctx context.Context, f demoFlags) error {
	server, err := cloudwatchtest.NewServer()
	if err != nil {
		return failed(err)
	}
	defer server.Close()
	r, err := p.logAndReadBack(ctx, server, f.lines)
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		return exit
	case err != nil:
		return failed(err)
	}
	if f.format == "json" {
		err = r.writeJSON(p.jsonTo(p.stdout))
	} else {
		err = r.writeText(p.stdout, p.style())
	}
	switch {
	case err != nil && closedPipe(err):
		return nil // the reader, such as head, has exited
	case err != nil:
		return failed(fmt.Errorf("write result: %w", err))
	case r.differs():
		return failed(fmt.Errorf("logged %s, delivered %d, read back %d: these should be equal", events(r.Logged), r.Delivered, r.ReadBack))
	}
	return nil
}

// logAndReadBack logs to the server, reads the events back, and returns the result.
func (p *program) logAndReadBack(ctx context.Context, server *cloudwatchtest.Server, keep int) (*result, error) {
	cfg := server.Config()
	h, err := cloudwatch.NewHandler(demoGroup, &cloudwatch.Options{
		Config:  &cfg,
		OnFull:  cloudwatch.Block,  // input may arrive faster than it can be delivered
		OnError: cloudwatch.Silent, // Shutdown returns the error
	})
	if err != nil {
		return nil, err
	}
	defer h.Close()

	cpu := cpuTime()
	spent, some, err := p.logInput(h)
	if err != nil {
		return nil, err
	}
	if !some {
		spent = logRequests(ctx, slog.New(h))
	}
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	if err := h.Shutdown(ctx); err != nil {
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	cpu = cpuTime() - cpu

	r := newResult(demoGroup, h.LogStream(), h.Stats(), spent, cpu)
	if err := r.readBack(ctx, cloudwatchlogs.NewFromConfig(cfg), keep); err != nil {
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	return r, nil
}

// logInput logs standard input. It returns the time spent in log calls, and whether there was input;
// a terminal counts as none.
func (p *program) logInput(h *cloudwatch.Handler) (spent time.Duration, some bool, err error) {
	if _, ok := terminal(p.stdin); ok {
		return 0, false, nil
	}
	stdin, err := p.inputs(nil)
	if err != nil {
		return 0, false, err
	}
	w := &timedWriter{to: h.Writer()}
	var unreadable error // written by the feed until it is done
	f := &feed{
		to:     &assembler{lines: w, split: true},
		inputs: stdin,
		binary: true, // demo escapes what it prints
		tell:   func(err error) { unreadable = err },
		done:   make(chan struct{}),
	}
	go f.run()
	hint := time.AfterFunc(inputPatience, func() {
		if f.read.Load() == 0 {
			newScreen(p.stderr).say("cloudwatch: waiting for standard input; press Ctrl-C to stop")
		}
	})
	defer hint.Stop()
	select {
	case <-f.done:
	case s := <-p.signals:
		// Show what has arrived.
		f.stop()
		if f.read.Load() == 0 {
			return 0, false, bySignal(s)
		}
		return w.spent, true, nil
	}
	return w.spent, f.read.Load() > 0, unreadable
}

// untilSignal returns a context that is canceled by a signal, with an *exitError as its cause.
func (p *program) untilSignal(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case s := <-p.signals:
			cancel(bySignal(s))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// inputPatience is the time without input after which the program says that it waits for standard
// input.
const inputPatience = time.Second

// timedWriter measures the time spent in Write.
type timedWriter struct {
	to    io.Writer
	spent time.Duration
}

func (w *timedWriter) Write(b []byte) (int, error) {
	began := time.Now()
	n, err := w.to.Write(b)
	w.spent += time.Since(began)
	return n, err
}
