//go:build linux

package spooltest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The spool matrix has a row for each way in which disks, file systems, limits and
// other people let a spool down; numbers are those of the list of faults in
// docs/reliability.md. Its rows run the whole library on real file systems, in real
// time. How it ends is the same for all, see spoolScene.end: everything works again,
// the program starts once more, and the books are checked.

// rows of the matrix by their names.
type rows map[string]func(t *testing.T)

// run runs the rows, so many at once. They mostly wait, so that is not what -parallel
// says.
func (r rows) run(t *testing.T, atOnce int) {
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, name := range slices.Sorted(maps.Keys(r)) {
		places <- struct{}{}
		running.Go(func() {
			t.Run(name, r[name])
			<-places
		})
	}
	running.Wait()
}

// inModes adds a row for each mode of the spool.
func (r rows) inModes(name string, row func(t *testing.T, o cloudwatch.SpoolOptions)) {
	for _, mode := range []string{"direct", "hot"} {
		r[name+" in "+mode+" mode"] = func(t *testing.T) { row(t, optionsFor(t, mode)) }
	}
}

// directSpool has no limit but those of the row. A machine that is busy for a moment
// is no disk that stalls.
var directSpool = cloudwatch.SpoolOptions{Direct: true, MinFree: -1, MaxStall: 2 * time.Second}

func optionsFor(t *testing.T, mode string) cloudwatch.SpoolOptions {
	t.Helper()
	o := directSpool
	if mode == "hot" {
		o.Direct, o.RAM, o.SpillAfter = false, sharedMemory(t), 100*time.Millisecond
	}
	return o
}

// spoolScene is a spool, an endpoint, and the programs that use them one after the
// other. It knows what each log call promised.
type spoolScene struct {
	*testing.T
	srv     *cloudwatchtest.Server
	net     *gate
	opts    cloudwatch.Options
	told    *testkit.ErrorLog // what OnError was told
	*scribe                   // of the handler that runs now; nil if none does
	events  []promise         // by number
	past    []cloudwatch.Stats

	size   int  // about that of the messages; 0: some 140 bytes
	living int  // children
	killed bool // some programs were killed: nobody knows their statistics
	once   bool // nothing may come twice
	aside  bool // what cannot be read is set aside, and stays
}

// promise is what the library said of an event.
type promise struct {
	accepted bool // the log call returned nil
	safe     bool // and the event was on disk, or as good as that
}

// newSpoolScene is for a spool in a directory. Nothing runs yet.
func newSpoolScene(t *testing.T, dir string, o cloudwatch.SpoolOptions) *spoolScene {
	t.Helper()
	s := &spoolScene{T: t, srv: cloudwatchtest.Start(t), told: &testkit.ErrorLog{}}
	s.net = newGate(s.srv.Transport())
	cfg := s.srv.Config()
	cfg.HTTPClient = &http.Client{Transport: s.net}
	s.opts = cloudwatch.Options{
		Config:        &cfg,
		LogStream:     testkit.Stream,
		Format:        cloudwatch.Pattern("{message}"),
		FlushInterval: 50 * time.Millisecond,
		CloseTimeout:  10 * time.Second,
		OnError:       s.told.Add,
		Spool:         dir,
		SpoolOptions:  o,
	}
	t.Cleanup(func() { // whatever happened
		if s.scribe != nil {
			_ = s.closeIn(100 * time.Millisecond)
		}
	})
	return s
}

// begin starts the program.
func (s *spoolScene) begin() {
	s.Helper()
	if err := s.tryToBegin(); err != nil {
		s.Fatal(err)
	}
}

func (s *spoolScene) tryToBegin() error {
	s.Helper()
	// What a program has left that this process ran may take longer than its Close.
	for began := time.Now(); s.living == 0 && s.anyLocked() && time.Since(began) < 20*time.Second; {
		time.Sleep(5 * time.Millisecond)
	}
	h, err := cloudwatch.NewHandler(testkit.Group, &s.opts)
	if err == nil {
		s.scribe = newScribe(h)
	}
	return err
}

// logs logs n events.
func (s *spoolScene) logs(n int) {
	s.Helper()
	for range n {
		p, err := s.scribe.write(len(s.events), s.size)
		if err != nil && !errors.Is(err, cloudwatch.ErrBufferFull) {
			s.Errorf("log call: %v", err)
		}
		s.events = append(s.events, p)
	}
}

// logsUntil logs events until something is so.
func (s *spoolScene) logsUntil(what string, so func() bool) {
	s.Helper()
	for began := time.Now(); !so(); s.logs(10) {
		if time.Since(began) > time.Minute {
			s.Fatalf("still not so: %s; statistics %+v; told %v", what, s.Stats(), s.told.Errors())
		}
	}
}

