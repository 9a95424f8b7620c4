package spool_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// The test file system must itself keep and lose the right data.

func newTestFS() *memFS { return newFS(rand.New(rand.NewPCG(1, 2)), false) }

// Synced data stays, and anything else may be lost.
func TestMemFSPowerCut(t *testing.T) {
	kept := make(map[byte]int) // contents of a sector that was overwritten and not synced
	names := make(map[int]int) // how many of two files exist that were created and not synced
	for range 200 {
		f := newTestFS()
		f.rng = rand.New(rand.NewPCG(rand.Uint64(), 0))
		d := f.open(newProcess())
		file, err := d.Create("a", 4*sector)
		if err != nil {
			t.Fatal(err)
		}
		write := func(b byte, off int64) {
			if _, err := file.WriteAt(bytes.Repeat([]byte{b}, sector), off); err != nil {
				t.Fatal(err)
			}
		}
		write(1, 0)
		write(1, sector)
		file.Sync()
		d.Sync()
		write(2, sector)
		d.Create("b", 10)
		d.Create("c", 10)
		f.powerCut()
		data := f.read("a")
		if data[0] != 1 || data[2*sector] != 0 || len(data) != 4*sector {
			t.Fatalf("the synced data is %v", data)
		}
		kept[data[sector]]++
		names[len(f.names(""))-1]++
		if _, err := f.open(newProcess()).Open("a"); err != nil {
			t.Fatalf("the lock has survived: %v", err)
		}
	}
	if kept[1] < 50 || kept[2] < 50 || kept[1]+kept[2] < 200 {
		t.Errorf("an overwritten sector has %v", kept)
	}
	if names[0] < 50 || names[1] < 5 || names[2] < 5 {
		t.Errorf("number of two new files found: %v", names)
	}
}

// TestMemFSFailedSync checks that the next sync succeeds although earlier writes never reach
// the medium.
func TestMemFSFailedSync(t *testing.T) {
	f := newTestFS()
	d := f.open(newProcess())
	file, _ := d.Create("a", 2*sector)
	file.Sync()
	d.Sync()
	file.WriteAt([]byte{1}, 0)
	f.inject(fault{op: "sync", err: errBroken, once: true})
	if err := file.Sync(); !errors.Is(err, errBroken) {
		t.Errorf("the first sync: %v", err)
	}
	if err := file.Sync(); err != nil {
		t.Errorf("the second sync: %v", err)
	}
	if len(f.errs) != 1 {
		t.Errorf("violation not detected: %v", f.errs)
	}
	if got := f.read("a"); got[0] != 1 {
		t.Error("processes no longer see the data")
	}
	if f.powerCut(); f.read("a")[0] != 0 {
		t.Error("the data has reached the medium")
	}
}

// Writes of a killed process stay, later ones have no effect, and its locks are released.
func TestMemFSKill(t *testing.T) {
	f := newTestFS()
	p := newProcess()
	d := f.open(p)
	file, _ := d.Create("a", 2*sector)
	other := f.open(newProcess())
	if _, err := other.Open("a"); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("opened by another process: %v", err)
	}
	file.WriteAt([]byte("written"), 0)
	p.killAfter(0)
	file.WriteAt(bytes.Repeat([]byte("x"), sector), sector)
	if !p.isDead() {
		t.Error("the process is alive")
	}
	file.WriteAt([]byte("too late"), 0)
	if _, err := d.Create("b", 1); !errors.Is(err, errDead) || d.Remove("a") == nil || file.Rename("b") == nil {
		t.Errorf("a dead process changed files: %v", err)
	}
	if data := f.read("a"); !bytes.HasPrefix(data, []byte("written\x00")) {
		t.Errorf("the file has %q", data)
	}
	if _, err := other.Open("a"); err != nil {
		t.Errorf("opened by another process: %v", err)
	}
}

// TestMemFSMeddling checks that changed files are detected.
func TestMemFSMeddling(t *testing.T) {
	for _, row := range []struct {
		do   func(f *memFS)
		want error
	}{
		{func(f *memFS) {}, nil},
		{func(f *memFS) { f.unlink("a") }, disk.ErrGone},
		{func(f *memFS) { f.replace("a", []byte("other")) }, disk.ErrReplaced},
		{func(f *memFS) { f.truncate("a", 5) }, disk.ErrTruncated},
		{func(f *memFS) { f.removeDir() }, disk.ErrGone},
	} {
		f := newTestFS()
		d := f.open(newProcess())
		file, _ := d.Create("a", 10)
		m, _ := file.Map(10)
		row.do(f)
		if err := file.Intact(); !errors.Is(err, row.want) {
			t.Errorf("got %v, want %v", err, row.want)
		}
		if err := m.Write(2, []byte("12345678")); errors.Is(err, disk.ErrFault) != (row.want == disk.ErrTruncated) {
			t.Errorf("%v: store into the mapping: %v", row.want, err)
		}
		if row.want == disk.ErrGone && len(f.names("")) == 0 {
			if _, err := d.Open("a"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("opened again: %v", err)
			}
			if f.dir != nil {
				f.removeDir()
			}
			for _, want := range []error{disk.ErrGone, nil} {
				if gone, err := d.Renew(); gone != want || err != nil {
					t.Errorf("renewed: %v, %v; want %v", gone, err, want)
				}
			}
			if _, err := d.Create("b", 1); err != nil {
				t.Errorf("after Renew: %v", err)
			}
		}
	}
}

// TestMemFSLimit checks that a full file system accepts what fits.
func TestMemFSLimit(t *testing.T) {
	f := newTestFS()
	f.capacity = 20
	d := f.open(newProcess())
	file, _ := d.Create("a", 10)
	if _, err := d.Create("b", 11); !errors.Is(err, errNoSpace) || len(f.names("")) != 1 {
		t.Errorf("got %v, files %v", err, f.names(""))
	}
	if n, err := file.WriteAt(make([]byte, 20), 5); n != 15 || !errors.Is(err, errNoSpace) {
		t.Errorf("%d bytes were written, %v", n, err)
	}
	if free, total, _ := d.Space(); free != 0 || total != 20 {
		t.Errorf("%d of %d are free", free, total)
	}
}
