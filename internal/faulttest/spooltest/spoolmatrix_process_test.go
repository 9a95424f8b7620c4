//go:build linux

package spooltest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// Processes are limited, stopped and killed.
func TestSpoolMatrixProcess(t *testing.T) {
	r := rows{"21 few file descriptors from the start": fewDescriptors}
	r.inModes("4 memory is limited", outOfMemory)
	r.inModes("4 the kernel kills for memory", killedForMemory)
	r.inModes("5 stopped and continued", stopped)
	r.inModes("12 a limit of file sizes cuts a write short", shortWrite)
	r.inModes("13 a limit of file sizes from the start", fileSizes)
	r.inModes("21 file descriptors run out", descriptors)
	r.inModes("44 programs are started all the time", startsPrograms)
	r.inModes("44 a program that is being started has the files", heldForAMoment)
	r.run(t, 4)
}

// The Go runtime gives up when it gets no memory.
func outOfMemory(t *testing.T, o cloudwatch.SpoolOptions) {
	if testkit.RaceEnabled {
		t.Skip("the race detector takes terabytes of addresses, so they cannot be limited")
	}
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 1)
	p.do("limit memory", 256*mib)
	p.do("flood", 20)
	p.do("leak", 100)
	state := p.end(0)
	if code := state.ExitCode(); code != 2 || !strings.Contains(p.stderr.String(), "out of memory") {
		t.Errorf("the child ended with %v: %.300s", state, p.stderr)
	}
	s.end()
}

// The kernel kills when the limit of a control group is reached. That counts the files
// of the hot mode, too.
func killedForMemory(t *testing.T, o cloudwatch.SpoolOptions) {
	limit := int64(160 * mib)
	if testkit.RaceEnabled {
		limit = 400 * mib
	}
	procs := memoryGroup(t, limit)
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 1)
	if err := os.WriteFile(procs, fmt.Append(nil, p.Process.Pid), 0); err != nil {
		t.Skipf("cannot put a process into the control group: %v", err)
	}
	p.do("flood", 20)
	p.do("leak", 200)
	state := p.end(0)
	if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Errorf("the child ended with %v: %.300s", state, p.stderr)
	}
	s.end()
}

// memoryGroup makes a control group with a limit, below that of this process, and
// returns the file into which the processes in it are entered.
func memoryGroup(t *testing.T, bytes int64) (procs string) {
	t.Helper()
	needRoot(t)
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skipf("no control groups: %v", err)
	}
	var parent, file string
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(fields) < 3:
		case fields[1] == "memory":
			parent, file = "/sys/fs/cgroup/memory"+fields[2], "memory.limit_in_bytes"
		case fields[1] == "" && parent == "":
			parent, file = "/sys/fs/cgroup"+fields[2], "memory.max"
		}
	}
	dir, err := os.MkdirTemp(parent, "spoolmatrix-")
	if err != nil {
		t.Skipf("cannot make a control group: %v", err)
	}
	t.Cleanup(func() {
		for range 100 { // the process may not be gone wholly
			if err = unix.Rmdir(dir); err == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("remove control group: %v", err)
	})
	if err := os.WriteFile(filepath.Join(dir, file), fmt.Append(nil, bytes), 0); err != nil {
		t.Skipf("cannot limit the memory of a control group: %v", err)
	}
	return filepath.Join(dir, "cgroup.procs")
}

func stopped(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(false)
	p.do("flood", 500)
	p.reports(10*time.Second, "something is delivered", func(r childReport) bool { return r.Delivered > 100 })
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if err := p.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	before := p.do("report", 0)
	began := time.Now()
	after := p.reports(10*time.Second, "delivery goes on", func(r childReport) bool { return r.Delivered > before.Accepted })
	s.Logf("stopped for 2 s: what was logged before is delivered after %v; %d events were at risk", time.Since(began).Round(time.Millisecond), after.WereAtRisk)
	if after.Dropped+after.Rejected > 0 {
		t.Errorf("some were lost: %+v", after)
	}
	p.reports(10*time.Second, "no event is at risk", func(r childReport) bool { return r.Kill })
	p.kill()
	s.end()
}

func shortWrite(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 100)
	const limit = 40<<10 + 100 // the files are larger already
	p.give(order{Do: "limit", Resource: unix.RLIMIT_FSIZE, N: limit})
	p.do("log", 1000)
	r := p.reports(5*time.Second, "the limit is told", func(r childReport) bool { return told(r, syscall.EFBIG) })
	if !o.Direct && r.WereAtRisk > 0 {
		t.Errorf("some are at risk although there is RAM: %+v", r)
	}
	r = p.do("log", 1000)
	s.Logf("%d of %d events at risk, %q, told %d times", r.AtRisk, r.Accepted, r.Said, len(r.Told))
	p.kill()
	s.end()
}

// told reports whether OnError was told an error of the system.
func told(r childReport, err error) bool {
	for _, text := range r.Told {
		if strings.Contains(text, err.Error()) {
			return true
		}
	}
	return false
}