// fails reports whether nothing can be written, for one of these reasons.
func (s *spoolScene) fails(reasons ...error) bool {
	for _, reason := range reasons {
		if g := s.Guarantee(); errors.Is(g.Err, reason) {
			return true
		}
	}
	return false
}

// safeFrom counts the events from a number on that were safe when their log calls
// returned.
func (s *spoolScene) safeFrom(number int) (n int) {
	for _, p := range s.events[number:] {
		if p.safe {
			n++
		}
	}
	return n
}

// closeIn ends the program. What is not delivered by then is left to the next one.
func (s *spoolScene) closeIn(atMost time.Duration) error {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	err := s.Shutdown(ctx)
	// A program that is being started has our files, and so their locks, for a moment.
	syscall.ForkLock.RLock()
	stats := s.Stats()
	syscall.ForkLock.RUnlock()
	s.checkStats(stats)
	s.past = append(s.past, stats)
	s.scribe = nil
	return err
}

// leaves ends the program with everything that the endpoint has not taken in the
// spool.
func (s *spoolScene) leaves(spooled int64) {
	s.Helper()
	err := s.closeIn(50 * time.Millisecond)
	var undelivered *cloudwatch.UndeliveredError
	if !errors.As(err, &undelivered) || undelivered.Spooled != spooled {
		s.Errorf("Shutdown: %v, want %d events in the spool", err, spooled)
	}
}

func (s *spoolScene) checkStats(stats cloudwatch.Stats) {
	s.Helper()
	if sum := stats.Delivered + stats.Pending + stats.Rejected.Total() + stats.Dropped.Total(); sum != stats.Accepted {
		s.Errorf("accepted %d, but delivered + pending + rejected + dropped = %d: %+v", stats.Accepted, sum, stats)
	}
	if r := stats.Recovered; r.Events != r.Delivered+r.Pending+r.Lost {
		s.Errorf("recovered events do not add up: %+v", r)
	}
}

