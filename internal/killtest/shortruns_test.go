//go:build unix

package killtest_test

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestShortRuns: what ten runs have left that were killed before the service had anything,
// the next one delivers, although it ends at once.
func TestShortRuns(t *testing.T) {
	for _, way := range []struct {
		name   string
		params killtest.Params
	}{
		{"direct", killtest.Params{Direct: true}},
		{"hot", killtest.Params{}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, "")
			if h.ram == "" && !way.params.Direct {
				t.Skip("there is no RAM file system")
			}
			p := way.params
			p.Goroutines, p.Events = 1, 21
			h.endpoint.set(refuses)
			var killed []*child
			for range 10 {
				c := h.start(p, "is killed")
				c.await("logging", c.done)
				c.kill()
				killed = append(killed, c)
			}
			h.endpoint.set(answers)
			p.Exit = "close"
			began := time.Now()
			c := h.start(p, "delivers it")
			c.wait()
			t.Logf("it ran for %v", time.Since(began).Round(time.Millisecond))
			for _, c := range append(killed, c) {
				if !h.oracle.complete(c.process) {
					t.Errorf("process %d (%s): not everything was delivered", c.Run, c.about)
				}
			}
			if left := h.files(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			h.drain()
		})
	}
}
