//go:build unix

package killtest_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestExits ends processes in all the ways in which a program can end. None of them
// closes its handler.
func TestExits(t *testing.T) {
	for _, exit := range slices.Sorted(maps.Keys(killtest.Exits)) {
		t.Run(exit, func(t *testing.T) {
			h := newHarness(t, "")
			h.endpoint.set(refuses)
			for _, direct := range h.modes() {
				c := h.start(killtest.Params{
					Direct: direct, Goroutines: 4, Events: 500, Interval: 5 * time.Millisecond, Exit: exit,
				}, exit)
				c.wait()
				if !c.done() || c.err == nil {
					t.Fatalf("it should have died after it had logged everything: %v\n%s", c.err, &c.stderr)
				}
			}
			h.drain()
		})
	}
}
