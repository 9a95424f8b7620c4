package recovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

func await(t *testing.T, r *Recovery) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.Await(ctx); err != nil {
		t.Fatalf("%v: %+v", err, r.Counts())
	}
}

// TestManySmallSegmentsShareRequests sends them in the order in which their processes began.
func TestManySmallSegmentsShareRequests(t *testing.T) {
	const processes, events = 1200, 21
	s := newScene(t)
	var want []string
	for i := range uint64(processes) {
		producer := i*7919%processes + 2 // the names do not reveal the order
		s.leave(file{producer: producer, number: 2, created: int64(1000 + i), first: 12, events: events - 11})
		s.leave(file{producer: producer, number: 1, created: int64(1000 + i), first: 1, events: 11})
		for n := 1; n <= events; n++ {
			want = append(want, fmt.Sprintf("%x %d ", producer, n))
		}
	}
	r := s.start()
	await(t, r)
	if got := s.sent("s"); !slices.Equal(got, want) {
		t.Errorf("%d events arrived, want %d, or the order differs", len(got), len(want))
	}
	if want := (Counts{Events: processes * events, Delivered: processes * events}); r.Counts() != want {
		t.Errorf("%+v, want %+v", r.Counts(), want)
	}
	if left := s.left(); s.requests > 8 || len(left) > 0 {
		t.Errorf("%d requests, left %q", s.requests, left)
	}
	s.wantReports()
	if len(s.notes) != 1 || s.notes[0].Processes != processes || s.notes[0].Delivered != processes*events || s.notes[0].Stream != "s" {
		t.Errorf("notes %+v", s.notes)
	}
}

// TestCountsBeforeDelivery includes every event found.
func TestCountsBeforeDelivery(t *testing.T) {
	s := newScene(t)
	s.leave(file{producer: 2, number: 1, first: 1, events: 10})
	s.leave(file{producer: 3, number: 1, first: 1, events: 10, acks: segment.Acks{Generation: 1, Written: 10, Final: true}})
	s.leave(file{producer: 4, number: 1, first: 1, events: 10, acks: segment.Acks{Generation: 1, Written: 10, Acked: segment.Ranges{{From: 1, To: 8}}}})
	s.leave(file{producer: 5, number: 1, first: 1, events: 10, stream: "t", missing: []int{5, 6}})
	s.leave(file{producer: 6, number: 1, first: 1, events: 10, change: func(h *segment.Header) { h.Group = "another" }})
	open := s.shut()
	r := s.start()
	s.eventually("requests are in flight", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce == 2 })
	c := r.Counts()
	if c.Events != 33 || c.Pending != 31 && c.Pending != 33 || c.Events != c.Delivered+c.Pending+c.Lost || c.Held == 0 {
		t.Errorf("%+v", c)
	}
	open()
	await(t, r)
	if c = r.Counts(); c.Events != 33 || c.Delivered != 31 || c.Lost != 2 || c.Damaged != 2 || c.Pending != 0 {
		t.Errorf("%+v", c)
	}
	if s.lost[account.Damaged] != 2 {
		t.Errorf("lost %v", s.lost)
	}
	s.wantReports("send segment 0000000000000006-00000001.seg: its events have another destination")
}

// TestSmallLogStreamsAreReplayedTogether uses all replayers at once.
func TestSmallLogStreamsAreReplayedTogether(t *testing.T) {
	s := newScene(t)
	for i := range uint64(20) {
		s.leave(file{producer: i + 2, number: 1, stream: fmt.Sprint("stream ", i), first: 1, events: 5})
	}
	open := s.shut()
	r := s.start()
	s.eventually("all replayers send", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce == s.cfg.MaxReplayers })
	open()
	await(t, r)
	if s.most != s.cfg.MaxReplayers || len(s.messages) != 20 {
		t.Errorf("%d requests at once, %d log streams", s.most, len(s.messages))
	}
}

