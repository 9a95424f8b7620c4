// Command cloudwatch sends log events to AWS CloudWatch Logs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(runProcess())
}

// runProcess runs the command with the arguments and standard streams of the process.
func runProcess() int {
	// Two, so that an immediate second Ctrl-C is not lost.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// A closed pipe must not kill a process that still has events to deliver. Nothing receives from
	// the channel: writes then fail with EPIPE.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	p := &program{
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		getenv:  os.Getenv,
		signals: signals,
	}
	return p.run(context.Background(), os.Args[1:])
}
