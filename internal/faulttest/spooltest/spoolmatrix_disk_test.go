//go:build linux

package spooltest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// Disks and file systems fail.
func TestSpoolMatrixDisk(t *testing.T) {
	r := rows{}
	r.inModes("14 errors make the file system read-only", readOnly)
	r.inModes("15 a thin volume is full", func(t *testing.T, o cloudwatch.SpoolOptions) { thin(t, o, 64*mib) })
	r.inModes("15 a thin volume is full and memory short", func(t *testing.T, o cloudwatch.SpoolOptions) { thin(t, o, 8*mib) })
	r.inModes("43 on an overlay", func(t *testing.T, o cloudwatch.SpoolOptions) {
		everyDay(t, filepath.Join(overlay(t), "spool"), o)
	})
	r.inModes("43 on btrfs", func(t *testing.T, o cloudwatch.SpoolOptions) {
		dir, _ := newBtrfs(t)
		everyDay(t, dir, o)
	})
	r.inModes("43 on tmpfs", func(t *testing.T, o cloudwatch.SpoolOptions) {
		o.RAM = "" // it is in RAM itself
		everyDay(t, filepath.Join(mountTmpfs(t, 64*mib), "spool"), o)
	})
	r.run(t, 6)
}

func readOnly(t *testing.T, o cloudwatch.SpoolOptions) {
	e := newExt4In(t, t.TempDir(), 64*mib, "errors=remount-ro")
	s := newSpoolScene(t, e.path, o)
	s.net.shut()
	s.begin()
	s.logs(100)
	s.made(1)
	time.Sleep(1500 * time.Millisecond) // they are synced as well
	e.fail(t)
	s.size = 20_000
	s.logs(600) // more than what fits into hot files
	s.wantTold(2*time.Second, syscall.EROFS)
	s.degraded(2 * time.Second)
	s.logs(100)
	safe := s.safeFrom(0)
	time.Sleep(3 * time.Second) // and it is not told again and again
	stats := s.Stats()
	s.Logf("%d of %d events at risk, %d were; SpoolError told %d times in 3 s; %v", stats.AtRisk, len(s.events), stats.WereAtRisk, s.spoolErrors(), s.Guarantee())
	if n := s.spoolErrors(); n > 3 { // two segments, and no other can be made
		s.Errorf("the same trouble is told %d times: %q", n, s.told.Errors()[:3])
	}
	if int64(len(s.events)-safe) != stats.AtRisk || stats.AtRisk != stats.WereAtRisk {
		s.Errorf("%d events are at risk, %d were; of %d logged %d were safe", stats.AtRisk, stats.WereAtRisk, len(s.events), safe)
	}
	// All is delivered from memory, and a disk that cannot be written to does not
	// keep the next start from working.
	s.net.open()
	s.waitFor(20*time.Second, "everything is delivered", func() bool { return s.Stats().Pending == 0 })
	if err := s.closeIn(10 * time.Second); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	s.net.shut()
	before := s.spoolErrors()
	s.begin()
	s.logs(100)
	s.waitFor(5*time.Second, "it is told at the next start", func() bool { return s.spoolErrors() > before })
	if g := s.Guarantee(); g.Kill && o.Direct {
		s.Errorf("Guarantee says %v", g)
	}
	s.net.open()
	s.waitFor(20*time.Second, "everything is delivered", func() bool { return s.Stats().Pending == 0 })
	if err := s.closeIn(10 * time.Second); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	e.repair(t)
	s.end()
}

// fail makes the kernel believe that the file system has an error.
func (e *ext4) fail(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/sys/fs/ext4/"+e.device+"/trigger_fs_error", []byte("1"), 0); err != nil {
		t.Skipf("this kernel cannot make file systems fail: %v", err)
	}
}

// repair mounts the file system again.
func (e *ext4) repair(t *testing.T) {
	t.Helper()
	unmount(t, e.path)
	loop := attach(t, e.image)
	defer loop.Close()
	if err := mountAt(loop.Name(), e.path, "ext4", ""); err != nil {
		t.Fatal(err)
	}
}

