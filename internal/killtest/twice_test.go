//go:build unix

package killtest_test

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestNothingTwice kills processes when no request of theirs is under way that the
// service could still take: then nothing is delivered twice.
func TestNothingTwice(t *testing.T) {
	for name, direct := range map[string]bool{"direct": true, "hot": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, "")
			if h.ram == "" && !direct {
				t.Skip("there is no RAM file system")
			}
			p := killtest.Params{Direct: direct, Goroutines: 2, Burst: 20, MaxStall: killtest.Strict, SpillAfter: 5 * time.Millisecond, Interval: 20 * time.Millisecond}

			// One that logs, and has delivered some of it.
			h.endpoint.set(answers)
			c := h.start(p, "logs")
			h.killWhenQuiet(c)

			// One that delivers some of what another one left.
			p.Events, p.Burst = 20_000, 0
			h.endpoint.set(refuses)
			c = h.start(p, "leaves much")
			c.await("logging", c.done)
			c.kill()
			h.endpoint.set(answers)
			p.Events = 1
			h.killWhenQuiet(h.start(p, "recovers"))

			h.drain()
			if sum := h.oracle.sum(); sum.duplicates > 0 {
				t.Error(sum)
			}
		})
	}
}

// killWhenQuiet kills a process that has had answers to some requests, and then none
// to all others for a while.
func (h *harness) killWhenQuiet(c *child) {
	h.t.Helper()
	c.await("requests", func() bool { return h.oracle.stored(c.process) > 2000 })
	h.endpoint.set(hangs)
	const acknowledged = 500 * time.Millisecond
	time.Sleep(acknowledged)
	c.kill()
}
