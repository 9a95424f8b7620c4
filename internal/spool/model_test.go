package spool_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
	spoolSteps = flag.Int("spool-steps", 3_000, "number of random steps of TestModel")
	spoolSeed  = flag.Uint64("spool-seed", 0, "first seed of TestModel; 0 picks one")
)

// TestModel runs programs one after the other on a machine with random failures: kills, power
// cuts, disks that fail or stall, deleted files. A simple model predicts for each event whether
// it must, may or must not be there.
func TestModel(t *testing.T) {
	const steps = 200 // per machine
	seed := *spoolSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for n := range uint64((*spoolSteps + steps - 1) / steps) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed+n)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("-spool-seed %d -spool-steps %d; the last steps: %s", seed+n, steps, w.steps[max(0, len(w.steps)-100):])
				}
			})
			for range steps {
				w.step()
				if w.check(); t.Failed() {
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

// world is a machine and the model of its programs' events.
type world struct {
	t     *testing.T
	m     *machine
	r     *rand.Rand
	steps []string // taken so far

	events []*eventState // indexed by event number
	cut    bool          // the power was cut before: there may be holes

	program   *program // the running one
	hot       bool
	first     int // number of its first event
	flying    []*flight
	dying     bool      // it will be killed within a few operations
	clean     bool      // nothing has failed since it started
	failingAt time.Time // last time that something was failing
	endedAt   time.Time // last time that a fault ended

	fault   string // the current one; "" if there is none
	restore func() // ends it
	stalls  bool   // something is stalled
}

// eventState is the model of an event.
type eventState struct {
	program, goroutine int

	logged    bool      // it was accepted, and the log call has returned
	safe      time.Time // since when kill -9 cannot lose it; zero = it can
	delivered bool      // it was delivered, and the spool notified
	acked     bool      // and that had time to be persisted
	copies    int       // copies of it found when a program last ended
	left      bool      // it was found then
	durable   bool      // and a power cut cannot lose it
}

// flight is a batch in flight.
type flight struct {
	it    *queue.Item
	list  []int
	acked int // events acknowledged so far
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, m: newMachineOf(t, seed), r: rand.New(rand.NewPCG(seed, 1)), events: []*eventState{{}}}
	w.start()
	return w
}

func (w *world) step() {
	steps := []struct {
		name string
		odds int
		do   func()
	}{
		{"log", 30, func() { w.log(1+w.r.IntN(40), 1) }},
		{"burst", 5, func() { w.log(1+w.r.IntN(15), 4) }},
		{"take", 15, w.take},
		{"answer", 15, w.answer},
		{"wait", 15, w.wait},
		{"fail", 5, w.fail},
		{"mend", 6, w.mend},
		{"meddle", 2, w.meddle},
		{"kill", 2, w.kill},
		{"kill soon", 2, w.killSoon},
		{"power cut", 1, w.powerCut},
		{"close", 2, w.close},
	}
	n := w.r.IntN(100)
	for _, s := range steps {
		if n -= s.odds; n < 0 {
			w.note(s.name)
			s.do()
			break
		}
	}
	if w.program.isDead() {
		w.killed()
	}
}

// note records a step for the analysis of a failure.
func (w *world) note(what string) {
	w.steps = append(w.steps, fmt.Sprintf("%s %s;", time.Now().Format("04:05.000"), what))
}

// start starts a program, which recovers what the others have left.
func (w *world) start() {
	if w.stalls { // it would block
		w.mend()
	}
	w.first = len(w.events)
	w.flying, w.dying, w.clean = nil, false, w.fault == ""
	direct := w.r.IntN(2) == 0
	w.program = w.m.start(func(c *config) {
		c.SegmentBytes, c.HotBytes = segmentBytes/2, 8*(segment.Start+2<<10)
		c.MaxBytes = 24 * c.SegmentBytes
		if direct {
			c.Hot = nil
		}
	})
	w.hot, _ = w.program.spool.Hot()
	w.note(fmt.Sprintf("\nprogram %d, hot %v, from event %d", w.m.programs, w.hot, w.first))
	w.recoverOthers()
	pass(0)
}

// log logs count events from each of several goroutines.
func (w *world) log(count, goroutines int) {
	if w.stalls {
		time.Sleep(time.Millisecond) // during a burst one log call may block until the disk responds
	}
	before, began := w.program.spool.State().EverAtRisk, time.Now()
	from := len(w.events)
	events := make([][]batch.Event, goroutines)
	for n := range count * goroutines {
		g := n % goroutines
		w.events = append(w.events, &eventState{program: w.m.programs, goroutine: g})
		dots := w.r.IntN(200)
		if w.r.IntN(100) == 0 {
			dots = w.r.IntN(6 << 10)
		}
		events[g] = append(events[g], sized(from+n, dots))
	}
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i, e := range events[g] {
				err := w.program.queue.Append(e)
				if err != nil && !errors.Is(err, queue.ErrFull) {
					w.t.Errorf("Append: %v", err)
				}
				w.events[from+i*goroutines+g].logged = err == nil && !w.program.isDead()
			}
		})
	}
	all.Wait()
	most := 2 * maxStall // for room in RAM, and for the disk
	if w.program.queue.State().PendingBytes > queueBytes/2 {
		most += time.Second + maxStall // for memory
	}
	if took := time.Since(began); took > most {
		w.t.Errorf("%d log calls took %v", count, took)
	}
	if w.program.spool.State().EverAtRisk > before {
		return // some are at risk, unknown which
	}
	for _, f := range w.events[from:] {
		if f.logged {
			f.safe = time.Now()
		}
	}
}

