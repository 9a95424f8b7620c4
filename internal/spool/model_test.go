package spool_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

var (
	spoolSteps = flag.Int("spool-steps", 6_000, "how many random steps TestModel takes")
	spoolSeed  = flag.Uint64("spool-seed", 0, "where its random steps begin; 0 = anywhere")
)

// TestModel has programs log, one after the other, on a machine where everything goes
// wrong at random times: they are killed, the power is cut, the disk fails or does not
// answer, somebody deletes files. A plain model knows of each event whether it must
// be there, may be there, or must not.
func TestModel(t *testing.T) {
	const steps = 200 // of each machine
	seed := *spoolSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for n := range uint64((*spoolSteps + steps - 1) / steps) {
		synctest.Test(t, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("-spool-seed %d -spool-steps %d", seed+n, steps)
				}
			})
			w := newWorld(t, seed+n)
			for range steps {
				if w.step(); !t.Failed() {
					w.check()
				}
				if t.Failed() {
					return
				}
			}
			w.end()
		})
		if t.Failed() {
			return
		}
	}
}

// world is a machine and what is known of the events of its programs.
type world struct {
	t *testing.T
	m *machine
	r *rand.Rand

	p        *program // that runs
	started  time.Time
	events   []*fate // of all programs; the number of an event is its place
	first    int     // number of the first event of the program
	flying   []*flight
	dying    bool      // it is killed within some operations
	fault    func()    // ends the present one; nil if there is none
	stalls   bool      // the fault is that something does not answer
	clean    bool      // there was no fault since the program started
	trouble  time.Time // when there was trouble last
	cut      bool      // the power was cut before
	logSteps []string
}

// fate is what is known of an event.
type fate struct {
	program   int
	goroutine int
	logged    bool      // the log call has returned, and the event was taken
	safe      time.Time // since then kill -9 cannot take it; zero = never
	done      bool      // the service has it, and the spool was told
	acked     bool      // that was on the disk before the program ended
	left      bool      // it was found on disk or in RAM when its program had ended
	durable   bool      // so that a power cut cannot take it
}

// flight is a batch that is under way.
type flight struct {
	it   *queue.Item
	list []int
	done int // events settled
}

func newWorld(t *testing.T, seed uint64) *world {
	m := newMachineOf(t, seed)
	w := &world{t: t, m: m, r: rand.New(rand.NewPCG(seed, 1)), events: []*fate{{}}}
	w.start()
	return w
}

func (w *world) step() {
	switch n := w.r.IntN(100); {
	case n < 30:
		w.log(1 + w.r.IntN(40))
	case n < 35:
		w.burst()
	case n < 50:
		w.take()
	case n < 65:
		w.answer()
	case n < 78:
		w.pass()
	case n < 84:
		w.break_()
	case n < 90:
		w.mend()
	case n < 92:
		w.kill()
	case n < 94:
		if !w.dying {
			w.p.killAfter(w.r.IntN(60))
			w.dying = true
		}
	case n < 95:
		w.powerCut()
	case n < 97:
		w.close()
	default:
		w.meddle()
	}
	if w.p.isDead() {
		w.ended("killed")
	}
}

func (w *world) note(what string) { w.logSteps = append(w.logSteps, what) }

// start starts a program. It deals with what others have left.
func (w *world) start() {
	if w.stalls { // it would not get that far
		w.mend()
	}
	w.started = time.Now()
	w.first = len(w.events)
	w.flying, w.dying, w.clean = nil, false, w.fault == nil
	hot := w.r.IntN(2) == 0
	w.p = w.m.start(func(c *config) {
		c.SegmentBytes, c.HotBytes = segmentBytes/2, 8*(segment.Start+2<<10)
		c.MaxBytes = 24 * c.SegmentBytes
		if !hot {
			c.Hot = nil
		}
	})
	w.recover()
	synctest.Wait()
}

func (w *world) isHot() bool {
	hot, _ := w.p.spool.Hot()
	return hot
}

// newEvent makes an event that is not logged yet.
func (w *world) newEvent(goroutine int) (n int, e batch.Event) {
	n = len(w.events)
	w.events = append(w.events, &fate{program: w.m.programs, goroutine: goroutine})
	dots := w.r.IntN(200)
	if w.r.IntN(100) == 0 {
		dots = w.r.IntN(6 << 10)
	}
	return n, sized(n, dots)
}

// append logs an event. It reports whether the log call has returned before the
// program was killed, if it was, and the event was taken.
func (w *world) append(e batch.Event) bool {
	err := w.p.queue.Append(e)
	if err != nil && !errors.Is(err, queue.ErrFull) {
		w.t.Errorf("Append: %v", err)
	}
	return err == nil && !w.p.isDead()
}

func (w *world) log(count int) {
	for range count {
		n, e := w.newEvent(0)
		before := w.p.spool.State().WereRisk
		began := time.Now()
		w.events[n].logged = w.append(e)
		if took := time.Since(began); took > 2*maxStall {
			w.t.Errorf("a log call took %v", took)
		}
		if w.events[n].logged && w.p.spool.State().WereRisk == before {
			w.events[n].safe = time.Now()
		}
	}
}

// burst has several goroutines log at once.
func (w *world) burst() {
	before := w.p.spool.State().WereRisk
	first := len(w.events)
	var all sync.WaitGroup
	for g := range 4 {
		var numbers []int
		var events []batch.Event
		for range 1 + w.r.IntN(15) {
			n, e := w.newEvent(g + 1)
			numbers, events = append(numbers, n), append(events, e)
		}
		fates := w.events // it grows no more while they log, see below
		_ = fates
		all.Go(func() {
			for i, e := range events {
				if w.append(e) {
					w.at(numbers[i]).logged = true
				}
			}
		})
	}
	all.Wait()
	if w.p.spool.State().WereRisk == before {
		for _, f := range w.events[first:] {
			if f.logged {
				f.safe = time.Now()
			}
		}
	}
}

func (w *world) at(n int) *fate { return w.events[n] }