// waitFor waits until something is so.
func (s *spoolScene) waitFor(within time.Duration, what string, so func() bool) {
	s.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > within {
			s.Fatalf("after %v still not so: %s; files of %v, guarantee %v, statistics %+v; told %v", within, what, s.producers(), s.guaranteeNow(), s.statsNow(), s.told.Errors())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *spoolScene) guaranteeNow() (g cloudwatch.Guarantee) {
	if s.scribe != nil {
		g = s.Guarantee()
	}
	return g
}

func (s *spoolScene) statsNow() (stats cloudwatch.Stats) {
	if s.scribe != nil {
		stats = s.Stats()
	}
	return stats
}

// wantTold waits until OnError was told one of these errors, as a *SpoolError.
func (s *spoolScene) wantTold(within time.Duration, targets ...error) {
	s.Helper()
	s.waitFor(within, fmt.Sprintf("a SpoolError for one of %q is told", targets), func() bool {
		for _, err := range s.told.Errors() {
			if e := (*cloudwatch.SpoolError)(nil); !errors.As(err, &e) {
				continue
			}
			for _, target := range targets {
				if errors.Is(err, target) {
					return true
				}
			}
		}
		return false
	})
}

// spoolErrors counts the *SpoolErrors that were told.
func (s *spoolScene) spoolErrors() (n int) {
	for _, err := range s.told.Errors() {
		if e := (*cloudwatch.SpoolError)(nil); errors.As(err, &e) {
			n++
		}
	}
	return n
}

// degraded waits until log calls no longer wait for the disk.
func (s *spoolScene) degraded(within time.Duration) {
	s.Helper()
	s.waitFor(within, "the guarantee is less than before", func() bool {
		g := s.Guarantee()
		return !g.Kill && g.Err != nil
	})
}

// restored waits until everything is on disk again.
func (s *spoolScene) restored(within time.Duration) {
	s.Helper()
	s.waitFor(within, "no event is at risk", func() bool {
		return s.Guarantee().Kill && s.Stats().AtRisk == 0
	})
}

// files lists the directory of the spool.
func (s *spoolScene) files(endings ...string) (names []string) {
	s.Helper()
	entries, err := os.ReadDir(s.opts.Spool)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range entries {
		for _, ending := range endings {
			if strings.HasSuffix(e.Name(), ending) {
				names = append(names, filepath.Join(s.opts.Spool, e.Name()))
			}
		}
	}
	return names
}

// end has everything work, lets the program deliver what is left, starts it once
// more, and checks the books.
func (s *spoolScene) end() {
	s.Helper()
	s.net.open()
	if s.scribe != nil {
		if err := s.closeIn(time.Minute); err != nil {
			s.Errorf("Shutdown: %v", err)
		}
	}
	left := s.producers()
	s.begin()
	s.waitFor(time.Minute, "the next start has delivered everything", func() bool {
		now := s.producers()
		for producer := range left {
			if len(now[producer]) > 0 {
				return false
			}
		}
		return s.Stats().Recovered.Pending == 0
	})
	if err := s.closeIn(time.Minute); err != nil {
		s.Errorf("Shutdown at the end: %v", err)
	}
	s.checkBooks()
}

// made waits until there are so many segments, with nothing left to be done for them.
func (s *spoolScene) made(n int) {
	s.Helper()
	s.waitFor(5*time.Second, fmt.Sprintf("%d segments are made", n), func() bool {
		whole := 0
		for _, name := range s.files(".seg") {
			if f, err := os.Open(name); err == nil {
				page := make([]byte, segment.HeaderBytes)
				_, _ = f.ReadAt(page, 0)
				if _, err := segment.DecodeHeader(page); err == nil {
					whole++
				}
				_ = f.Close()
			}
		}
		return whole >= n
	})
	time.Sleep(50 * time.Millisecond) // the header is being synced
}

// anyLocked reports whether some file has an owner that lives.
func (s *spoolScene) anyLocked() bool {
	s.Helper()
	names, _ := filepath.Glob(filepath.Join(s.opts.Spool, "*.seg"))
	if ram := s.opts.SpoolOptions.RAM; ram != "" {
		hot, _ := filepath.Glob(filepath.Join(ram, "*", "*.hot"))
		names = append(names, hot...)
	}
	return slices.ContainsFunc(names, func(name string) bool {
		f, err := os.Open(name)
		if err != nil {
			return false
		}
		defer f.Close()
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // a program that is being started may have the file as well
		return errors.Is(err, syscall.EWOULDBLOCK)
	})
}

// producers are those that have files in the spool, or on the RAM file system.
func (s *spoolScene) producers() map[string][]string {
	s.Helper()
	names := s.files(".seg", ".hot", ".new")
	if ram := s.opts.SpoolOptions.RAM; ram != "" {
		hot, err := filepath.Glob(filepath.Join(ram, "*", "*.hot"))
		if err != nil {
			s.Fatal(err)
		}
		names = append(names, hot...)
	}
	have := make(map[string][]string)
	for _, name := range names {
		producer, file, _ := strings.Cut(filepath.Base(name), "-")
		have[producer] = append(have[producer], file)
	}
	return have
}

// checkBooks compares what the endpoint has with what was promised.
func (s *spoolScene) checkBooks() {
	s.Helper()
	times := make([]int, len(s.events))
	var had, doubled, notes int64
	for _, e := range s.srv.Events(testkit.Group, testkit.Stream) {
		n, ok := numberOf(e.Message)
		switch {
		case ok && n < len(times):
			if had++; times[n] > 0 {
				doubled++
			}
			times[n]++
		case strings.Contains(e.Message, `"msg":"log events recovered"`):
			notes++
		case !strings.Contains(e.Message, `"msg":"log events lost"`):
			s.Errorf("the endpoint got a message that nobody has logged: %.100q", e.Message)
		}
	}
	var missing, broken int64
	for n, p := range s.events {
		switch {
		case times[n] > 0:
		case p.safe:
			if broken++; broken == 1 {
				s.Errorf("event %d is missing although it was safe", n)
			}
			fallthrough
		case p.accepted:
			missing++
		}
	}
	if broken > 1 {
		s.Errorf("%d events are missing although they were safe", broken)
	}
	var sent, lost, undelivered int64
	for _, stats := range s.past {
		sent += stats.Delivered + stats.Recovered.Delivered
		undelivered += stats.Dropped.Undelivered // a disk that answers later may have them
		lost += stats.Dropped.Undelivered + stats.Dropped.Damaged + stats.Rejected.Total() + stats.Recovered.Lost
	}
	if !s.killed && sent != had+notes {
		s.Errorf("the endpoint has %d events and %d notes, but statistics say that %d were delivered", had, notes, sent)
	}
	if !s.killed && (missing > lost || missing < lost-undelivered) {
		s.Errorf("%d events are missing, but statistics say that %d were lost", missing, lost)
	}
	s.waitFor(20*time.Second, "nothing is left in the spool", func() bool { return len(s.left()) == 0 })
	if doubled > 0 && s.once {
		s.Errorf("%d events came twice", doubled)
	}
	s.Logf("%d events logged, %d of them safe at once; %d delivered, %d of them twice; %d missing, %d counted as lost",
		len(s.events), s.safeFrom(0), had, doubled, missing, lost)
}

// left is what is in the directory but should not be, in the end.
func (s *spoolScene) left() (names []string) {
	s.Helper()
	for _, name := range s.files("") {
		name = filepath.Base(name)
		if name != "id" && name != "large" && name != "lost+found" && !(s.aside && strings.HasSuffix(name, ".bad")) {
			names = append(names, name)
		}
	}
	return names
}