// take takes a batch for delivery.
func (w *world) take() {
	if len(w.flying) > 3 {
		return
	}
	it, list := w.program.next()
	if it == nil || w.program.isDead() {
		return
	}
	seen := make(map[int]int)
	for _, n := range list {
		f := w.events[n]
		if f.program != w.m.programs || f.delivered {
			w.t.Errorf("event %d was taken: %+v", n, f)
		}
		if n < seen[f.goroutine] {
			w.t.Errorf("event %d comes after %d", n, seen[f.goroutine])
		}
		seen[f.goroutine] = n
	}
	w.flying = append(w.flying, &flight{it: it, list: list})
}

// answer acknowledges a batch or a part of it.
func (w *world) answer() {
	if len(w.flying) == 0 {
		return
	}
	i := w.r.IntN(len(w.flying))
	f := w.flying[i]
	from, to := f.acked, len(f.list)
	if w.r.IntN(3) == 0 {
		to = from + w.r.IntN(to-from)
	}
	o := account.Outcome{Delivered: to - from, Bytes: f.it.Counted(from, to), Settled: f.it.Loss(from, to)}
	f.acked = to
	dead := w.program.isDead()
	w.program.queue.Settle(f.it, &o, to == len(f.list))
	if to < len(f.list) {
		return
	}
	w.flying = slices.Delete(w.flying, i, i+1)
	for _, n := range f.list {
		w.events[n].delivered = !dead
	}
}

// wait lets time pass.
func (w *world) wait() {
	most := []time.Duration{time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 20 * time.Second, time.Minute}
	pass(time.Duration(w.r.Int64N(int64(most[w.r.IntN(len(most))]))))
}

