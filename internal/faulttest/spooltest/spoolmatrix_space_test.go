//go:build linux

package spooltest_test

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

const (
	mib          = 1 << 20
	segmentBytes = 8*mib - 64<<10 // with what a file system may need beside
)

// noRoom is why nothing can be written if there is no space.
var noRoom = []error{syscall.ENOSPC, cloudwatch.ErrSpoolLow}

// There is no room, or none any more.
func TestSpoolMatrixSpace(t *testing.T) {
	r := rows{
		"9 an 8 MiB tmpfs is full before start":  func(t *testing.T) { fullBeforeStart(t, mountTmpfs(t, 8*mib), 0) },
		"9 full, and nobody has logged anything": fullAndSilent,
		"9 ext4 is full before start":            func(t *testing.T) { fullBeforeStart(t, newExt4(t, 64*mib).path, 0) },
		"9 ext4 has almost enough before start":  func(t *testing.T) { fullBeforeStart(t, newExt4(t, 64*mib).path, 16<<10) },
		"10 ext4 fills while running":            fillsWhileRunning,
		"13 no inodes are left":                  noInodes,
		"13 less than MinFree is left":           minFree,
		"22 the hot tier is too small":           func(t *testing.T) { noHotTier(t, mountTmpfs(t, mib)) },
		"22 the hot tier is absent":              func(t *testing.T) { noHotTier(t, t.TempDir()) },
	}
	r.inModes("13 a quota is used up", quotaUsedUp)
	r.inModes("MaxBytes is reached", maxBytes)
	r.inModes("a burst is larger than the memory", burst)
	r.run(t, 4)
}

// fullBeforeStart has so many bytes left on the file system of the directory.
func fullBeforeStart(t *testing.T, dir string, left int64) {
	s := newSpoolScene(t, dir, directSpool)
	empty := fill(t, dir, left)
	s.net.shut()
	s.begin()
	s.logs(100)
	s.degraded(time.Second)
	if n := s.safeFrom(0); n != 0 {
		s.Errorf("%d events are called safe", n)
	}
	if stats := s.Stats(); stats.AtRisk != 100 || stats.WereAtRisk != 100 {
		s.Errorf("%d are at risk, %d were, want 100", stats.AtRisk, stats.WereAtRisk)
	}
	s.wantTold(2*time.Second, noRoom...)
	wantNothing(s)
	empty()
	began := time.Now()
	s.restored(10 * time.Second)
	s.Logf("recovered %v after there was space", time.Since(began).Round(time.Millisecond))
	s.logs(100)
	if n := s.safeFrom(100); n != 100 {
		s.Errorf("only %d of 100 events are safe", n)
	}
	s.leaves(200)
	s.end()
}

// fullAndSilent: what cannot be kept is not promised.
func fullAndSilent(t *testing.T) {
	dir := mountTmpfs(t, 8*mib)
	s := newSpoolScene(t, dir, directSpool)
	empty := fill(t, dir, 0)
	s.begin()
	s.waitFor(2*time.Second, "the guarantee says that nothing can be written", func() bool {
		g := s.Guarantee()
		return !g.Kill && g.Err != nil
	})
	empty()
	s.end()
}

// wantNothing fails if a failure has left something in the directory.
func wantNothing(s *spoolScene) {
	s.Helper()
	s.waitFor(time.Second, "nothing is left in the spool", func() bool { // an attempt may be under way
		return len(s.files(".seg", ".new", ".hot")) == 0
	})
}

func fillsWhileRunning(t *testing.T) {
	e := newExt4(t, 64*mib)
	s := newSpoolScene(t, e.path, directSpool)
	s.net.shut()
	s.begin()
	s.logs(10)
	s.made(1)
	empty := fill(t, e.path, 0)
	s.size = 20_000
	s.logsUntil("the disk is full", func() bool { return s.fails(noRoom...) })
	safe, bytes := 0, 0
	for n, p := range s.events {
		if p.safe {
			safe++
			bytes += len(messageOf(n, s.size))
		}
	}
	s.Logf("a full disk still took %d events, %d bytes that were reserved", safe, bytes)
	if safe < 10 {
		s.Errorf("only %d events are safe", safe)
	}
	s.wantTold(2*time.Second, noRoom...)
	s.logs(100)
	s.waitFor(5*time.Second, "no attempt leaves anything", func() bool { return len(s.files(".seg", ".new")) <= 2 })
	empty()
	s.restored(15 * time.Second)
	before := len(s.events)
	s.logs(100)
	if n := s.safeFrom(before); n != 100 {
		s.Errorf("only %d of 100 events are safe", n)
	}
	s.leaves(int64(len(s.events)))
	s.end()
}

// quotaUsedUp: there is room, but not for everybody.
func quotaUsedUp(t *testing.T, o cloudwatch.SpoolOptions) {
	dir, quota := newBtrfs(t)
	quota("20M") // two segments and a half
	s := newSpoolScene(t, dir, o)
	s.net.shut()
	s.begin()
	s.size = 20_000
	s.logsUntil("the quota is used up", func() bool { return s.fails(syscall.EDQUOT) })
	s.wantTold(2*time.Second, syscall.EDQUOT)
	s.logs(100)
	time.Sleep(3 * time.Second)
	if n := s.spoolErrors(); n != 1 {
		s.Errorf("it is told %d times: %q", n, s.told.Errors())
	}
	s.waitFor(5*time.Second, "nothing is left of attempts", func() bool { return len(s.files(".seg", ".new")) <= 3 })
	quota("none")
	s.waitFor(20*time.Second, "the disk is used again", func() bool { return s.Guarantee().Err == nil && s.Stats().AtRisk == 0 })
	before := len(s.events)
	s.logs(100)
	if n := s.safeFrom(before); n != 100 {
		s.Errorf("only %d of 100 events are safe", n)
	}
	s.leaves(int64(len(s.events)))
	s.end()
}

