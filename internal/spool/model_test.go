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
	spoolSteps = flag.Int("spool-steps", 3_000, "how many random steps TestModel takes")
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

// world is a machine, and what is known of the events of its programs.
type world struct {
	t     *testing.T
	m     *machine
	r     *rand.Rand
	steps []string // so far

	fates []*fate // of the events; the place is the number
	cut   bool    // the power was cut before: there may be holes

	p       *program // the present one
	hot     bool
	first   int // number of its first event
	flying  []*flight
	dying   bool      // it will be killed within some operations
	clean   bool      // nothing has failed since it started
	trouble time.Time // when something was wrong last
	mended  time.Time // when a fault ended last

	fault   string // the present one; "" if there is none
	restore func() // ends it
	stalls  bool   // something does not answer
}

// fate is what is known of an event.
type fate struct {
	program, goroutine int

	logged  bool      // it was taken, and the log call has returned
	safe    time.Time // since when kill -9 cannot take it; zero = it can
	done    bool      // the service has it, and the spool was told
	acked   bool      // and has had time to note that
	copies  int       // of it that were there when a program ended last
	left    bool      // it was there then
	durable bool      // and a power cut cannot take it
}

// flight is a batch that is under way.
type flight struct {
	it      *queue.Item
	list    []int
	settled int // so many of them
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, m: newMachineOf(t, seed), r: rand.New(rand.NewPCG(seed, 1)), fates: []*fate{{}}}
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
	if w.p.isDead() {
		w.killed()
	}
}

// note notes what happens, for whoever looks for the reason of a failure.
func (w *world) note(what string) {
	w.steps = append(w.steps, fmt.Sprintf("%s %s;", time.Now().Format("04:05.000"), what))
}

// start starts a program. It deals with what the others have left.
func (w *world) start() {
	if w.stalls { // it would not get far
		w.mend()
	}
	w.first = len(w.fates)
	w.flying, w.dying, w.clean = nil, false, w.fault == ""
	direct := w.r.IntN(2) == 0
	w.p = w.m.start(func(c *config) {
		c.SegmentBytes, c.HotBytes = segmentBytes/2, 8*(segment.Start+2<<10)
		c.MaxBytes = 24 * c.SegmentBytes
		if direct {
			c.Hot = nil
		}
	})
	w.hot, _ = w.p.spool.Hot()
	w.note(fmt.Sprintf("\nprogram %d, hot %v, from event %d", w.m.programs, w.hot, w.first))
	w.recoverOthers()
	pass(0)
}

// log has goroutines log so many events each.
func (w *world) log(count, goroutines int) {
	if w.stalls {
		time.Sleep(time.Millisecond) // in the middle of a burst one log call may be held until the disk is back
	}
	before, began := w.p.spool.State().WereRisk, time.Now()
	from := len(w.fates)
	events := make([][]batch.Event, goroutines)
	for n := range count * goroutines {
		g := n % goroutines
		w.fates = append(w.fates, &fate{program: w.m.programs, goroutine: g})
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
				err := w.p.queue.Append(e)
				if err != nil && !errors.Is(err, queue.ErrFull) {
					w.t.Errorf("Append: %v", err)
				}
				w.fates[from+i*goroutines+g].logged = err == nil && !w.p.isDead()
			}
		})
	}
	all.Wait()
	most := 2 * maxStall // for room in RAM, and for the disk
	if w.p.queue.State().PendingBytes > queueBytes/2 {
		most += time.Second + maxStall // for memory
	}
	if took := time.Since(began); took > most {
		w.t.Errorf("%d log calls took %v", count, took)
	}
	if w.p.spool.State().WereRisk > before {
		return // some are at risk, nobody says which
	}
	for _, f := range w.fates[from:] {
		if f.logged {
			f.safe = time.Now()
		}
	}
}

// take has the service get a batch.
func (w *world) take() {
	if len(w.flying) > 3 {
		return
	}
	it, list := w.p.next()
	if it == nil || w.p.isDead() {
		return
	}
	seen := make(map[int]int)
	for _, n := range list {
		f := w.fates[n]
		if f.program != w.m.programs || f.done {
			w.t.Errorf("event %d was taken: %+v", n, f)
		}
		if n < seen[f.goroutine] {
			w.t.Errorf("event %d comes after %d", n, seen[f.goroutine])
		}
		seen[f.goroutine] = n
	}
	w.flying = append(w.flying, &flight{it: it, list: list})
}

// answer has the service answer, for all or some of a batch.
func (w *world) answer() {
	if len(w.flying) == 0 {
		return
	}
	i := w.r.IntN(len(w.flying))
	f := w.flying[i]
	from, to := f.settled, len(f.list)
	if w.r.IntN(3) == 0 {
		to = from + w.r.IntN(to-from)
	}
	o := account.Outcome{Delivered: to - from, Bytes: f.it.Counted(from, to), Settled: f.it.Loss(from, to)}
	f.settled = to
	dead := w.p.isDead()
	w.p.queue.Settle(f.it, &o, to == len(f.list))
	if to < len(f.list) {
		return
	}
	w.flying = slices.Delete(w.flying, i, i+1)
	for _, n := range f.list {
		w.fates[n].done = !dead
	}
}