// thin is a volume with less behind it than it says: space can be reserved and
// written to, but not synced.
func thin(t *testing.T, o cloudwatch.SpoolOptions, memory int) {
	pool := mountTmpfs(t, 40*mib)
	e := newExt4In(t, pool, 64*mib, "", "-O", "^has_journal")
	s := newSpoolScene(t, e.path, o)
	s.opts.BufferBytes = memory
	s.once = true
	s.net.shut()
	s.begin()
	s.logs(100)
	empty := fill(t, pool, mib)
	s.size = 20_000
	s.logs(400)
	s.waitFor(10*time.Second, "the failure is told", func() bool { return s.spoolErrors() > 0 })
	changes := 0
	kill := s.Guarantee().Kill
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(time.Millisecond) {
		if now := s.Guarantee().Kill; now != kill {
			kill = now
			changes++
		}
	}
	before := len(s.events)
	s.logs(100)
	stats := s.Stats()
	s.Logf("%d of %d events at risk, %d were; %d times the guarantee changed; SpoolError told %d times in 3 s; %v", stats.AtRisk, len(s.events), stats.WereAtRisk, changes, s.spoolErrors(), s.Guarantee())
	for _, err := range s.told.Errors() {
		s.Log(err)
	}
	if n := s.spoolErrors(); n > 3 {
		s.Errorf("the same trouble is told %d times", n)
	}
	if changes > 2 {
		s.Errorf("the guarantee changes all the time")
	}
	if s.safeFrom(before) == 100 && o.Direct && s.Guarantee().Err == nil {
		s.Errorf("all is well, they say: %v", s.Guarantee())
	}
	empty()
	s.size = 0
	s.waitFor(30*time.Second, "new events are safe", func() bool {
		before = len(s.events)
		s.logs(1)
		time.Sleep(100 * time.Millisecond)
		return s.safeFrom(before) == 1 && s.Guarantee().Err == nil
	})
	_ = s.closeIn(50 * time.Millisecond)
	s.end()
}

// everyDay is what happens every day.
func everyDay(t *testing.T, dir string, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, dir, o)
	s.net.shut()
	s.begin()
	s.Logf("guarantee: %v", s.Guarantee())
	if g := s.Guarantee(); !g.Kill || g.Err != nil || (g.Mode == "direct") != o.Direct {
		s.Errorf("Guarantee says %v", g)
	}
	s.size = 20_000
	s.logs(1000)
	if n := s.safeFrom(0); n != 1000 {
		s.Errorf("only %d of 1000 events are safe", n)
	}
	s.leaves(1000)
	s.size = 0
	p := s.spawn(true)
	p.do("log", 100)
	p.kill()
	s.end()
}

// overlay mounts one, as containers have.
func overlay(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"lower", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return mount(t, "overlay", "overlay", "lowerdir="+dir+"/lower,upperdir="+dir+"/upper,workdir="+dir+"/work")
}

// A disk stalls. What is measured is one after the other.
func TestSpoolMatrixStall(t *testing.T) {
	measured, r := rows{"17 a neighbour syncs all the time": slowDisk}, rows{}
	measured.inModes("16 again and again", stalls)
	measured.run(t, 1)
	r.inModes("16 Close meanwhile", closeInStall)
	r.inModes("16 start meanwhile", func(t *testing.T, o cloudwatch.SpoolOptions) { startInStall(t, o, true) })
	r.inModes("16 first start meanwhile", func(t *testing.T, o cloudwatch.SpoolOptions) { startInStall(t, o, false) })
	r.run(t, 6)
}

func stalls(t *testing.T, o cloudwatch.SpoolOptions) {
	o.MaxStall = 0 // the default
	e := newExt4(t, 128*mib)
	s := newSpoolScene(t, e.path, o)
	s.net.shut()
	s.begin()
	s.logs(1000)
	s.made(1)
	// The machine may be busy: what holds in one of three attempts is what the library does.
	const attempts = 3
	for n := 1; ; n++ {
		tooLong := s.stallsOnce(e)
		if len(tooLong) == 0 {
			break
		}
		s.Logf("attempt %d: %s", n, strings.Join(tooLong, "; "))
		if n == attempts {
			s.Error("too long in each attempt")
			break
		}
	}
	s.leaves(int64(len(s.events)))
	s.end()
}

