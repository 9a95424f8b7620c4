package spool_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const repairName = "00000000000000aa-00000007.seg"

var mendHeader = segment.Header{
	ID: 1 << 40, Producer: 0xaa, Number: 7, Created: time.UnixMilli(1763812800000).UTC(),
	Region: "eu-central-1", Group: "group", Stream: "stream",
}

// repairDir has a segment with three events, the first of them acknowledged.
func repairDir(t *testing.T, name string, damage func([]byte)) *disk.Dir {
	t.Helper()
	page, err := mendHeader.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b := append(page, make([]byte, segment.AcksBytes)...)
	acks := segment.Acks{Generation: 1, Written: 3, Acked: segment.Ranges{{From: 1, To: 2}}}
	copy(b[segment.SlotOffset(1):], acks.EncodeSlot(mendHeader.ID))
	for seq := uint64(1); seq <= 3; seq++ {
		b = segment.AppendRecord(b, mendHeader.ID, int64(len(b)), uint32(seq), segment.Record{Seq: seq, Payload: []byte("text")})
	}
	if damage != nil {
		damage(b)
	}
	dir, err := disk.OpenDir(filepath.Join(t.TempDir(), "spool"), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir.Path(), name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// wantWhole checks that the file is a segment with two pending events.
func wantWhole(t *testing.T, dir *disk.Dir, name string, group string) {
	t.Helper()
	v, err := spool.Inspect(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	found, err := v.Scan(func(segment.Record, bool) bool { return true })
	if err != nil || found.Records != 3 || found.Acked != 1 || found.Lost != 0 {
		t.Errorf("found %+v, error %v", found, err)
	}
	if h := v.Header; v.Copies != 2 || h.Group != group || h.Producer != 0xaa || h.Number != 7 {
		t.Errorf("%d copies of the header %+v", v.Copies, h)
	}
}

func TestRepair(t *testing.T) {
	const half = segment.HeaderBytes / 2
	change := func(h *segment.Header) { h.Group = "other" }
	for name, damage := range map[string]func([]byte){
		"intact":      nil,
		"first copy":  func(b []byte) { b[30] ^= 1 },
		"second copy": func(b []byte) { b[half+30] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			dir := repairDir(t, repairName, damage)
			if err := spool.Repair(dir, repairName, change); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, dir, repairName, "other")
		})
	}
}

func TestRebuild(t *testing.T) {
	bad := repairName[:len(repairName)-len(".seg")] + ".bad"
	lost := func(b []byte) { clear(b[:segment.HeaderBytes]) }
	to := segment.Header{Region: "r", Group: "other", Stream: "s"}
	for _, name := range []string{repairName, bad} {
		dir := repairDir(t, name, lost)
		if err := spool.Rebuild(dir, name, to); err != nil {
			t.Fatal(err)
		}
		wantWhole(t, dir, repairName, "other")
	}
	for name, test := range map[string]struct {
		file   string
		damage func([]byte)
		to     segment.Header
		want   error
	}{
		"no destination": {repairName, lost, segment.Header{}, spool.ErrNoDestination},
		"single record":  {repairName, func(b []byte) { lost(b); clear(b[segment.Start+40:]) }, to, spool.ErrUnverifiable},
		"nothing":        {repairName, func(b []byte) { clear(b) }, to, spool.ErrUnverifiable},
		"hot":            {"00000000000000aa-00000007.hot", lost, to, spool.ErrUnverifiable},
		"foreign name":   {"what.seg", lost, to, spool.ErrUnverifiable},
	} {
		if err := spool.Rebuild(repairDir(t, test.file, test.damage), test.file, test.to); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if err := spool.Rebuild(repairDir(t, repairName, nil), repairName, to); err == nil {
		t.Error("rebuilt a header that was not lost")
	}
}

// Files of a living process and existing files of the same name are left alone.
func TestRepairLeavesOtherFilesAlone(t *testing.T) {
	dir := repairDir(t, repairName, nil)
	owner, err := dir.Open(repairName)
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"Mend":    func() error { return spool.Repair(dir, repairName, func(h *segment.Header) { h.Group = "other" }) },
		"Rebuild": func() error { return spool.Rebuild(dir, repairName, mendHeader) },
		"Delete":  func() error { return spool.Delete(dir, repairName) },
	} {
		if err := do(); !errors.Is(err, disk.ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantWhole(t, dir, repairName, "group")
	_ = owner.Close()

	bad := repairName[:len(repairName)-len(".seg")] + ".bad"
	both := repairDir(t, bad, nil)
	if err := os.WriteFile(filepath.Join(both.Path(), repairName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := spool.Repair(both, bad, func(*segment.Header) {}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("rename over a file: %v", err)
	}
	if err := spool.Delete(both, repairName); err != nil {
		t.Error(err)
	}
	if err := spool.Repair(both, bad, func(*segment.Header) {}); err != nil {
		t.Error(err)
	}
	wantWhole(t, both, repairName, "group")
}