// wait lets time pass.
func (w *world) wait() {
	most := []time.Duration{time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 20 * time.Second, time.Minute}
	pass(time.Duration(w.r.Int64N(int64(most[w.r.IntN(len(most))]))))
}

// fail makes something fail from now on.
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
		pass(time.Millisecond) // or a log call is held in its own write
		w.restore = w.m.disk.stall(f.fault.op, "")
	default:
		w.m.powerCut = w.m.powerCut || f.fault.op == "sync" // it may lose the same
		w.restore = w.m.disk.inject(f.fault)
	}
}

// mend ends what fails.
func (w *world) mend() {
	if w.fault != "" {
		w.restore()
		w.fault, w.stalls = "", false
		w.trouble, w.mended = time.Now(), time.Now()
	}
}

// meddle has somebody delete a file of the program. It has time to notice.
func (w *world) meddle() {
	own := w.own(w.m.disk)
	if len(own) == 0 || w.dying || !w.isCalm(time.Now(), time.Minute) || len(w.m.disk.names("")) > 12 {
		return
	}
	w.clean = false
	w.m.disk.unlink(own[w.r.IntN(len(own))])
	pass(2 * checkEvery)
	w.trouble = time.Now()
}

func (w *world) kill() { w.p.kill() }

func (w *world) killSoon() {
	if !w.dying {
		w.dying = true
		w.p.killAfter(w.r.IntN(60))
	}
}

// killed looks at what a program has left that was killed, and starts another one.
func (w *world) killed() {
	w.p.crash()
	safe := func(f *fate) bool { return !f.safe.IsZero() }
	w.inspect("kill", safe, w.synced(), func(f *fate) bool { return f.left })
	w.start()
}

// powerCut takes what was not synced, and everything in RAM.
func (w *world) powerCut() {
	synced := w.synced()
	w.m.disk.powerCut()
	w.m.ram.powerCut()
	w.cut, w.m.powerCut = true, true
	w.p.crash()
	w.inspect("power cut", synced, func(*fate) bool { return true }, func(f *fate) bool { return f.durable })
	for _, f := range w.fates {
		f.durable = f.left
	}
	w.start()
}

// synced says which events of the program a power cut cannot take now: those that were
// stored long enough ago, if nothing was wrong meanwhile.
func (w *world) synced() func(f *fate) bool {
	now, needs := time.Now(), syncEvery+10*time.Millisecond
	if w.p.isDead() {
		now = w.p.at
	}
	if w.hot {
		needs += spillAfter
	}
	calm := w.isCalm(now, needs)
	return func(f *fate) bool { return calm && !f.safe.IsZero() && now.Sub(f.safe) > needs }
}

// isCalm reports whether at some time nothing was wrong for that long, and for as long as
// it takes to make up for it: until the next attempt, and until the next look at the files.
func (w *world) isCalm(at time.Time, d time.Duration) bool {
	return w.fault == "" && at.Sub(w.trouble) > d+31*time.Second+2*checkEvery
}

// close ends the program as it should be.
func (w *world) close() {
	if w.dying {
		return
	}
	if w.fault == "" && w.r.IntN(2) == 0 {
		w.deliver()
	}
	calm := w.isCalm(time.Now(), 0)
	w.p.queue.Close()
	began := time.Now()
	w.p.spool.Close(5 * time.Second)
	if took := time.Since(began); took > 5*time.Second || w.fault == "" && took > 0 {
		w.t.Errorf("Close took %v", took)
	}
	kept, dropped := w.p.queue.Abandon()
	if calm && dropped.Events > 0 {
		w.t.Errorf("%d events were dropped", dropped.Events)
	}
	s := w.p.queue.State()
	if s.Pending != kept.Events || s.Accepted != s.Delivered+s.Pending+s.Lost[account.Full]+dropped.Events {
		w.t.Errorf("kept %+v, dropped %+v, but the books say %+v", kept, dropped, s)
	}
	w.p.kill()
	pass(0)
	if left := append(w.own(w.m.disk), w.own(w.m.ram)...); w.clean && s.Pending == 0 && len(left) > 0 {
		w.t.Errorf("everything was delivered, but these are left: %v", left)
	}
	stays := func(f *fate) bool { return f.logged && dropped.Events == 0 }
	w.inspect("close", stays, func(f *fate) bool { return calm }, func(f *fate) bool { return f.left })
	w.start()
}

// deliver has the service take everything.
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