// A large log stream must leave room for new events.
func TestLargeLogStreamIsReplayedAlone(t *testing.T) {
	s := newScene(t)
	s.leave(file{producer: 2, number: 1, created: 1, stream: "small", first: 1, events: 5})
	s.leave(file{producer: 3, number: 1, created: 2, stream: "large", first: 1, events: 3000, size: 1000})
	s.leave(file{producer: 4, number: 1, created: 3, stream: "behind", first: 1, events: 5})
	open := s.shut()
	r := s.start()
	s.eventually("the small log stream is sent", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce >= 1 })
	time.Sleep(50 * time.Millisecond)
	r.mu.Lock()
	replayers, bytes := len(r.replayers), r.pendingBytes()
	r.mu.Unlock()
	if replayers != 2 || bytes > shareBytes+shareBytes/8 {
		t.Errorf("%d replayers have %d bytes", replayers, bytes)
	}
	open()
	open = s.shut()
	s.eventually("the large log stream is sent", func() bool { return len(s.sent("small")) == 5 })
	time.Sleep(50 * time.Millisecond)
	r.mu.Lock()
	replayers = len(r.replayers)
	r.mu.Unlock()
	if replayers != 1 {
		t.Errorf("%d replayers while a large log stream is sent", replayers)
	}
	open()
	await(t, r)
	if got := r.Counts().Delivered; got != 3010 {
		t.Errorf("%d delivered", got)
	}
}

