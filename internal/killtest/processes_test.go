//go:build unix

package killtest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestManyProcesses has several processes share a spool. Some are killed, new ones
// start and send what those left; no event is sent by two.
func TestManyProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts many processes")
	}
	const processes, rounds = 6, 10
	h := newHarness(t, "")
	random := newRandom(t)
	var alive []*child
	for range rounds {
		for len(alive) < processes {
			alive = append(alive, h.startSlow(random))
		}
		time.Sleep(time.Duration(20+random.IntN(150)) * time.Millisecond)
		for range 1 + random.IntN(3) {
			i := random.IntN(len(alive))
			alive[i].kill()
			alive = append(alive[:i], alive[i+1:]...)
		}
	}
	for _, c := range alive {
		c.close()
	}
	h.drain()
	h.oracle.log(t)
}

// startSlow starts a process that leaves the others some of the machine.
func (h *harness) startSlow(random *rand.Rand) *child {
	h.t.Helper()
	modes := h.modes()
	return h.start(killtest.Params{
		Direct:     modes[random.IntN(len(modes))],
		Goroutines: 2,
		Events:     1500,
		Burst:      5,
		SpillAfter: 20 * time.Millisecond,
		Interval:   10 * time.Millisecond,
	}, "one of several")
}

// TestSurvivorAdopts has a process deliver what another one left that was killed
// beside it: nobody has to start anew for that.
func TestSurvivorAdopts(t *testing.T) {
	if *kills < 200 {
		t.Skip("a process looks for others' files every 30 seconds: run with -kills 200 or more")
	}
	t.Parallel() // it only waits
	h := newHarness(t, "")
	random := newRandom(t)
	h.endpoint.set(answers)
	survivor := h.startSlow(random)
	survivor.await("the start", survivor.started)
	h.endpoint.set(refuses)
	var dead []*child
	for range 4 {
		c := h.startSlow(random)
		c.await("the start", c.started)
		dead = append(dead, c)
	}
	time.Sleep(50 * time.Millisecond)
	for _, c := range dead {
		c.kill()
	}
	h.endpoint.set(answers)
	killed := time.Now()
	for _, c := range dead {
		survivor.await("adoption", func() bool { return h.oracle.complete(c.process) })
	}
	const interval, slack = 30 * time.Second, 10 * time.Second
	if took := time.Since(killed); took > interval+slack {
		t.Errorf("it took %v", took)
	}
	survivor.close()
	h.drain()
	h.oracle.log(t)
}