// fail starts a fault.
func (w *world) fail() {
	if w.fault != "" {
		return
	}
	faults := []struct {
		what   string
		fault  fault
		stalls bool
	}{
		{"no space", fault{op: "create", err: errNoSpace}, false},
		{"read-only", fault{op: "create", err: errReadOnly}, false},
		{"short writes", fault{op: "write", err: errNoSpace, short: -1}, false},
		{"a short write", fault{op: "write", err: errNoSpace, short: -1, once: true}, false},
		{"no write", fault{op: "write", err: errBroken}, false},
		{"a sync fails", fault{op: "sync", err: errBroken, once: true}, false},
		{"syncs fail", fault{op: "sync", err: errBroken}, false},
		{"directory syncs fail", fault{op: "syncdir", err: errBroken}, false},
		{"removals fail", fault{op: "remove", err: errReadOnly}, false},
		{"lists fail", fault{op: "list", err: errBroken}, false},
		{"renames fail", fault{op: "rename", err: errReadOnly}, false},
		{"writes stall", fault{op: "write"}, true},
		{"syncs stall", fault{op: "sync"}, true},
		{"creations stall", fault{op: "create"}, true},
		{"removals stall", fault{op: "remove"}, true},
		{"full", fault{}, false},
		{"RAM fails", fault{op: "store", err: errBroken, once: true}, false},
	}
	f := faults[w.r.IntN(len(faults))]
	w.fault, w.stalls, w.clean = f.what, f.stalls, false
	w.note("(" + f.what + ")")
	switch {
	case f.what == "full":
		w.m.disk.limit(0)
		w.restore = func() { w.m.disk.limit(1 << 40) }
	case f.what == "RAM fails":
		w.restore = w.m.ram.inject(f.fault)
	case f.stalls:
		pass(time.Millisecond) // or a log call is blocked in its own write
		w.restore = w.m.disk.stall(f.fault.op, "")
	default:
		w.m.powerCut = w.m.powerCut || f.fault.op == "sync" // it may lose the same data
		w.restore = w.m.disk.inject(f.fault)
	}
}

// mend ends the fault.
func (w *world) mend() {
	if w.fault != "" {
		w.restore()
		w.fault, w.stalls = "", false
		w.failingAt, w.endedAt = time.Now(), time.Now()
	}
}

// meddle deletes a file of the program, and leaves it time to notice.
func (w *world) meddle() {
	own := w.own(w.m.disk)
	if len(own) == 0 || w.dying || !w.isCalm(time.Now(), time.Minute) || len(w.m.disk.names("")) > 12 {
		return
	}
	w.clean = false
	w.m.disk.unlink(own[w.r.IntN(len(own))])
	pass(2 * checkEvery)
	w.failingAt = time.Now()
}

func (w *world) kill() { w.program.kill() }

func (w *world) killSoon() {
	if !w.dying {
		w.dying = true
		w.program.killAfter(w.r.IntN(60))
	}
}

// killed inspects what a killed program has left, and starts another one.
func (w *world) killed() {
	w.program.crash()
	safe := func(f *eventState) bool { return !f.safe.IsZero() }
	w.inspect("kill", safe, w.synced(), func(f *eventState) bool { return f.left })
	w.start()
}

// powerCut loses what was not synced, and everything in RAM.
func (w *world) powerCut() {
	synced := w.synced()
	w.m.disk.powerCut()
	w.m.ram.powerCut()
	w.cut, w.m.powerCut = true, true
	w.program.crash()
	w.inspect("power cut", synced, func(*eventState) bool { return true }, func(f *eventState) bool { return f.durable })
	for _, f := range w.events {
		f.durable = f.left
	}
	w.start()
}

// synced reports which events of the program a power cut cannot lose now: those stored long
// enough ago, if nothing has failed meanwhile.
func (w *world) synced() func(f *eventState) bool {
	now, needs := time.Now(), syncEvery+10*time.Millisecond
	if w.program.isDead() {
		now = w.program.at
	}
	if w.hot {
		needs += spillAfter
	}
	calm := w.isCalm(now, needs)
	return func(f *eventState) bool { return calm && !f.safe.IsZero() && now.Sub(f.safe) > needs }
}

// isCalm reports whether nothing was failing at a time, for at least d and as long as recovery
// takes: until the next retry and the next check of the files.
func (w *world) isCalm(at time.Time, d time.Duration) bool {
	return w.fault == "" && at.Sub(w.failingAt) > d+31*time.Second+2*checkEvery
}

