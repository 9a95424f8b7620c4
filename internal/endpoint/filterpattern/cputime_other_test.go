//go:build !linux

package filterpattern_test

import (
	"testing"
	"time"
)

var testsBegan = time.Now()

// cpuTime stands in for the CPU time of this thread.
func cpuTime(*testing.T) time.Duration { return time.Since(testsBegan) }