// TestCopiesAndOriginals delivers each event once, wherever it is, and counts only events in no
// file as damaged.
func TestCopiesAndOriginals(t *testing.T) {
	copied := func(h *segment.Header) { h.Copy = true }
	s := newScene(t)
	s.leave(file{producer: 2, number: 1, first: 1, events: 10, missing: []int{3, 4}})                 // the original
	s.leave(file{producer: 2, number: 2, first: 11, events: 5})                                       // logged meanwhile
	s.leave(file{producer: 2, number: 3, first: 3, events: 6, missing: []int{4, 5}, change: copied})  // a rescued copy
	s.leave(file{producer: 2, number: 1<<31 + 4, first: 14, events: 6, change: copied})               // copied from a hot file
	s.leave(file{producer: 2, number: 1<<31 + 5, first: 18, events: 4, change: copied, missing: nil}) // another copy
	r := s.start()
	await(t, r)
	got := s.sent("s")
	slices.Sort(got)
	var want []string
	for n := 1; n <= 21; n++ {
		if n != 4 {
			want = append(want, fmt.Sprintf("2 %d ", n))
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c := r.Counts(); c.Damaged != 1 || c.Delivered != 20 || c.Events != 21 || len(s.left()) > 0 {
		t.Errorf("%+v, left %q", c, s.left())
	}
}

// TestEmptiedSegment is reported and counted, and removed once the loss notice is delivered.
func TestEmptiedSegment(t *testing.T) {
	s := newScene(t)
	s.leave(file{producer: 2, number: 1, tail: 4096})
	s.leave(file{producer: 3, number: 1, tail: 4096, acks: segment.Acks{Generation: 1, Written: 21}})
	s.leave(file{producer: 4, number: 1, tail: 4096, change: func(h *segment.Header) { h.Grows = false }}) // created ahead, never used
	r := s.start()
	await(t, r)
	if c, want := r.Counts(), (Counts{Events: 22, Lost: 22, Damaged: 22}); c != want || s.lost[account.Damaged] != 22 || len(s.left()) > 0 {
		t.Errorf("%+v, want %+v; lost %v, left %q", c, want, s.lost, s.left())
	}
	s.wantReports("read segment 0000000000000002-00000001.seg: all of its records are lost")
}

// TestAwait returns when everything is delivered, or with the cause.
func TestAwait(t *testing.T) {
	s := newScene(t)
	s.cfg.Interval = time.Millisecond
	r := s.start()
	await(t, r) // nothing is left
	open := s.shut()
	s.leave(file{producer: 2, number: 1, first: 1, events: 5})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Await(ctx); !errors.Is(err, context.DeadlineExceeded) || r.Counts().Pending != 5 {
		t.Errorf("%v, %+v", err, r.Counts())
	}
	open()
	await(t, r)
	_ = s.shut()
	s.leave(file{producer: 3, number: 1, first: 1, events: 5})
	ended := make(chan error)
	go func() { ended <- r.Await(t.Context()) }()
	s.eventually("it is being replayed", func() bool { return r.Counts().Pending == 5 })
	r.Stop()
	if err := <-ended; !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	<-r.Done()
	if c := r.Counts(); c.Pending != 5 || len(s.left()) != 1 {
		t.Errorf("%+v, left %q", c, s.left())
	}
}

// TestFinishRunsOneMoreRound delivers segments left since the last round.
func TestFinishRunsOneMoreRound(t *testing.T) {
	s := newScene(t)
	r := s.start()
	await(t, r)
	s.leave(file{producer: 2, number: 1, first: 1, events: 5})
	first := make(chan struct{})
	r.Finish(first)
	s.eventually("it is found", func() bool { return r.Counts().Pending == 5 })
	if time.Sleep(20 * time.Millisecond); len(s.sent("s")) > 0 {
		t.Error("replayed before the program's own events")
	}
	close(first)
	<-r.Done()
	if len(s.sent("s")) != 5 || len(s.left()) > 0 {
		t.Errorf("sent %q, left %q", s.sent("s"), s.left())
	}
}

// TestFinishIgnoresLockedSegments: they belong to other processes.
func TestFinishIgnoresLockedSegments(t *testing.T) {
	s := newScene(t)
	for n := range uint32(3) {
		s.leave(file{producer: 2, number: n + 1, first: int(n)*5 + 1, events: 5})
	}
	o, err := spool.OpenOrphan(s.spool.Directory(), file{producer: 2, number: 2}.name())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Release()
	r := s.start()
	r.Finish(nil)
	<-r.Done()
	if c := r.Counts(); c != (Counts{}) || len(s.left()) != 3 {
		t.Errorf("%+v, left %q", c, s.left())
	}
	s.wantReports()
}

// A segment replayed by another process meanwhile is not waited for.
func TestSegmentReplayedByAnotherProcess(t *testing.T) {
	s := newScene(t)
	s.cfg.MaxReplayers = 1
	s.leave(file{producer: 2, number: 1, created: 1, stream: "first", first: 1, events: 5})
	for n := range uint32(3) {
		s.leave(file{producer: 3, number: n + 1, created: 2, first: int(n)*5 + 1, events: 5})
	}
	open := s.shut()
	r := s.start()
	s.eventually("the first segment is sent", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce == 1 })
	if err := os.Remove(filepath.Join(s.path, file{producer: 3, number: 2}.name())); err != nil {
		t.Fatal(err)
	}
	r.Finish(nil)
	open()
	<-r.Done()
	if c := r.Counts(); c.Pending != 0 || c.Delivered != 15 || len(s.left()) > 0 {
		t.Errorf("%+v, left %q", c, s.left())
	}
}

// TestStopLeavesEverything to the next start.
func TestStopLeavesEverything(t *testing.T) {
	s := newScene(t)
	for i := range uint64(50) {
		s.leave(file{producer: i + 2, number: 1, stream: fmt.Sprint(i % 9), first: 1, events: 100})
	}
	_ = s.shut()
	r := s.start()
	s.eventually("it is being replayed", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce > 0 })
	r.Stop()
	<-r.Done()
	if c := r.Counts(); c.Pending != 5000 || c.Events != 5000 || len(s.left()) != 50 || len(s.notes) > 0 {
		t.Errorf("%+v, %d segments left, notes %v", c, len(s.left()), s.notes)
	}
}

// TestTrimOfUndeliveredSegments frees reserved space when nothing can be sent. The next start
// changes nothing.
func TestTrimOfUndeliveredSegments(t *testing.T) {
	s := newScene(t)
	f := file{producer: 2, number: 1, first: 1, events: 21, tail: 1 << 20}
	s.leave(f)
	var before []byte
	for range 3 {
		open := s.shut()
		r := s.start()
		s.eventually("it is being replayed", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.atOnce > 0 })
		r.Stop()
		<-r.Done()
		open()
		data, err := os.ReadFile(filepath.Join(s.path, f.name()))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > segment.Start+21*64 || before != nil && !slices.Equal(data, before) {
			t.Errorf("the file has %d bytes, or was changed", len(data))
		}
		before = data
	}
}

