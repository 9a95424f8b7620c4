package cloudwatch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

func TestSpoolDefaults(t *testing.T) {
	s, err := newSettings("g", &Options{Spool: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	want := SpoolOptions{MaxBytes: 1 << 30, MaxStall: time.Second, SyncEvery: time.Second, SpillAfter: 10 * time.Second}
	if s.SpoolOptions != want {
		t.Errorf("got %+v, want %+v", s.SpoolOptions, want)
	}
	given := SpoolOptions{MaxBytes: 32 << 20, MinFree: -1, MaxStall: 1, SyncEvery: 2, SpillAfter: 3, Direct: true, RAM: "r", AllowRemote: true}
	if s, err = newSettings("g", &Options{Spool: "logs", SpoolOptions: given}); err != nil || s.SpoolOptions != given {
		t.Errorf("got %+v and %v, want what was given", s.SpoolOptions, err)
	}
}

func TestSpoolSettings(t *testing.T) {
	for wrong, opts := range map[string]Options{
		"Spool is empty": {SpoolOptions: SpoolOptions{Direct: true}},
		"MaxBytes":       {Spool: "logs", SpoolOptions: SpoolOptions{MaxBytes: 32<<20 - 1}},
		"MinFree":        {Spool: "logs", SpoolOptions: SpoolOptions{MinFree: -2}},
		"negative time":  {Spool: "logs", SpoolOptions: SpoolOptions{SyncEvery: -1}},
	} {
		if _, err := newSettings("g", &opts); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%+v: %v, want an error about %q", opts.SpoolOptions, err, wrong)
		}
	}
}

// TestRecoveryRhythm: where a process seems to live that was not known before, the spool
// is searched again soon, then less and less often.
func TestRecoveryRhythm(t *testing.T) {
	const a, b = "00000000000000aa-00000001.seg", "00000000000000bb-00000001.seg"
	look := rhythm{recoverEvery, make(map[string]bool)}
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
		if got := look.next(round.locked); got != round.want {
			t.Errorf("round %d, locked %v: %v, want %v", i, round.locked, got, round.want)
		}
	}
	for range 20 {
		look.next([]string{"00000000000000cc-00000001.seg"})
	}
	if look.pause != recoverEvery {
		t.Errorf("the pause grows to %v", look.pause)
	}
	look.soon(b)
	if got := look.next([]string{b}); got != recoverSoon {
		t.Errorf("%v, want it soon", got)
	}
}

// TestUnreadableSegmentThatIsLocked just now, as all files are while a program is being
// started: that passes, and nobody is told.
func TestUnreadableSegmentThatIsLocked(t *testing.T) {
	const unfinished, name = "00000000000000aa-00000001.new", "00000000000000aa-00000001.seg"
	h, err := NewHandler("g", &Options{
		AccessID: "AK", AccessKey: "s", Region: "us-east-1", Endpoint: "http://127.0.0.1:1",
		Spool: filepath.Join(t.TempDir(), "spool"), SpoolOptions: SpoolOptions{Direct: true, MinFree: -1, AllowRemote: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	dir, err := disk.OpenDir(h.settings.Spool, disk.Options{AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	f, err := dir.Create(unfinished, 64<<10)
	if err == nil {
		err = f.Rename(name) // not before it is locked, or the handler's own recovery would find it
	}
	if err != nil {
		t.Fatal(err)
	}
	r := newRecovery(h.pipeline, destination{})
	if r.setAside(name, spool.ErrHeader) {
		t.Error("it was set aside although it is locked")
	}
	if locked := r.process([]string{name, "00000000000000aa-00000002.seg"}); !slices.Equal(locked, []string{name}) {
		t.Errorf("locked: %v", locked)
	}
	if len(r.known) > 0 || r.counts() != (Recovered{}) {
		t.Errorf("told of %v, counts %+v", r.known, r.counts())
	}
	f.Close()
	if !r.setAside(name, spool.ErrHeader) {
		t.Error("it was not set aside")
	}
	if _, err := os.Stat(filepath.Join(h.settings.Spool, "00000000000000aa-00000001.bad")); err != nil || r.counts().Held != 64<<10 {
		t.Errorf("%v, counts %+v", err, r.counts())
	}
}