// close ends the program regularly.
func (w *world) close() {
	if w.dying {
		return
	}
	if w.fault == "" && w.r.IntN(2) == 0 {
		w.deliver()
	}
	calm := w.isCalm(time.Now(), 0)
	w.program.queue.Close()
	began := time.Now()
	w.program.spool.Close(5 * time.Second)
	if took := time.Since(began); took > 5*time.Second || w.fault == "" && took > 0 {
		w.t.Errorf("Close took %v", took)
	}
	kept, dropped := w.program.queue.Abandon()
	if calm && dropped.Events > 0 {
		w.t.Errorf("%d events were dropped", dropped.Events)
	}
	s := w.program.queue.State()
	if s.Pending != kept.Events || s.Accepted != s.Delivered+s.Pending+s.Lost[account.Full]+dropped.Events {
		w.t.Errorf("kept %+v, dropped %+v, but the counters are %+v", kept, dropped, s)
	}
	w.program.kill()
	pass(0)
	if left := append(w.own(w.m.disk), w.own(w.m.ram)...); w.clean && s.Pending == 0 && len(left) > 0 {
		w.t.Errorf("everything was delivered, but left: %v", left)
	}
	stays := func(f *eventState) bool { return f.logged && dropped.Events == 0 }
	w.inspect("close", stays, func(f *eventState) bool { return calm }, func(f *eventState) bool { return f.left })
	w.start()
}

// deliver delivers everything.
func (w *world) deliver() {
	for w.take(); len(w.flying) > 0; w.take() {
		for len(w.flying) > 0 {
			w.answer()
		}
	}
}

// own returns the files of the program.
func (w *world) own(f *memFS) []string {
	return slices.DeleteFunc(f.names(""), func(name string) bool { return !strings.HasPrefix(name, fmt.Sprintf("%016x", w.m.programs)) })
}

// recoverOthers makes the program send some or all of what others have left.
func (w *world) recoverOthers() {
	adopted := w.program.adopt()
	w.wantNoFailure(adopted)
	list, err := w.program.spool.Leftovers()
	w.wantNoFailure(err)
	for _, l := range list {
		name := l.Name
		o, err := spool.OpenOrphan(w.program.spool.Directory(), name)
		switch {
		case err != nil:
			w.wantNoFailure(err)
			continue
		}
		var list []int
		var seqs []uint64
		_, err = o.Scan(func(seq uint64, e batch.Event) bool {
			list, seqs = append(list, numberOf(w.t, e)), append(seqs, seq)
			return true
		})
		w.wantNoFailure(err)
		for _, n := range list {
			w.events[n].durable = w.events[n].durable || adopted == nil && name[17] >= '8' // moved to the disk just now, or before
		}
		w.send(o, list, seqs)
	}
}

// wantNoFailure checks that nothing failed without a cause.
func (w *world) wantNoFailure(err error) {
	lost := w.m.powerCut && errors.Is(err, spool.ErrHeaderDamaged)
	if err != nil && w.fault == "" && !lost && !errors.Is(err, spool.ErrFull) {
		w.t.Errorf("during recovery: %v", err)
	}
}

// send sends a segment of another program.
func (w *world) send(o *spool.Orphan, list []int, seqs []uint64) {
	switch w.r.IntN(4) {
	case 0: // nothing
		o.Release()
	case 1: // a part
		var acked segment.Ranges
		for i, n := range list {
			if w.r.IntN(2) == 0 {
				acked.Add(seqs[i], seqs[i]+1)
				w.sent(n, len(acked) < 200)
			}
		}
		o.Acknowledge(acked)
		o.Release()
	default:
		err := o.Remove()
		w.wantNoFailure(err)
		for _, n := range list {
			w.sent(n, err == nil)
		}
	}
}

// sent records that an event of another program was delivered, and whether that was persisted.
func (w *world) sent(n int, acked bool) {
	f := w.events[n]
	f.delivered = true
	f.acked = acked && f.copies == 1 && w.fault == ""
}

