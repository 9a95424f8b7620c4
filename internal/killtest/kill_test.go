//go:build unix

package killtest_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// TestKill kills processes that log at random times. Every event whose log call had
// returned arrives, be it by the next start of the program.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts many processes")
	}
	const perCycle = 10 // the memory and the disk that one takes are bounded
	h := newHarness(t, "")
	random := newRandom(t)
	begin := time.Now()
	for left := *kills; left > 0 && !t.Failed(); left -= perCycle {
		var calm func()
		if left <= *kills/2 { // the second half on a machine that others use as well
			calm = h.hogs(4)
		}
		for range min(left, perCycle) {
			h.killOne(random)
		}
		if calm != nil {
			calm()
		}
		h.drain()
	}
	took := time.Since(begin)
	h.oracle.log(t)
	sum := h.oracle.sum()
	t.Logf("%v, %.0f events a second", took.Round(time.Second), float64(sum.delivered)/took.Seconds())
	if sum.kills != *kills && !t.Failed() {
		t.Errorf("%d kills, want %d", sum.kills, *kills)
	}
	if sum.lost > 0 {
		t.Errorf("%d events lost", sum.lost)
	}
	lost, written := h.control(random, max(*kills/20, 3))
	t.Logf("control: a program that logs through a bufio.Writer lost %d of %d", lost, written)
	if lost == 0 {
		t.Error("the control has lost nothing: this test cannot see loss")
	}
}

// hogs starts processes that take all the time they get, until the function returned is
// called.
func (h *harness) hogs(n int) (end func()) {
	h.t.Helper()
	var all []*child
	for range n {
		all = append(all, h.start(killtest.Params{Role: killtest.Hog}, "takes a processor"))
	}
	return func() {
		for _, c := range all {
			c.close()
		}
	}
}

// killOne starts a process and kills it.
func (h *harness) killOne(random *rand.Rand) {
	h.t.Helper()
	one := func(of ...time.Duration) time.Duration { return of[random.IntN(len(of))] }
	modes := h.modes()
	p := killtest.Params{
		Direct:     modes[random.IntN(len(modes))],
		Goroutines: []int{1, 4, 16}[random.IntN(3)],
		SpillAfter: one(0, 5*time.Millisecond),
		SyncEvery:  one(0, 5*time.Millisecond),
		Interval:   one(2*time.Millisecond, 10*time.Millisecond, 0),
	}
	m := []mood{answers, dawdles, refuses, hangs}[random.IntN(4)]
	p.Events = 150_000 / uint64(p.Goroutines) // what the memory holds; seldom reached
	between := func(from, to time.Duration) time.Duration { return from + time.Duration(random.Int64N(int64(to-from))) }
	after := between(3*time.Millisecond, 40*time.Millisecond)
	after *= []time.Duration{1, 10, 25, 25}[random.IntN(4)]
	switch random.IntN(10) {
	case 0: // one that mostly recovers what others left
		p.Goroutines, p.Events, m = 1, 100, answers
		after = between(0, 200*time.Millisecond)
	case 1: // one that is faster than the disk, but not so fast that the memory is full
		p.Goroutines, p.Events, p.Long = 4, 300, true
	}
	h.endpoint.set(m)
	c := h.start(p, fmt.Sprintf("SpillAfter %v, SyncEvery %v, endpoint %v, killed after %v", p.SpillAfter, p.SyncEvery, m, after))
	if !c.await("the start", c.started) {
		h.t.Fatalf("process %d (%s) has ended before it began: %v\n%s", c.Run, c.about, c.err, &c.stderr)
	}
	time.Sleep(after)
	c.kill()
}

// control kills processes that log through a bufio.Writer. It returns how many events
// whose write had returned are not in their files.
func (h *harness) control(random *rand.Rand, kills int) (lost, witnessed int64) {
	h.t.Helper()
	for range kills {
		path := filepath.Join(h.temp, "control")
		c := h.start(killtest.Params{Role: killtest.Control, Spool: path, Goroutines: 4}, "control")
		c.await("the start", c.started)
		time.Sleep(3*time.Millisecond + time.Duration(random.Int64N(int64(37*time.Millisecond))))
		c.kill()
		l, w := c.missing(path)
		lost, witnessed = lost+l, witnessed+w
	}
	clear(h.oracle.processes)
	return lost, witnessed
}

// missing compares the file of a control process with its page.
func (c *child) missing(path string) (lost, witnessed int64) {
	c.h.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		c.h.t.Fatal(err)
	}
	defer f.Close()
	var found [killtest.MaxGoroutines]uint64
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if e, err := killtest.Parse(lines.Text()); err == nil { // the last one may be cut
			found[e.Goroutine] = max(found[e.Goroutine], e.Seq)
		}
	}
	for g := range c.Goroutines {
		returned := c.witness.Tracks[g].Returned.Load()
		witnessed += int64(returned)
		lost += int64(returned - min(found[g], returned))
	}
	return lost, witnessed
}
