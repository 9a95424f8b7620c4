package recovery

import (
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestHotFilesThatCannotBeMoved checks that their events are counted as pending, and sent when
// there is room.
func TestHotFilesThatCannotBeMoved(t *testing.T) {
	ram := filepath.Join(t.TempDir(), "ram")
	hot, err := spool.OnDisk(ram, func() (*disk.Dir, error) { return disk.OpenDir(ram, disk.Options{AllowRemote: true}) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	var full atomic.Bool
	full.Store(true)
	s := newSceneWith(t, func(c *spool.Config) {
		c.HotLeftovers = hot
		c.Dir = sometimesFull{c.Dir, &full}
	})
	f := file{producer: 2, number: 1, first: 1, events: 10, change: func(h *segment.Header) { h.Hot, h.Grows = true, false }}
	s.leave(f)
	if err := os.Rename(filepath.Join(s.path, f.name()), filepath.Join(ram, "0000000000000002-00000001.hot")); err != nil {
		t.Fatal(err)
	}
	r := newRecovery(s.cfg)
	r.round()
	if c, want := r.Counts(), (Counts{Events: 10, Pending: 10}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	full.Store(false)
	r.round()
	if c, want := r.Counts(), (Counts{Events: 10, Delivered: 10}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := "recover spool: move hot files to disk: the spool has reached MaxBytes"; !slices.Contains(s.reports, want) {
		t.Errorf("reports %q, want %q", s.reports, want)
	}
}

// sometimesFull is a directory in which creating files fails for a while.
type sometimesFull struct {
	spool.Directory
	full *atomic.Bool
}

func (d sometimesFull) Create(name string, size int64) (spool.File, error) {
	if d.full.Load() {
		return nil, spool.ErrFull
	}
	return d.Directory.Create(name, size)
}

func (r *Recovery) round() {
	r.survey()
	r.replay()
}
