//go:build !linux

package filterpattern_test

import (
	"testing"
	"time"
)

var testsBegan = time.Now()

// cpuTime stands for the time this thread has worked.
func cpuTime(*testing.T) time.Duration { return time.Since(testsBegan) }