// TestTidy counts and trims the other segments while nothing can be sent.
func TestTidy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const segments = 2*surveyTrims + 10
		s := newScene(t)
		for i := range uint64(segments) {
			s.leave(file{producer: i + 2, number: 1, stream: fmt.Sprint(i % 5), first: 1, events: 3, tail: 64 << 10})
		}
		large := func() (n int) {
			for _, name := range s.left() {
				if info, err := os.Stat(filepath.Join(s.path, name)); err != nil {
					t.Error(err)
				} else if info.Size() > 64<<10 {
					n++
				}
			}
			return n
		}
		_ = s.shut()
		r := s.start()
		synctest.Wait()
		if n := large(); n != segments-surveyTrims {
			t.Errorf("%d segments are untrimmed", n)
		}
		time.Sleep(2*tidyAfter + time.Second)
		// Segments being replayed are open. They are trimmed by the next start.
		if n, c := large(), r.Counts(); n > segments/2 || c.Pending != 3*segments {
			t.Errorf("%d segments are untrimmed, counts %+v", n, c)
		}
	})
}

// Files are locked for a moment while a program is being started. That is not reported.
func TestLockedUnreadableSegment(t *testing.T) {
	const unfinished, name = "00000000000000aa-00000001.new", "00000000000000aa-00000001.seg"
	s := newScene(t)
	dir, err := disk.OpenDir(s.path, disk.Options{AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	f, err := dir.Create(unfinished, 64<<10)
	if err == nil {
		err = f.Rename(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := newRecovery(s.cfg)
	if r.setAside(name, spool.ErrHeaderDamaged) {
		t.Error("a locked segment was set aside")
	}
	if locked := r.survey(); !slices.Equal(locked, []string{name}) {
		t.Errorf("locked: %v", locked)
	}
	if *r.about(name) != (fileState{}) || r.Counts() != (Counts{}) {
		t.Errorf("known: %+v, counts %+v", *r.about(name), r.Counts())
	}
	f.Close()
	if !r.setAside(name, spool.ErrHeaderDamaged) {
		t.Error("the segment was not set aside")
	}
	if _, err := os.Stat(filepath.Join(s.path, "00000000000000aa-00000001.bad")); err != nil || r.Counts().Held != 64<<10 {
		t.Errorf("%v, counts %+v", err, r.Counts())
	}
}

// TestRescan checks the backoff: short after a new process seems to be alive, then doubling.
func TestRescan(t *testing.T) {
	const a, b = "00000000000000aa-00000001.seg", "00000000000000bb-00000001.seg"
	backoff := newRescan()
	for i, round := range []struct {
		locked []string
		want   time.Duration
	}{
		{nil, 30 * time.Second},
		{[]string{a}, 100 * time.Millisecond},
		{[]string{a}, 200 * time.Millisecond},
		{[]string{"00000000000000aa-00000002.hot"}, 400 * time.Millisecond},
		{[]string{a, b}, 100 * time.Millisecond},
		{[]string{b}, 200 * time.Millisecond},
		{nil, 30 * time.Second},
		{[]string{b}, 30 * time.Second},
	} {
		if got := backoff.next(round.locked); got != round.want {
			t.Errorf("round %d, locked %v: %v, want %v", i, round.locked, got, round.want)
		}
	}
	for range 20 {
		backoff.next([]string{"00000000000000cc-00000001.seg"})
	}
	if backoff.interval != rescanEvery {
		t.Errorf("the interval grew to %v", backoff.interval)
	}
	backoff.soon(b)
	if got := backoff.next([]string{b}); got != rescanSoon {
		t.Errorf("interval %v, want a short one", got)
	}
}
