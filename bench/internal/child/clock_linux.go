package child

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime returns the user and system CPU time of the process: the sum of getrusage, without
// its rounding.
func processTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadTime returns the CPU time of the calling thread.
func threadTime() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic("clock_gettime: " + err.Error()) // Linux has both clocks
	}
	return time.Duration(t.Nano())
}
