package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// FindHot makes nothing, and finds what OpenHotIn has made.
func TestFindHot(t *testing.T) {
	path, ram := filepath.Join(t.TempDir(), "spool"), t.TempDir()
	dir, err := disk.OpenDir(path, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	notThere := func(when string) {
		t.Helper()
		if hot, err := disk.FindHot(dir, ram); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: found %v, error %v", when, hot, err)
		}
	}
	notThere("without an id")
	for _, name := range []string{path, ram} {
		if entries, err := os.ReadDir(name); err != nil || len(entries) > 0 {
			t.Errorf("there is %v in %s", entries, name)
		}
	}
	id := filepath.Join(path, "id")
	for _, text := range []string{"", "0123", "../../../../etc/"} {
		if err := os.WriteFile(id, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		notThere("with the id " + text)
	}
	if err := os.WriteFile(id, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if hot, err := disk.FindHot(dir, ram); !errors.Is(err, disk.ErrGone) {
		t.Errorf("without a directory: found %v, error %v", hot, err)
	}
	if entries, _ := os.ReadDir(ram); len(entries) > 0 {
		t.Errorf("made %v", entries)
	}

	made, err := disk.OpenHotIn(dir, "/dev/shm")
	if err != nil {
		t.Skipf("no RAM file system at /dev/shm: %v", err)
	}
	defer os.Remove(made.Path())
	defer made.Close()
	found, err := disk.FindHot(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	if found.Path() != made.Path() {
		t.Errorf("found %s, want %s", found.Path(), made.Path())
	}
}