// stallsOnce freezes the disk some times. It compares what is measured meanwhile with what
// is measured in between, for as long, and returns what took longer than it may. A lower
// quartile of the longest times counts: what the library does, it does at every freeze,
// and what a busy machine does, not.
func (s *spoolScene) stallsOnce(e *ext4) (tooLong []string) {
	s.Helper()
	const times, calmly, frozenly = 5, time.Second, 2500 * time.Millisecond // longer than MaxStall
	direct := s.opts.SpoolOptions.Direct
	var calm, frozen []measurement
	for range times {
		calm = append(calm, s.measure(calmly))
		atRisk := s.Stats().WereAtRisk
		thaw := freeze(s.T, e)
		frozen = append(frozen, s.measure(frozenly))
		stats := s.Stats()
		thaw()
		began := time.Now()
		s.restored(10 * time.Second)
		s.Logf("%s, calm: %v", s.Guarantee().Mode, calm[len(calm)-1])
		s.Logf("%s, frozen: %v; %d events at risk; %v after the thaw none", s.Guarantee().Mode, frozen[len(frozen)-1], stats.AtRisk, time.Since(began).Round(time.Millisecond))
		if direct && stats.AtRisk == 0 {
			s.Errorf("no event was at risk while nothing could be written")
		}
		if !direct && stats.WereAtRisk > atRisk {
			s.Errorf("%d events were at risk although there is RAM", stats.WereAtRisk-atRisk)
		}
	}
	reach := measurement{call: time.Millisecond, gap: 10 * time.Millisecond, collection: 10 * time.Millisecond}
	if direct {
		reach.call += defaultMaxStall
	}
	got, usual := quartile(frozen), quartile(calm)
	s.Logf("%s, quartiles: calm: %v; frozen: %v", s.Guarantee().Mode, usual, got)
	for _, row := range []struct {
		what              string
		got, usual, reach time.Duration
	}{
		{"a log call", got.call, usual.call, reach.call},
		{"the others", got.gap, usual.gap, reach.gap},
		{"a garbage collection", got.collection, usual.collection, reach.collection},
	} {
		if row.got > row.usual+row.reach {
			tooLong = append(tooLong, fmt.Sprintf("%s took %v while the disk was frozen, %v otherwise; at most %v more is allowed", row.what, row.got, row.usual, row.reach))
		}
	}
	return tooLong
}

// defaultMaxStall is that of SpoolOptions.
const defaultMaxStall = time.Second

// quartile returns the lower one of each part.
func quartile(list []measurement) (m measurement) {
	of := func(part func(measurement) time.Duration) time.Duration {
		var all []time.Duration
		for _, m := range list {
			all = append(all, part(m))
		}
		slices.Sort(all)
		return all[len(all)/4]
	}
	m.call = of(func(m measurement) time.Duration { return m.call })
	m.gap = of(func(m measurement) time.Duration { return m.gap })
	m.collection = of(func(m measurement) time.Duration { return m.collection })
	return m
}

// measurement is what others notice of a stall.
type measurement struct {
	call       time.Duration // the longest log call
	gap        time.Duration // the longest time between two wake-ups of a goroutine that sleeps for 1 ms
	collection time.Duration // how long a garbage collection took
}

// measure logs for a time, an event every 200 us, with a garbage collection in the middle.
func (s *spoolScene) measure(d time.Duration) (m measurement) {
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for last := time.Now(); ; {
			time.Sleep(time.Millisecond)
			now := time.Now()
			m.gap = max(m.gap, now.Sub(last))
			last = now
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	others.Go(func() {
		time.Sleep(d / 2)
		began := time.Now()
		runtime.GC()
		m.collection = time.Since(began)
	})
	s.longest = 0
	for began := time.Now(); time.Since(began) < d; {
		s.logs(1)
		time.Sleep(200 * time.Microsecond)
	}
	close(stop)
	others.Wait()
	m.call = s.longest
	return m
}

func (m measurement) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
	return "longest log call " + round(m.call).String() + ", longest gap of a 1 ms heartbeat " + round(m.gap).String() +
		", a garbage collection " + round(m.collection).String()
}

