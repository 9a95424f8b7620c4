//go:build !unix

package main

import "os"

// passedSignals are the signals besides SIGINT and SIGTERM that serve forwards to its command.
var passedSignals []os.Signal
