//go:build unix

package killtest_test

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestNothingTwice ends processes when no request is under way of which they do not know
// whether the service has taken it: then nothing is delivered twice.
func TestNothingTwice(t *testing.T) {
	for _, way := range []struct {
		name   string
		params killtest.Params
	}{
		{"direct", killtest.Params{Direct: true}},
		{"hot", killtest.Params{}},
		{"hot and spilling", killtest.Params{SpillAfter: 5 * time.Millisecond}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, "")
			if h.ram == "" && !way.params.Direct {
				t.Skip("there is no RAM file system")
			}
			p := way.params
			p.Goroutines, p.Interval = 2, 20*time.Millisecond

			// One that logs, and has delivered some of it.
			p.Burst = 20
			h.endpoint.set(answers)
			h.killWhenQuiet(h.start(p, "logs"))

			// One that delivers some of what another one left.
			p.Burst, p.Events = 0, 20_000
			h.endpoint.set(refuses)
			c := h.start(p, "leaves much")
			c.await("logging", c.done)
			c.kill()
			p.Events = 1
			h.endpoint.set(answers)
			h.killWhenQuiet(h.start(p, "recovers"))

			// One that is closed meanwhile: it waits for the answer.
			h.endpoint.set(dawdles)
			c = h.start(p, "recovers")
			c.await("requests", func() bool { return h.oracle.stored(c.process) > 100 })
			c.close()

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
	c.await("requests", func() bool { return h.oracle.stored(c.process) > 1000 })
	h.endpoint.set(hangs)
	const acknowledged = 500 * time.Millisecond
	time.Sleep(acknowledged)
	c.kill()
}
