//go:build linux

package spooltest_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What the rows of the spool matrix need of the system. Most of it only root may do.
// Debian's package for mkfs.ext4 is e2fsprogs.

const nobody = 65534

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can do what this test needs: mount file systems, or start programs of other users")
	}
}

// mount mounts a file system until the test ends.
func mount(t *testing.T, source, kind, options string) (path string) {
	t.Helper()
	needRoot(t)
	path = filepath.Join(t.TempDir(), "mounted")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	err := mountAt(source, path, kind, options)
	switch {
	case errors.Is(err, unix.EPERM):
		t.Skip("this container may not mount file systems")
	case errors.Is(err, unix.ENODEV):
		t.Skipf("this kernel has no %s", kind)
	case err != nil:
		t.Fatalf("mount %s: %v", kind, err)
	}
	t.Cleanup(func() { unmount(t, path) })
	return path
}

func mountAt(source, path, kind, options string) error {
	return unix.Mount(source, path, kind, 0, options)
}

// unmount waits for those who still use the file system.
func unmount(t *testing.T, path string) {
	t.Helper()
	var err error
	for range 500 {
		if err = unix.Unmount(path, 0); !errors.Is(err, unix.EBUSY) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("unmount: %v", err)
		_ = unix.Unmount(path, unix.MNT_DETACH)
	}
}

// mountTmpfs mounts a RAM file system of a size.
func mountTmpfs(t *testing.T, bytes int64) (path string) {
	t.Helper()
	return mount(t, "tmpfs", "tmpfs", fmt.Sprintf("size=%d,mode=0700", bytes))
}

// ext4 is a file system in a file.
type ext4 struct {
	path   string // where it is mounted
	image  string
	device string // such as loop3
}

// newExt4 makes and mounts one.
func newExt4(t *testing.T, bytes int64, mkfs ...string) *ext4 {
	t.Helper()
	return newExt4In(t, t.TempDir(), bytes, "", mkfs...)
}

// newExt4In makes one in a file in a directory, and mounts it with the options.
func newExt4In(t *testing.T, dir string, bytes int64, options string, mkfs ...string) *ext4 {
	t.Helper()
	needRoot(t)
	tool, err := exec.LookPath("mkfs.ext4")
	if err != nil {
		if tool, err = exec.LookPath("/sbin/mkfs.ext4"); err != nil {
			t.Skip("there is no mkfs.ext4: install e2fsprogs")
		}
	}
	image := filepath.Join(dir, "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, bytes); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"}, mkfs...)
	if out, err := exec.Command(tool, append(args, image)...).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	return mountImage(t, image, options)
}

// mountImage mounts the file system in a file.
func mountImage(t *testing.T, image, options string) *ext4 {
	t.Helper()
	loop := attach(t, image)
	path := mount(t, loop.Name(), "ext4", options)
	_ = loop.Close() // it is given back when nothing is mounted any more
	if err := os.Chmod(path, 0o700); err != nil && !errors.Is(err, syscall.EROFS) {
		t.Fatal(err)
	}
	return &ext4{path, image, filepath.Base(loop.Name())}
}

// newBtrfs makes a btrfs in a file and mounts it. It returns the path of a subvolume, and
// a function that sets its quota, in bytes.
func newBtrfs(t *testing.T) (path string, quota func(limit string)) {
	t.Helper()
	needRoot(t)
	for _, tool := range []string{"mkfs.btrfs", "btrfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s: install btrfs-progs", tool)
		}
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 256*mib); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, args, err, out)
		}
	}
	run("mkfs.btrfs", "-q", image)
	loop := attach(t, image)
	top := mount(t, loop.Name(), "btrfs", "")
	_ = loop.Close() // it is given back when nothing is mounted any more
	run("btrfs", "quota", "enable", top)
	path = filepath.Join(top, "spool")
	run("btrfs", "subvolume", "create", path)
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path, func(limit string) { t.Helper(); run("btrfs", "qgroup", "limit", limit, path) }
}

// attach makes a loop device of a file.
func attach(t *testing.T, image string) *os.File {
	t.Helper()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no loop devices: %v", err)
	}
	defer control.Close()
	file, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 100 {
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Skipf("no free loop device: %v", err)
		}
		device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("no loop devices here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &unix.LoopConfig{
			Fd:   uint32(file.Fd()),
			Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR},
		})
		if err == nil {
			return device
		}
		_ = device.Close()
		if !errors.Is(err, unix.EBUSY) { // somebody else was faster
			t.Fatalf("set up loop device: %v", err)
		}
	}
	t.Skip("loop devices are always taken by others")
	return nil
}

// freeze lets nothing be written to a file system until thaw is called, or the test
// ends.
func freeze(t *testing.T, e *ext4) (thaw func()) {
	t.Helper()
	root, err := os.Open(e.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(root.Fd()), fifreeze, 0); err != nil {
		_ = root.Close()
		t.Fatalf("freeze: %v", err)
	}
	thaw = sync.OnceFunc(func() {
		if err := unix.IoctlSetInt(int(root.Fd()), fithaw, 0); err != nil {
			t.Errorf("thaw: %v", err)
		}
		_ = root.Close()
	})
	t.Cleanup(thaw)
	return thaw
}

// From linux/fs.h.
const (
	fifreeze = 0xC0045877
	fithaw   = 0xC0045878
)

// fill takes all space that is left but for so much. The function it returns gives it
// back.
func fill(t *testing.T, dir string, left int64) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece, end := int64(1<<20), int64(0); piece >= 4096; {
		if free := freeSpace(t, dir); free-piece < left {
			piece /= 2
			continue
		}
		if err := unix.Fallocate(int(f.Fd()), 0, end, piece); err != nil {
			if !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
			piece /= 2
			continue
		}
		end += piece
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func freeSpace(t *testing.T, dir string) int64 {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bfree) * int64(st.Bsize)
}

// usedBy adds up the sizes of all files in a directory, and what the file system has
// allocated for them.
func usedBy(dir string) (used, allocated int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			used += info.Size()
			allocated += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return used, allocated
}

// sharedMemory is a directory on a RAM file system.
func sharedMemory(t *testing.T) string {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &st); err != nil || st.Type != unix.TMPFS_MAGIC {
		t.Skip("/dev/shm is not a RAM file system")
	}
	dir, err := os.MkdirTemp("/dev/shm", "spoolmatrix-")
	if err != nil {
		t.Skipf("/dev/shm is not for us: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
