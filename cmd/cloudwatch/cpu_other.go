//go:build !unix

package main

import "time"

// cpuTime returns the CPU time the process has used; 0 if it is not known.
func cpuTime() time.Duration { return 0 }
