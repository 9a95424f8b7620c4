//go:build linux

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestUnsafeDir(t *testing.T) {
	for _, test := range []struct {
		name string
		root bool
		make func(path string) error
		want string // "" if it is taken
	}{
		{"private", false, func(path string) error { return os.Mkdir(path, 0o700) }, ""},
		{"readable", false, func(path string) error { return makeMode(path, 0o755) }, ""},
		{"writable by the group", false, func(path string) error { return makeMode(path, 0o770) }, "others can write"},
		{"writable by all", false, func(path string) error { return makeMode(path, 0o1777) }, "others can write"},
		{"link to a good one", false, func(path string) error {
			if err := os.Mkdir(path+".target", 0o700); err != nil {
				return err
			}
			return os.Symlink(path+".target", path)
		}, "symbolic link"},
		{"link to nothing", false, func(path string) error { return os.Symlink(path+".target", path) }, "symbolic link"},
		{"pipe", false, func(path string) error { return syscall.Mkfifo(path, 0o600) }, "not a directory"},
		{"of another user", true, func(path string) error {
			if err := os.Mkdir(path, 0o700); err != nil {
				return err
			}
			return os.Chown(path, nobody, nobody)
		}, "another user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.root {
				needRoot(t, "give a directory to another user")
			}
			path := filepath.Join(t.TempDir(), "spool")
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			d, err := OpenDir(path+"/", Options{AllowRemote: true})
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				d.Close()
				return
			}
			checkUnsafe(t, err, test.want)
		})
	}
}

func makeMode(path string, mode uint32) error {
	return errors.Join(os.Mkdir(path, 0o700), syscall.Chmod(path, mode))
}

func checkUnsafe(t *testing.T, err error, reason string) {
	t.Helper()
	var unsafe *UnsafeError
	if !errors.As(err, &unsafe) || !strings.Contains(unsafe.Reason, reason) {
		t.Errorf("%v, want *UnsafeError: %s", err, reason)
	}
}

// A user who is not root refuses what root has made as well.
func TestUserRefusesForeignDir(t *testing.T) {
	needRoot(t, "become another user")
	path := filepath.Join(sharedTemp(t), "spool")
	if err := makeMode(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := runChild(t, "refuse", path, strconv.Itoa(nobody)); !strings.Contains(got, "another user") {
		t.Errorf("it says %q", got)
	}
}

// So he does with a file that he could not open anyway: it is not just any error.
func TestUserRefusesForeignFile(t *testing.T) {
	needRoot(t, "become another user")
	path := filepath.Join(sharedTemp(t), "spool")
	if err := errors.Join(
		os.Mkdir(path, 0o700), os.Chown(path, nobody, nobody), writeMode(0o600)(filepath.Join(path, "0.seg")),
	); err != nil {
		t.Fatal(err)
	}
	if got := runChild(t, "refuse", path, strconv.Itoa(nobody)); !strings.Contains(got, "another user") {
		t.Errorf("it says %q", got)
	}
}

func TestDirMadeUnsafe(t *testing.T) {
	d := openTemp(t)
	if err := os.Chmod(d.Path(), 0o777); err != nil {
		t.Fatal(err)
	}
	checkUnsafe(t, d.Intact(), "others can write")
}

func TestUnsafeFile(t *testing.T) {
	for _, test := range []struct {
		name string
		root bool
		make func(path string) error
		want string
	}{
		{"private", false, writeMode(0o600), ""},
		{"readable by the group", false, writeMode(0o640), "others can open"},
		{"writable by others", false, writeMode(0o602), "others can open"},
		{"executable by others", false, writeMode(0o601), "others can open"},
		{"hard link", false, func(path string) error {
			return errors.Join(writeMode(0o600)(path), os.Link(path, path+".link"))
		}, "more than one name"},
		{"link to a good one", false, func(path string) error {
			return errors.Join(writeMode(0o600)(path+".target"), os.Symlink(filepath.Base(path)+".target", path))
		}, "not a regular file"},
		{"link out of the directory", false, func(path string) error {
			return os.Symlink("/etc/passwd", path)
		}, "not a regular file"},
		{"pipe", false, func(path string) error { return syscall.Mkfifo(path, 0o600) }, "not a regular file"},
		{"directory", false, func(path string) error { return os.Mkdir(path, 0o700) }, "not a regular file"},
		{"of another user", true, func(path string) error {
			return errors.Join(writeMode(0o600)(path), os.Chown(path, nobody, nobody))
		}, "another user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.root {
				needRoot(t, "give a file to another user")
			}
			d := openTemp(t)
			if err := test.make(filepath.Join(d.Path(), "0.seg")); err != nil {
				t.Fatal(err)
			}
			f, err := d.Open("0.seg")
			if test.want != "" {
				checkUnsafe(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			} else {
				f.Close()
			}
			// Whatever it is, it is not created over.
			if _, err := d.Create("0.seg", 1); !errors.Is(err, os.ErrExist) {
				t.Errorf("Create in its place: %v, want fs.ErrExist", err)
			}
		})
	}
}

func writeMode(mode os.FileMode) func(string) error {
	return func(path string) error {
		return errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Chmod(path, mode))
	}
}

// What happens between the look at a file and its opening is noticed.
func TestChangedWhileOpened(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"link", func(path string) error {
			return errors.Join(os.Rename(path, path+".moved"), writeMode(0o600)(path+".target"),
				os.Symlink(filepath.Base(path)+".target", path))
		}, "replaced"},
		{"other file", func(path string) error {
			return errors.Join(os.Rename(path, path+".moved"), writeMode(0o600)(path))
		}, "replaced"},
		{"mode", func(path string) error { return os.Chmod(path, 0o644) }, "others can open"},
		{"hard link", func(path string) error { return os.Link(path, path+".link") }, "more than one name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openTemp(t)
			create(t, d, "0.seg", 1).Close()
			seen, err := d.root.Lstat("0.seg")
			if err != nil {
				t.Fatal(err)
			}
			if err := test.change(filepath.Join(d.Path(), "0.seg")); err != nil {
				t.Fatal(err)
			}
			f, err := d.openSeen("0.seg", seen)
			if test.want != "" {
				checkUnsafe(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			} else {
				f.Close()
			}
		})
	}
}
