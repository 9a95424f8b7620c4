//go:build unix

package killtest_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestKillAtCrashPoints has processes die at every point of the code that was thought
// of as dangerous, twice in a row: the second one dies while it recovers, if it gets
// there.
func TestKillAtCrashPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts many processes")
	}
	random := newRandom(t)
	for _, point := range crashPoints(t) {
		passes, way := 1+random.IntN(20), random.IntN(3)
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, "crashpoints")
			ways := h.ways()
			died := 0
			for _, p := range ways {
				died += h.dieAt(point, 0, p)
			}
			if !raceEnabled { // the processes are the same
				died += h.dieAt(point, passes, ways[way%len(ways)])
			}
			if died == 0 {
				t.Error("no process has come to this point")
			}
		})
	}
}

// crashPoints returns those that are in the code.
func crashPoints(t *testing.T) []string {
	t.Helper()
	const root = "../.."
	call := regexp.MustCompile(`crash\.At\(([^)]*)\)`)
	points := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range call.FindAllSubmatch(code, -1) {
			name := strings.Trim(string(found[1]), `"`)
			if len(name)+2 != len(found[1]) {
				t.Errorf("%s: %s: its name is no constant, so it cannot be found", path, found[0])
			}
			points[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(points) == 0 {
		t.Fatal("no crash points found")
	}
	return slices.Sorted(maps.Keys(points))
}

// ways returns what processes do that come to different points.
func (h *harness) ways() []killtest.Params {
	ways := []killtest.Params{{Direct: true, Events: 500}}
	if h.ram != "" {
		ways = append(ways,
			killtest.Params{Events: 5000}, // enough to fill all hot files
			killtest.Params{Events: 500, SpillAfter: time.Millisecond})
	}
	return ways
}

// dieAt has processes die at a point after they have passed it a few times. It returns
// how many did.
func (h *harness) dieAt(point string, passes int, p killtest.Params) (died int) {
	h.t.Helper()
	env := fmt.Sprintf("CRASH_AT=%s:%d", point, passes)
	p.Goroutines, p.Interval = 4, 5*time.Millisecond

	// Somebody leaves events behind.
	h.endpoint.set(refuses)
	some := p
	some.Events = 300
	first := h.start(some, "killed before "+env)
	first.await("logging", first.done)
	first.kill()

	h.endpoint.set(answers)
	p.Exit = "close"
	for range 2 {
		c := h.start(p, env, env)
		c.wait()
		if c.wasKilled() {
			died++
		} else if c.err != nil {
			h.t.Fatalf("%s: %v\n%s", c.about, c.err, &c.stderr)
		}
		c.quiet()
	}
	h.drain()
	return died
}
