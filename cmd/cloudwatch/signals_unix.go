//go:build unix

package main

import (
	"os"
	"syscall"
)

// passedSignals are the signals besides SIGINT and SIGTERM that serve forwards to its command.
var passedSignals = []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
