package child

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// meter measures the whole process between startMeter and stop. Starting the process and the
// contender is excluded.
type meter struct {
	memory memory
	cpu    time.Duration
	began  time.Time
}

func startMeter() meter {
	m := readMemory()
	return meter{memory: m, cpu: processTime(), began: time.Now()}
}

func (m meter) stop(r *Result) {
	r.Wall = time.Since(m.began)
	r.CPU = processTime() - m.cpu
	r.Mallocs, r.AllocBytes = m.memory.since()
}

// memory is a snapshot of the allocation counters.
type memory struct{ mallocs, bytes uint64 }

func readMemory() memory {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{m.Mallocs, m.TotalAlloc}
}

func (m memory) since() (mallocs, bytes int64) {
	now := readMemory()
	return int64(now.mallocs - m.mallocs), int64(now.bytes - m.bytes)
}

// peakMemory returns the peak resident memory of the process in bytes. It does not use getrusage,
// whose figure starts at the parent's on Linux.
func peakMemory() (int64, error) {
	const file, field = "/proc/self/status", "VmHWM:"
	status, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read peak memory: %w", err)
	}
	for line := range bytes.Lines(status) {
		value, ok := bytes.CutPrefix(line, []byte(field))
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read peak memory: %w", err)
		}
		return kib << 10, nil
	}
	return 0, fmt.Errorf("read peak memory: no %s in %s", field, file)
}
