package child

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime returns the CPU time, user and system, that the process has used.
// It is the sum that getrusage tells, but not rounded.
func processTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadTime returns the CPU time that the calling thread has used.
func threadTime() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic("clock_gettime: " + err.Error()) // Linux has both clocks
	}
	return time.Duration(t.Nano())
}
