//go:build !unix

package main

import "os"

// passedSignals are those that serve passes to its command besides SIGINT and
// SIGTERM.
var passedSignals []os.Signal
