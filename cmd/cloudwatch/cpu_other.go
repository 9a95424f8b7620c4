//go:build !unix

package main

import "time"

// cpuTime returns the CPU time of the process; 0 if unknown.
func cpuTime() time.Duration { return 0 }
