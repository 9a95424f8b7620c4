//go:build linux

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mount mounts a RAM file system.
func mount(t *testing.T, kind, options string) *Dir {
	t.Helper()
	needRoot(t, "mount a file system")
	path := t.TempDir()
	err := unix.Mount(kind, path, kind, 0, options+"mode=0700")
	if errors.Is(err, unix.EPERM) {
		t.Skip("this container may not mount file systems")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return openDir(t, path)
}

func TestFullFileSystem(t *testing.T) {
	const pages = 16
	d := mount(t, "tmpfs", "size=65536,")
	if d.FileSystem() != RAM {
		t.Fatalf("tmpfs is %v", d.FileSystem())
	}
	before, total, err := d.Space()
	if err != nil || total != pages*4096 {
		t.Fatalf("Space() = %d, %d, %v", before, total, err)
	}

	// What does not fit leaves nothing behind.
	if _, err := d.Create("0.seg", pages*4096+1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create of more than there is: %v, want ENOSPC", err)
	}
	if after, _, _ := d.Space(); len(names(t, d)) > 0 || after != before {
		t.Errorf("it left %v; %d bytes free, were %d", names(t, d), after, before)
	}

	// What was reserved is there, whoever takes the rest.
	f := create(t, d, "1.seg", 4*4096)
	defer f.Close()
	if free, _, err := d.Space(); free != (pages-4)*4096 || err != nil {
		t.Errorf("after reserving 4 pages of %d, %d bytes are free, %v", pages, free, err)
	}
	filler := filepath.Join(d.Path(), "filler")
	if err := os.WriteFile(filler, make([]byte, pages*4096), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling: %v, want ENOSPC", err)
	}
	if n, err := f.WriteAt(make([]byte, 4*4096), 0); n != 4*4096 || err != nil {
		t.Errorf("WriteAt into what was reserved: %d, %v", n, err)
	}
	if n, err := f.WriteAt(make([]byte, 8), 4*4096); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("WriteAt behind what was reserved: %d, %v, want ENOSPC", n, err)
	}
}

// Reserving more than there is on a file system with real blocks: ext4 keeps
// what it found, unless the file is deleted.
func TestNothingIsLeftOnDisk(t *testing.T) {
	d := openTemp(t)
	free, _, err := d.Space()
	if err != nil {
		t.Fatal(err)
	}
	if d.FileSystem() != Local || free > 1<<40 {
		t.Skip("the temporary directory is not on a disk of this machine")
	}
	_, err = d.Create("0.seg", 1<<60) // more than ext4 and xfs can address or have
	if !errors.Is(err, syscall.EFBIG) && !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create: %v, want EFBIG or ENOSPC", err)
	}
	if left := names(t, d); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestSpaceIsReserved(t *testing.T) {
	const size = 1 << 20
	d := openTemp(t)
	probe, err := os.Create(filepath.Join(t.TempDir(), "probe"))
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	if err := unix.Fallocate(int(probe.Fd()), 0, 0, size); err != nil {
		t.Skipf("the file system of the temporary directory cannot reserve: %v", err)
	}
	f := create(t, d, "0.seg", size)
	defer f.Close()
	entries, err := d.List()
	if err != nil || len(entries) != 1 || entries[0].Bytes < size {
		t.Errorf("List() = %v, %v, want %d bytes allocated", entries, err, size)
	}
}

// A file system that cannot reserve: the file has its size all the same.
func TestCreateWithoutReserving(t *testing.T) {
	d := mount(t, "ramfs", "")
	if d.FileSystem() != RAM {
		t.Errorf("ramfs is %v", d.FileSystem())
	}
	f := create(t, d, "0.hot", 8192)
	defer f.Close()
	m, err := Map(f, 8192)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Write(8000, []byte("event")); err != nil {
		t.Error(err)
	}
	checkContent(t, f, 8000, "event\x00")
}
