//go:build linux

package killtest_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestLockLeak has a descriptor of a segment outlive its process, in another one that
// knows nothing of it. As long as that lives, nobody may touch the segment; then its
// events are delivered.
func TestLockLeak(t *testing.T) {
	h := newHarness(t, "")
	for _, direct := range h.modes() {
		h.endpoint.set(refuses)
		c := h.start(killtest.Params{Direct: direct, Goroutines: 1, Events: 100, Leak: true}, "its lock leaks")
		c.await("logging", c.done)
		c.kill()

		h.endpoint.set(answers)
		next := h.start(killtest.Params{Direct: true, Goroutines: 1, Events: 1, Interval: time.Millisecond}, "meets a leaked lock")
		next.await("its own event", func() bool { return h.oracle.complete(next.process) })
		time.Sleep(100 * time.Millisecond) // it looks for segments meanwhile
		next.close()
		if h.oracle.complete(c.process) {
			t.Error("a segment was sent although its lock was held")
		}

		c.stdin.Close() // and so the one that has the descriptor ends
		for begin := time.Now(); !dead(c.witness.Leaked.Load()); time.Sleep(time.Millisecond) {
			if time.Since(begin) > patience {
				t.Fatal("the process that has the descriptor does not end")
			}
		}
		h.drain()
	}
}

// dead reports whether a process has let go of its files. That somebody still has to
// wait for it does not matter.
func dead(pid int64) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(state, []byte("Z"))
}
