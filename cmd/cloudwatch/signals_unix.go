//go:build unix

package main

import (
	"os"
	"syscall"
)

// passedSignals are those that serve passes to its command besides SIGINT and
// SIGTERM.
var passedSignals = []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