func closeInStall(t *testing.T, o cloudwatch.SpoolOptions) {
	o.MaxStall = 0 // the default
	e := newExt4(t, 128*mib)
	s := newSpoolScene(t, e.path, o)
	s.net.shut()
	s.begin()
	s.logs(1000)
	s.made(1)
	thaw := freeze(t, e)
	s.logs(1000)
	const closeTimeout = 500 * time.Millisecond
	began := time.Now()
	err := s.closeIn(closeTimeout)
	took := time.Since(began)
	s.Logf("Close took %v of %v; %v; dropped %+v", took.Round(time.Millisecond), closeTimeout, err, s.past[0].Dropped)
	if took > closeTimeout+2*time.Second {
		s.Errorf("Close took %v, its timeout is %v", took, closeTimeout)
	}
	if u := (*cloudwatch.UndeliveredError)(nil); !errors.As(err, &u) || u.Events != 2000 || u.Spooled < int64(s.safeFrom(0)) {
		s.Errorf("Shutdown: %v; %d of 2000 events were safe", err, s.safeFrom(0))
	}
	thaw()
	time.Sleep(500 * time.Millisecond) // what was left of the program ends now
	s.end()
}

// startInStall starts during a stall, with what an earlier start has left or without.
func startInStall(t *testing.T, o cloudwatch.SpoolOptions, again bool) {
	o.MaxStall = 0 // the default
	e := newExt4(t, 128*mib)
	s := newSpoolScene(t, e.path, o)
	s.net.shut()
	if again {
		s.begin()
		s.logs(100)
		s.leaves(100)
	}
	before := len(s.events)
	thaw := freeze(t, e)
	began := time.Now()
	ready := time.AfterFunc(10*time.Second, thaw) // or it would wait for ever
	s.begin()
	took := time.Since(began)
	s.Logf("NewHandler took %v; %v", took.Round(time.Millisecond), s.Guarantee())
	if !ready.Stop() || took > 2500*time.Millisecond {
		s.Errorf("NewHandler took %v", took)
	}
	s.logs(100)
	if n := s.safeFrom(before); n != 0 && o.Direct {
		s.Errorf("%d events are called safe while nothing can be written", n)
	}
	thaw()
	s.restored(10 * time.Second)
	s.net.open()
	s.waitFor(10*time.Second, "everything is delivered", func() bool {
		stats := s.Stats()
		return stats.Pending == 0 && stats.Recovered.Pending == 0 && stats.Recovered.Delivered == int64(before)
	})
	s.end()
}

// slowDisk has a neighbour that writes 4 MiB and syncs, again and again.
func slowDisk(t *testing.T) {
	if !testing.Verbose() {
		t.Skip("it only prints figures: use -v")
	}
	for _, mode := range []string{"direct", "hot"} {
		e := newExt4(t, 128*mib)
		o := optionsFor(t, mode)
		o.MaxStall = 0 // the default
		s := newSpoolScene(t, e.path, o)
		s.net.shut()
		s.begin()
		stop := make(chan struct{})
		var neighbour sync.WaitGroup
		neighbour.Go(func() {
			f, err := os.Create(filepath.Join(e.path, "neighbour"))
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			for piece := make([]byte, 4*mib); ; {
				if _, err := f.WriteAt(piece, 0); err != nil {
					t.Error(err)
				}
				if err := f.Sync(); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		m := s.measure(time.Second)
		close(stop)
		neighbour.Wait()
		s.Logf("%s, beside a storm of syncs: %v; %d events were at risk", mode, m, s.Stats().WereAtRisk)
		if err := os.Remove(filepath.Join(e.path, "neighbour")); err != nil {
			t.Error(err)
		}
		s.end()
	}
}
