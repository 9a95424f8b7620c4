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

// Whoever can write to a parent can replace the directory.
func TestUnsafeParents(t *testing.T) {
	for _, test := range []struct {
		name string
		root bool
		make func(top string) error // top/parent
		path string                 // below top; parent/spool if empty
		want string                 // reason, "" if it is taken
		help string
	}{
		{name: "readable by others", make: func(top string) error { return makeMode(top+"/parent", 0o755) }},
		{name: "writable by all", make: func(top string) error { return makeMode(top+"/parent", 0o777) }, want: "others can write to it", help: "chmod go-w TOP/parent"},
		{name: "writable by the group", make: func(top string) error { return makeMode(top+"/parent", 0o775) }, want: "others can write to it", help: "chmod go-w TOP/parent"},
		{name: "sticky", make: func(top string) error { return makeMode(top+"/parent", 0o1777) }},
		{name: "sticky, with a directory of another user", root: true, make: func(top string) error {
			return errors.Join(makeMode(top+"/parent", 0o1777), makeMode(top+"/parent/of", 0o755), os.Chown(top+"/parent/of", nobody, nobody))
		}, path: "parent/of/spool", want: "another user", help: "chown"},
		{name: "of another user", root: true, make: func(top string) error {
			return errors.Join(makeMode(top+"/parent", 0o755), os.Chown(top+"/parent", nobody, nobody))
		}, want: "its owner (uid 65534) could replace", help: "choose a directory below"},
		{name: "further up", make: func(top string) error {
			return errors.Join(makeMode(top+"/parent", 0o777), makeMode(top+"/parent/a", 0o755), makeMode(top+"/parent/a/b", 0o755))
		}, path: "parent/a/b/spool", want: "others can write to it", help: "chmod go-w TOP/parent"},
		{name: "nobody else gets there", make: func(top string) error {
			return errors.Join(makeMode(top+"/closed", 0o700), makeMode(top+"/closed/parent", 0o777))
		}, path: "closed/parent/spool"},
		{name: "link to a good one", make: func(top string) error {
			return errors.Join(makeMode(top+"/real", 0o755), os.Symlink("real", top+"/parent"))
		}},
		{name: "link to a bad one", make: func(top string) error {
			return errors.Join(makeMode(top+"/real", 0o777), makeMode(top+"/real/dir", 0o755), os.Symlink(top+"/real/dir", top+"/parent"))
		}, want: "others can write to it", help: "chmod go-w TOP/real"},
		{name: "link back and forth", make: func(top string) error {
			return errors.Join(makeMode(top+"/bad", 0o777), makeMode(top+"/a", 0o755), os.Symlink("../bad/./../bad", top+"/a/link"), os.Symlink("a/link", top+"/parent"))
		}, want: "others can write to it", help: "chmod go-w TOP/bad"},
		{name: "link of another user in a sticky one", root: true, make: func(top string) error {
			return errors.Join(makeMode(top+"/parent", 0o1777), makeMode(top+"/good", 0o755),
				os.Symlink(top+"/good", top+"/parent/link"), os.Lchown(top+"/parent/link", nobody, nobody))
		}, path: "parent/link/spool", want: "another user", help: "chown"},
		{name: "from a link nobody else reaches to one that all can write to", make: func(top string) error {
			return errors.Join(makeMode(top+"/bad", 0o777), makeMode(top+"/closed", 0o700), os.Symlink("../bad", top+"/closed/link"))
		}, path: "closed/link/spool", want: "others can write to it", help: "chmod go-w TOP/bad"},
	} {
		for _, made := range []bool{false, true} {
			t.Run(test.name+", made "+strconv.FormatBool(made), func(t *testing.T) {
				if test.root {
					needRoot(t, "give a directory to another user")
				}
				top := openTop(t)
				if err := test.make(top); err != nil {
					t.Fatal(err)
				}
				path := test.path
				if path == "" {
					path = "parent/spool"
				}
				path = filepath.Join(top, path)
				if made {
					if err := os.Mkdir(path, 0o700); err != nil {
						t.Fatal(err)
					}
				}
				d, err := OpenDir(path, Options{AllowRemote: true})
				if test.want != "" {
					checkUnsafe(t, err, test.want)
					if help := strings.ReplaceAll(test.help, "TOP", top); err == nil || !strings.Contains(err.Error(), help) {
						t.Errorf("%v, want help: %s", err, help)
					}
					if _, err := os.Lstat(path); !made && err == nil {
						t.Error("it was made")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				d.Close()
			})
		}
	}
}

// openTop returns a directory that others can enter: those of TempDir are below one that
// they cannot.
func openTop(t *testing.T) string {
	t.Helper()
	top, err := os.MkdirTemp("", "parents")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	if top, err = filepath.EvalSymlinks(top); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestLinksWithoutEnd(t *testing.T) {
	top := t.TempDir()
	if err := errors.Join(os.Symlink("b", top+"/a"), os.Symlink("a", top+"/b")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(top+"/a/spool", Options{}); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("%v, want ELOOP", err)
	}
}

// The root directory of a volume of Kubernetes has mode 0777.
func TestParentInPod(t *testing.T) {
	shm, err := os.Lstat("/dev/shm")
	if err != nil {
		t.Skip(err)
	}
	dev, err := os.Lstat("/dev")
	if err != nil || deviceOf(dev) == deviceOf(shm) {
		t.Skip("/dev/shm is not a file system of its own")
	}
	path := openTop(t)
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	open, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pod     string
		mounted bool
		want    bool
	}{{"", true, false}, {"10.0.0.1", false, false}, {"10.0.0.1", true, true}} {
		t.Setenv("KUBERNETES_SERVICE_HOST", test.pod)
		w := way{uid: os.Geteuid(), dir: path, info: open, mounted: test.mounted}
		if err := w.check(filepath.Join(path, "spool"), nil); (err == nil) != test.want {
			t.Errorf("%+v: %v", test, err)
		}
	}
	w := way{uid: os.Geteuid()}
	if err := errors.Join(w.enter("/dev", dev), w.enter("/dev/shm", shm)); err != nil || !w.mounted {
		t.Errorf("/dev/shm is no file system of its own: %v", err)
	}
}

func TestPseudoFileSystems(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, path := range []string{
		"/proc/1", "/proc/self/fd", "/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/spool", "/proc/spool", "/sys/spool", "/sys/fs/cgroup/spool/a", "/sys/kernel", "/dev/spool", "/dev",
	} {
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			t.Logf("not here: %s", path)
			continue
		}
		_, err := OpenDir(path, Options{})
		var pseudo *PseudoError
		if !errors.As(err, &pseudo) || !strings.Contains(err.Error(), "choose a directory on a local disk") {
			t.Errorf("%s: %v, want *PseudoError", path, err)
		}
	}
}

// What cannot be made says what helps.
func TestHelpWhereNothingCanBeMade(t *testing.T) {
	needRoot(t, "become another user")
	parent := filepath.Join(sharedTemp(t), "parent")
	if err := makeMode(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(parent, "spool")
	got := runChild(t, "denied", path, strconv.Itoa(nobody))
	for _, want := range []string{"make directory " + path + ": permission denied", "install -d -m 700 -o " + strconv.Itoa(nobody) + " " + path, "StateDirectory="} {
		if !strings.Contains(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

func TestHelp(t *testing.T) {
	d := openTemp(t)
	file := filepath.Join(d.Path(), "0.seg")
	create(t, d, "0.seg", 1).Close()
	if err := errors.Join(os.Chmod(d.Path(), 0o770), os.Chmod(file, 0o640)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(d.Path(), Options{}); err == nil || !strings.HasSuffix(err.Error(), "; chmod 700 "+d.Path()) {
		t.Error(err)
	}
	if _, err := d.Open("0.seg"); err == nil || !strings.HasSuffix(err.Error(), "; chmod 600 "+file) {
		t.Error(err)
	}
}
