package recovery

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// leaveLong creates a file that is only partly read.
func (s *scene) leaveLong(f file) {
	s.Helper()
	s.leave(f)
	if err := os.Truncate(filepath.Join(s.path, f.name()), segment.MaxFileBytes+4096); err != nil {
		s.Fatal(err)
	}
}

// TestUnreadableEventsAreLostOnce although the segment stays and is read in each round.
func TestUnreadableEventsAreLostOnce(t *testing.T) {
	s := newScene(t)
	s.leaveLong(file{producer: 2, number: 1, first: 1, events: 10, missing: []int{3, 4}})
	r := s.start()
	for range 3 {
		await(t, r)
	}
	r.Finish(nil)
	<-r.Done()
	if c, want := r.Counts(), (Counts{Events: 10, Delivered: 8, Lost: 2, Damaged: 2}); c != want || s.lost[account.Damaged] != 2 || len(s.left()) != 1 {
		t.Errorf("%+v, want %+v; lost %v, left %q", c, want, s.lost, s.left())
	}
	s.wantReports("read segment 0000000000000002-00000001.seg: file is larger than any segment")
}

// TestUnreadableSegmentIsNotKeptOpen: a wait for fewer open segments must not wait for one that
// stays.
func TestUnreadableSegmentIsNotKeptOpen(t *testing.T) {
	s := newScene(t)
	f := file{producer: 2, number: 1, first: 1, events: 10}
	s.leaveLong(f)
	r := newRecovery(s.cfg)
	l := newReplayer(r, "s")
	o, state, err := r.openSegment(l, &leftover{name: f.name()})
	if state != opened {
		t.Fatal(state, err)
	}
	l.feed(o, 0)
	watch := time.AfterFunc(10*time.Second, r.Stop)
	defer watch.Stop()
	if !r.relieve(l, 0) {
		t.Errorf("%d segments are open", l.open())
	}
	l.end()
	<-l.ended
	if got := s.sent("s"); len(got) != 10 || len(s.left()) != 1 {
		t.Errorf("sent %q, left %q", got, s.left())
	}
}