func noInodes(t *testing.T) {
	e := newExt4(t, 64*mib, "-N", "16")
	var files []string
	for i := 0; ; i++ {
		name := e.path + "/inode-" + string(rune('a'+i))
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		files = append(files, name)
	}
	if len(files) < 3 {
		t.Fatalf("only %d inodes", len(files))
	}
	s := newSpoolScene(t, e.path, directSpool)
	s.net.shut()
	s.begin()
	s.logs(100)
	s.degraded(time.Second)
	s.wantTold(2*time.Second, noRoom...)
	wantNothing(s)
	for _, name := range files {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s.restored(10 * time.Second)
	s.leaves(100)
	s.end()
}

func minFree(t *testing.T) {
	e := newExt4(t, 128*mib)
	o := directSpool
	o.MinFree = 64 * mib
	s := newSpoolScene(t, e.path, o)
	s.net.shut()
	s.begin()
	s.logs(1)
	s.made(1)
	empty := fill(t, e.path, 64*mib)
	lowest := freeSpace(t, e.path)
	s.size = 20_000
	s.logsUntil("there is too little space", func() bool { return s.fails(cloudwatch.ErrSpoolLow) })
	s.wantTold(2*time.Second, cloudwatch.ErrSpoolLow)
	// ext4 may have needed some blocks to note where those of the segments are.
	if free := freeSpace(t, e.path); free < lowest-2*64<<10 {
		s.Errorf("%d bytes are free, %d were when there was too little", free, lowest)
	}
	empty()
	s.restored(10 * time.Second)
	s.leaves(int64(len(s.events)))
	s.end()
}

// maxBytes is a flood, and nobody takes it.
func maxBytes(t *testing.T, o cloudwatch.SpoolOptions) {
	o.MaxBytes = 32*mib + 4096 // four segments, and the file that leads to the hot ones
	s := newSpoolScene(t, spoolOf(t), o)
	s.opts.BufferBytes = 8 * mib
	// Something is there already, so that moving it and making segments meet.
	s.net.shut()
	s.begin()
	s.logs(1000)
	s.leaves(1000)
	most := watchBytes(t, s.opts.Spool)
	s.begin()
	s.size = 20_000
	s.logsUntil("the buffer is full", func() bool { return s.Stats().Dropped.BufferFull > 0 })
	used, allocated := most()
	stats := s.Stats()
	s.Logf("%s: MaxBytes %d, the files had at most %d bytes, and %d allocated; %d events accepted, %d at risk", s.Guarantee().Mode, o.MaxBytes, used, allocated, stats.Accepted-stats.Dropped.BufferFull, stats.AtRisk)
	if used > o.MaxBytes {
		s.Errorf("the files had %d bytes, MaxBytes is %d", used, o.MaxBytes)
	}
	if used < 3*segmentBytes {
		s.Errorf("the files had only %d bytes, MaxBytes is %d", used, o.MaxBytes)
	}
	if allocated > o.MaxBytes {
		s.Errorf("the files took %d bytes, MaxBytes is %d", allocated, o.MaxBytes)
	}
	s.wantTold(2*time.Second, cloudwatch.ErrSpoolFull)
	s.net.open()
	s.waitFor(30*time.Second, "everything is delivered", func() bool { return s.Stats().Pending == 0 })
	s.end()
}

// burst logs more than fits into memory, as fast as it can, while nobody takes it: log
// calls wait for the disk, and nothing is dropped.
func burst(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	s.opts.BufferBytes = 4 * mib
	s.net.shut()
	s.begin()
	s.size = 4000
	const events = 8000
	s.logs(events)
	stats := s.Stats()
	s.Logf("%d bytes logged; %d in memory, %d events dropped", events*s.size, stats.PendingBytes, stats.Dropped.BufferFull)
	if stats.Dropped.BufferFull > 0 || stats.PendingBytes > 4*mib {
		s.Errorf("%d events dropped, %d bytes in memory", stats.Dropped.BufferFull, stats.PendingBytes)
	}
	s.leaves(events)
	s.end()
}

// watchBytes looks all the time how large the files of a directory are. The function
// it returns ends that and returns the most there was.
func watchBytes(t *testing.T, dir string) (most func() (used, allocated int64)) {
	stop := make(chan struct{})
	var used, allocated int64
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				now, blocks := usedBy(dir)
				used, allocated = max(used, now), max(allocated, blocks)
			}
		}
	})
	end := sync.OnceFunc(func() { close(stop); done.Wait() })
	t.Cleanup(end)
	return func() (int64, int64) { end(); return used, allocated }
}

// noHotTier has a directory for it in which there is no room, or that is not in RAM.
func noHotTier(t *testing.T, ram string) {
	s := newSpoolScene(t, t.TempDir(), cloudwatch.SpoolOptions{MinFree: -1, RAM: ram, MaxStall: directSpool.MaxStall})
	s.net.shut()
	s.begin()
	g := s.Guarantee()
	s.Logf("guarantee: %v", g)
	if g.Mode != "direct" || g.Err == nil || !g.Kill {
		s.Errorf("Guarantee says %v", g)
	}
	s.logs(100)
	if n := s.safeFrom(0); n != 100 {
		s.Errorf("only %d of 100 events are safe", n)
	}
	s.leaves(100)
	s.end()
}
