package sqlite_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// A full disk is told, nothing that was stored is lost, and the store goes on
// as soon as there is room again.
func TestFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	must(t, syscall.Mkdir(dir, 0o700))
	mount := func(flags uintptr, size string) error {
		return syscall.Mount("tmpfs", dir, "tmpfs", flags, "mode=0700,size="+size)
	}
	if err := mount(0, "2m"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	s := open(t, dir)
	must(t, s.CreateGroup(logstore.Group{Name: "g"}))
	must(t, s.CreateStream("g", "s", 1))
	stored := 0
	put := func() error {
		_, err := s.Append("g", "s", 1, []logstore.NewEvent{{Timestamp: int64(stored), Message: strings.Repeat("x", 50_000)}})
		if err == nil {
			stored++
		}
		return err
	}
	var err error
	for err == nil && stored < 100 {
		err = put()
	}
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("after %d events of 50 kB on a disk of 2 MB: %v", stored, err)
	}
	if err := put(); err == nil {
		t.Error("stored although the disk is full")
	}
	check := func() {
		t.Helper()
		events, err := s.Arrived("g", "s")
		must(t, err)
		stream, err := s.Stream("g", "s")
		must(t, err)
		if len(events) != stored || stream.LastNumber != int64(stored) {
			t.Fatalf("%d events are there, up to number %d; %d were stored", len(events), stream.LastNumber, stored)
		}
	}
	check()
	must(t, mount(syscall.MS_REMOUNT, "20m"))
	for range 10 {
		must(t, put())
	}
	check()
	must(t, s.Close())
	s = open(t, dir)
	check()
	must(t, s.Close()) // before the file system goes
}