// recoverOthers has the program send what others have left, or some of it.
func (w *world) recoverOthers() {
	adopted := w.p.adopt()
	w.told(adopted)
	list, err := w.p.spool.Leftovers()
	w.told(err)
	for _, l := range list {
		name := l.Name
		o, err := spool.OpenOrphan(w.p.spool.Directory(), name)
		switch {
		case err != nil:
			w.told(err)
			continue
		}
		var list []int
		var seqs []uint64
		_, err = o.Scan(func(seq uint64, e batch.Event) bool {
			list, seqs = append(list, numberOf(w.t, e)), append(seqs, seq)
			return true
		})
		w.told(err)
		for _, n := range list {
			w.fates[n].durable = w.fates[n].durable || adopted == nil && name[17] >= '8' // was moved to the disk just now, or before
		}
		w.send(o, list, seqs)
	}
}

// told checks that nothing fails that need not.
func (w *world) told(err error) {
	lost := w.m.powerCut && errors.Is(err, spool.ErrHeader)
	if err != nil && w.fault == "" && !lost && !errors.Is(err, spool.ErrFull) {
		w.t.Errorf("while it deals with what others have left: %v", err)
	}
}

// send has the service get what another program has left.
func (w *world) send(o *spool.Orphan, list []int, seqs []uint64) {
	switch w.r.IntN(4) {
	case 0: // nothing
		o.Release()
	case 1: // some of it
		var settled segment.Ranges
		for i, n := range list {
			if w.r.IntN(2) == 0 {
				settled.Add(seqs[i], seqs[i]+1)
				w.sent(n, len(settled) < 200)
			}
		}
		o.Acknowledge(settled)
		o.Release()
	default:
		err := o.Remove()
		w.told(err)
		for _, n := range list {
			w.sent(n, err == nil)
		}
	}
}

// sent enters that the service has an event of another program, and whether that is on
// the disk.
func (w *world) sent(n int, acked bool) {
	f := w.fates[n]
	f.done = true
	f.acked = acked && f.copies == 1 && w.fault == ""
}

// check checks what must hold at any time.
func (w *world) check() {
	w.m.disk.check(w.t)
	w.m.ram.check(w.t)
	if most := w.p.cfg.MaxBytes; w.m.disk.most() > most {
		w.t.Errorf("%d bytes on disk", w.m.disk.most())
	}
	s := w.p.queue.State()
	if most := queueBytes + 8<<10 + 4<<20; s.PendingBytes > int64(most) { // what is read back comes on top
		w.t.Errorf("%d bytes of memory", s.PendingBytes)
	}
	if n := s.Lost[account.Damaged]; n > 0 {
		w.t.Errorf("%d events could not be loaded again", n)
	}
	pass(0)
	if state := w.p.spool.State(); state.Stalled || state.Failure != nil {
		w.trouble = time.Now()
		if w.fault == "" && !w.dying && time.Since(w.mended) > 31*time.Second && !errors.Is(state.Failure, spool.ErrFull) {
			w.t.Errorf("it has not recovered: %+v", state)
		}
		return
	}
	if w.fault != "" || w.dying {
		return
	}
	if w.p.queue.Unsafe() > 0 {
		w.t.Errorf("%d events are in memory only", w.p.queue.Unsafe())
	}
	for _, f := range w.fates[w.first:] { // by now
		if f.logged && f.safe.IsZero() {
			f.safe = time.Now()
		}
		f.acked = f.done
	}
}

// inspect looks at all that is there when a program has ended. must says which of its
// events have to be there, durable which of them a power cut cannot take, and stays
// which of the others have to be there.
func (w *world) inspect(why string, must, durable, stays func(f *fate) bool) {
	w.t.Helper()
	found := make(map[int]int)
	m := w.m.snapshot()
	for _, fs := range []*memFS{m.disk, m.ram} {
		for _, file := range m.filesOf(fs) {
			if file.damaged > 0 && !w.cut {
				w.t.Errorf("%s: %d events of %s are damaged", why, file.damaged, file.name)
			}
			last := make(map[int]int) // of each goroutine
			for _, n := range file.events {
				if n >= len(w.fates) {
					w.t.Fatalf("%s: event %d was never logged", why, n)
				}
				if f := w.fates[n]; n < last[f.goroutine] {
					w.t.Errorf("%s: event %d stands behind %d", why, n, last[f.goroutine])
				} else {
					last[f.goroutine] = n
				}
				found[n]++
			}
		}
	}
	for n, f := range w.fates {
		own := n >= w.first
		f.copies = found[n]
		switch {
		case f.copies == 0 && !f.done && (own && must(f) || !own && stays(f)):
			w.t.Errorf("%s: event %d is lost: %+v", why, n, *f)
		case f.copies > 0 && f.acked && why != "power cut" && (w.clean || !own):
			w.t.Errorf("%s: event %d was acknowledged, but is there: %+v", why, n, *f)
		case f.copies > 1 && own && w.clean && !w.hot && why != "power cut":
			w.t.Errorf("%s: event %d is there %d times", why, n, f.copies)
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

// end ends the last program when everything is delivered.
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