// fileSizes has a limit below the size of all files.
func fileSizes(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	if err := os.Mkdir(s.opts.Spool, 0o700); err != nil {
		t.Fatal(err)
	}
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("there is no prlimit: install util-linux")
	}
	p := s.spawn(false, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = prlimit, []string{"prlimit", "--fsize=16384", cmd.Path}
	})
	r := p.do("log", 100)
	if r.Kill || r.WereAtRisk != 100 || !strings.HasPrefix(r.Said, "direct") {
		t.Errorf("not all events were at risk: %+v", r)
	}
	p.reports(2*time.Second, "the limit is told", func(r childReport) bool { return told(r, syscall.EFBIG) })
	wantNothing(s)
	p.reports(5*time.Second, "all is delivered", func(r childReport) bool { return r.Delivered == 100 })
	p.kill()
	s.end()
}

func descriptors(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	s.size = 20_000
	p := s.spawn(true)
	p.do("log", 100)
	p.give(order{Do: "limit", Resource: unix.RLIMIT_NOFILE, N: 64})
	p.do("eat", 0)
	r := p.do("log", 1200) // more than two segments, and more than the hot files
	bytes := 0
	for _, e := range p.witnessed() {
		if e.safe {
			bytes += len(messageOf(e.number, s.size))
		}
	}
	s.Logf("without descriptors %d bytes were safe; %d of %d events at risk, %q, told %q", bytes, r.AtRisk, r.Accepted, r.Said, r.Told)
	if least := segmentBytes * 9 / 10; bytes < least {
		t.Errorf("only %d bytes were safe, want %d", bytes, least)
	}
	p.reports(2*time.Second, "the limit is told", func(r childReport) bool { return told(r, syscall.EMFILE) })
	p.do("free", 0)
	p.do("online", 0)
	p.reports(20*time.Second, "no event is at risk", func(r childReport) bool { return r.Kill && r.AtRisk == 0 })
	p.do("log", 100)
	p.reports(20*time.Second, "delivery goes on", func(r childReport) bool { return r.Delivered > 0 })
	p.kill()
	s.end()
}

func fewDescriptors(t *testing.T) {
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("there is no prlimit: install util-linux")
	}
	for _, n := range []int{8, 10, 12, 16} {
		s := newSpoolScene(t, spoolOf(t), directSpool)
		if err := os.Mkdir(s.opts.Spool, 0o700); err != nil {
			t.Fatal(err)
		}
		p := s.spawn(true, func(cmd *exec.Cmd) {
			cmd.Path, cmd.Args = prlimit, []string{"prlimit", fmt.Sprintf("--nofile=%d", n), cmd.Path}
		})
		r := p.do("log", 100)
		t.Logf("%d descriptors: %d of %d at risk, %s, told %q", n, r.AtRisk, r.Accepted, r.Said, r.Told)
		if r.AtRisk > 0 != !r.Kill {
			t.Errorf("%d descriptors: report %+v", n, r)
		}
		if r.AtRisk > 0 {
			p.reports(2*time.Second, "the limit is told", func(r childReport) bool { return told(r, syscall.EMFILE) })
		}
		p.kill()
		s.end()
	}
}

// heldForAMoment: a fork has the locks of the process that died until it is another
// program. Nobody waits for half a minute because of that.
func heldForAMoment(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 300)
	p.kill()
	names := s.files(".seg")
	if !o.Direct {
		names = append(names, s.hotFiles()...)
	}
	var held []*os.File
	for _, name := range names {
		f, err := os.Open(name)
		if err == nil {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		}
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, f)
	}
	s.living++ // so that nobody waits for the locks before the start
	s.begin()
	s.living--
	time.Sleep(time.Second)
	if r := s.Stats().Recovered; r != (cloudwatch.Recovered{}) {
		s.Errorf("from files that are locked %+v was taken", r)
	}
	began := time.Now()
	for _, f := range held {
		_ = f.Close()
	}
	s.waitFor(10*time.Second, "it is delivered", func() bool { return s.Stats().Recovered.Delivered == 300 })
	s.Logf("delivered %v after the locks were free", time.Since(began).Round(10*time.Millisecond))
	s.end()
}

// startsPrograms starts other programs while it logs and makes segments: they get none
// of our files.
func startsPrograms(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	s.net.shut()
	s.size = 20_000
	s.begin()
	var storm sync.WaitGroup
	stop := make(chan struct{})
	var started atomic.Int64
	storm.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			out, err := exec.Command("ls", "-l", "/proc/self/fd").CombinedOutput()
			if err != nil {
				t.Errorf("ls: %v\n%s", err, out)
				return
			}
			if started.Add(1); strings.Contains(string(out), s.opts.Spool) || strings.Contains(string(out), "cloudwatch-") {
				t.Errorf("the child has got:\n%s", out)
			}
		}
	})
	const enough = 20
	for began := time.Now(); time.Since(began) < 2*time.Second || started.Load() < enough && time.Since(began) < time.Minute; {
		s.logs(10)
		if len(s.files(".seg")) > 3 {
			s.net.open()
			s.waitFor(20*time.Second, "all is delivered", func() bool { return s.Stats().Pending == 0 })
			s.net.shut()
		}
	}
	close(stop)
	storm.Wait()
	s.Logf("%d programs started", started.Load())
	if started.Load() < enough {
		t.Errorf("only %d programs were started", started.Load())
	}
	s.end()
}