// check checks the invariants.
func (w *world) check() {
	w.m.disk.check(w.t)
	w.m.ram.check(w.t)
	if most := w.program.cfg.MaxBytes; w.m.disk.most() > most {
		w.t.Errorf("%d bytes on disk", w.m.disk.most())
	}
	s := w.program.queue.State()
	if most := queueBytes + 8<<10 + 4<<20; s.PendingBytes > int64(most) { // events read back come on top
		w.t.Errorf("%d bytes of memory", s.PendingBytes)
	}
	if n := s.Lost[account.Damaged]; n > 0 {
		w.t.Errorf("%d events could not be reloaded", n)
	}
	pass(0)
	if state := w.program.spool.State(); state.Stalled || state.Err != nil {
		w.failingAt = time.Now()
		if w.fault == "" && !w.dying && time.Since(w.endedAt) > 31*time.Second && !errors.Is(state.Err, spool.ErrFull) {
			w.t.Errorf("not recovered: %+v", state)
		}
		return
	}
	if w.fault != "" || w.dying {
		return
	}
	if w.program.queue.Unsafe() > 0 {
		w.t.Errorf("%d events are in memory only", w.program.queue.Unsafe())
	}
	for _, f := range w.events[w.first:] { // by now
		if f.logged && f.safe.IsZero() {
			f.safe = time.Now()
		}
		f.acked = f.delivered
	}
}

// inspect checks the files after a program has ended. must selects the events that must be
// there, durable those that a power cut cannot lose, and stays those of other programs that
// must be there.
func (w *world) inspect(why string, must, durable, stays func(f *eventState) bool) {
	w.t.Helper()
	found := make(map[int]int)
	m := w.m.snapshot()
	for _, fs := range []*memFS{m.disk, m.ram} {
		for _, file := range m.filesOf(fs) {
			if file.damaged > 0 && !w.cut {
				w.t.Errorf("%s: %d events of %s are damaged", why, file.damaged, file.name)
			}
			last := make(map[int]int) // by goroutine
			for _, n := range file.events {
				if n >= len(w.events) {
					w.t.Fatalf("%s: event %d was never logged", why, n)
				}
				if f := w.events[n]; n < last[f.goroutine] {
					w.t.Errorf("%s: event %d follows %d", why, n, last[f.goroutine])
				} else {
					last[f.goroutine] = n
				}
				found[n]++
			}
		}
	}
	for n, f := range w.events {
		own := n >= w.first
		f.copies = found[n]
		switch {
		case f.copies == 0 && !f.delivered && (own && must(f) || !own && stays(f)):
			w.t.Errorf("%s: event %d is lost: %+v", why, n, *f)
		case f.copies > 0 && f.acked && why != "power cut" && (w.clean || !own):
			w.t.Errorf("%s: event %d was acknowledged, but is still there: %+v", why, n, *f)
		case f.copies > 1 && own && w.clean && !w.hot && why != "power cut":
			w.t.Errorf("%s: event %d exists %d times", why, n, f.copies)
		}
		f.left = f.copies > 0
		f.acked = f.acked && !f.left // a power cut can bring it back
		f.durable = f.left && (f.durable || own && durable(f))
	}
	if w.t.Failed() {
		for _, fs := range []*memFS{m.disk, m.ram} {
			for _, file := range m.filesOf(fs) {
				w.t.Logf("%s: %s, %d damaged", file.name, short(file.events), file.damaged)
			}
		}
		w.t.Logf("program %d, hot %v, events from %d on, fault %q, clean %v", w.m.programs, w.hot, w.first, w.fault, w.clean)
	}
}

// end ends the last program after everything is delivered.
func (w *world) end() {
	w.mend()
	if w.dying {
		w.kill()
		w.killed()
	}
	pass(time.Minute)
	w.check()
	w.deliver()
	w.close()
}
