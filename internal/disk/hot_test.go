package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoHot(t *testing.T) {
	host := surroundings{linux: true, spool: Local, shared: RAM, logind: true, uid: 0}
	with := func(change func(*surroundings)) surroundings {
		s := host
		change(&s)
		return s
	}
	for _, test := range []struct {
		name string
		s    surroundings
		want string // part of the reason, "" if there is a hot directory
	}{
		{"service on a host", host, ""},
		{"system user", with(func(s *surroundings) { s.uid = 999 }), ""},
		{"person", with(func(s *surroundings) { s.uid = 1000 }), "end of a session"},
		{"dynamic user", with(func(s *surroundings) { s.uid = 61184 }), "end of a session"},
		{"person where nobody cleans up", with(func(s *surroundings) { s.uid, s.logind = 1000, false }), ""},
		{"no /dev/shm", with(func(s *surroundings) { s.shared = Unknown }), "not a RAM file system"},
		{"/dev/shm on a disk", with(func(s *surroundings) { s.shared = Local }), "not a RAM file system"},
		{"spool on a remote file system", with(func(s *surroundings) { s.spool = Remote }), ""},
		{"Docker, Amazon ECS", with(func(s *surroundings) { s.container, s.logind = true, false }), "ends with the container"},
		{"Kubernetes", with(func(s *surroundings) { s.container, s.kubernetes, s.logind, s.uid = true, true, false, 1000 }), ""},
		{"Kubernetes, without a sign of a container", with(func(s *surroundings) { s.kubernetes, s.logind = true, false }), ""},
		{"Kubernetes, no /dev/shm", with(func(s *surroundings) { s.container, s.kubernetes, s.shared = true, true, Unknown }), "not a RAM file system"},
		{"spool in RAM", with(func(s *surroundings) { s.spool, s.shared = RAM, Unknown }), ""},
		{"spool in RAM, in a container", with(func(s *surroundings) { s.spool, s.container, s.uid = RAM, true, 1000 }), ""},
		{"not Linux", surroundings{spool: RAM, shared: RAM}, "only Linux"},
	} {
		got := test.s.noHot()
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.want == "" {
			continue
		}
		_, err := openHot(nil, "", test.s)
		var none *NoHotError
		if !errors.As(err, &none) || none.Reason != got || !strings.Contains(err.Error(), got) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSurroundings(t *testing.T) {
	host := surroundings{linux: true, spool: Local, shared: RAM, uid: 1000}
	with := func(change func(*surroundings)) surroundings {
		s := host
		change(&s)
		return s
	}
	inContainer := with(func(s *surroundings) { s.container = true })
	logind := with(func(s *surroundings) { s.logind = true })
	for _, test := range []struct {
		sign string // a file, a variable, or a file system: "" if there is none
		want surroundings
	}{
		{"", host},
		{"/.dockerenv", inContainer},
		{"/run/.containerenv", inContainer},
		{"container", inContainer},
		{"ECS_CONTAINER_METADATA_URI", inContainer},
		{"ECS_CONTAINER_METADATA_URI_V4", inContainer},
		{"overlay", inContainer},
		{"KUBERNETES_SERVICE_HOST", with(func(s *surroundings) { s.kubernetes = true })},
		{"/run/systemd/system", logind},
		{"/run/systemd/users", logind},
		{"no shm", with(func(s *surroundings) { s.shared = Unknown })},
		{"shm on disk", with(func(s *surroundings) { s.shared = Local })},
	} {
		m := machine{
			os:     "linux",
			uid:    1000,
			exists: func(path string) bool { return path == test.sign },
			getenv: func(name string) string {
				if name == test.sign {
					return "x"
				}
				return ""
			},
			volume: func(path string) (volume, error) {
				switch {
				case path == "/":
					return volume{kind: Local, overlay: test.sign == "overlay"}, nil
				case path != "/dev/shm" || test.sign == "no shm":
					return volume{}, fs.ErrNotExist
				case test.sign == "shm on disk":
					return volume{kind: Local}, nil
				}
				return volume{kind: RAM}, nil
			},
		}
		if got := m.surroundings(Local); got != test.want {
			t.Errorf("%q: %+v, want %+v", test.sign, got, test.want)
		}
		m.os = "darwin"
		if m.surroundings(Local).linux {
			t.Error("macOS is taken for Linux")
		}
	}
}

// OpenHot itself, wherever the tests are run: its answer fits the place.
func TestOpenHot(t *testing.T) {
	spool := openTemp(t)
	s := thisMachine().surroundings(spool.FileSystem())
	hot, err := OpenHot(spool)
	if reason := s.noHot(); reason != "" {
		var none *NoHotError
		if !errors.As(err, &none) || none.Reason != reason {
			t.Errorf("OpenHot: %v, want %s", err, reason)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer hot.Close()
	if hot.Path() != spool.Path() {
		defer os.Remove(hot.Path())
	}
	if hot.FileSystem() != RAM {
		t.Errorf("%s is %v", hot.Path(), hot.FileSystem())
	}
}

// A host with its spool on a disk, whatever this machine is.
var onHost = surroundings{linux: true, spool: Local, shared: RAM}

func TestHotDirBelongsToSpool(t *testing.T) {
	shared := t.TempDir()
	spool := openTemp(t)
	first := openHotIn(t, spool, shared)
	if ok, _ := regexp.MatchString(fmt.Sprintf(`^cloudwatch-%d-[0-9a-f]{16}$`, os.Geteuid()), filepath.Base(first.Path())); !ok {
		t.Errorf("it is %s", first.Path())
	}
	if filepath.Dir(first.Path()) != shared {
		t.Errorf("it is in %s, want %s", filepath.Dir(first.Path()), shared)
	}
	if second := openHotIn(t, openDir(t, spool.Path()), shared); second.Path() != first.Path() {
		t.Errorf("the next process has %s, the first %s", second.Path(), first.Path())
	}
	if other := openHotIn(t, openTemp(t), shared); other.Path() == first.Path() {
		t.Error("another spool has the same")
	}
}

func openHotIn(t *testing.T, spool *Dir, shared string) *Dir {
	t.Helper()
	hot, err := openHot(spool, shared, onHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hot.Close() })
	return hot
}

func TestSpoolInRAMIsItsOwnHotDir(t *testing.T) {
	spool := openTemp(t)
	// It is the same directory even if its path leads elsewhere by now.
	moved := spool.Path() + ".moved"
	if err := errors.Join(os.Rename(spool.Path(), moved), os.Mkdir(spool.Path(), 0o700)); err != nil {
		t.Fatal(err)
	}
	hot, err := openHot(spool, "", surroundings{linux: true, spool: RAM})
	if err != nil {
		t.Fatal(err)
	}
	defer hot.Close()
	spool.Close() // it has descriptors of its own
	create(t, hot, "0.hot", 1).Close()
	if _, err := os.Lstat(filepath.Join(moved, "0.hot")); err != nil {
		t.Error(err)
	}
}

// Processes that start together agree.
func TestHotIDOfManyAtOnce(t *testing.T) {
	const rounds, many = 20, 8
	for range rounds {
		path := openTemp(t).Path()
		ids := make([]string, many)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range many {
			d := openDir(t, path)
			all.Go(func() {
				<-start
				var err error
				if ids[i], err = hotID(d); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		for _, id := range ids {
			if id != ids[0] || len(id) != idBytes {
				t.Fatalf("they have %q", ids)
			}
		}
	}
}

func TestDamagedHotID(t *testing.T) {
	good := regexp.MustCompile("^[0-9a-f]{16}$")
	for _, content := range []string{
		"", "x", "0123456789abcde", "0123456789ABCDEF", "0123456789abcde\n",
		strings.Repeat("\x00", idBytes), "../../../../etc/x", strings.Repeat("x", 1<<20),
	} {
		d := openTemp(t)
		if err := os.WriteFile(filepath.Join(d.Path(), idName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := hotID(d)
		if err != nil {
			t.Errorf("%.20q: %v", content, err)
			continue
		}
		if !good.MatchString(id) {
			t.Errorf("%.20q becomes %q", content, id)
		}
		if again, err := hotID(d); err != nil || again != id {
			t.Errorf("%.20q becomes %q, then %q, %v", content, id, again, err)
		}
	}
}

func TestGoodHotIDIsKept(t *testing.T) {
	const good = "0123456789abcdef"
	d := openTemp(t)
	if err := os.WriteFile(filepath.Join(d.Path(), idName), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := hotID(d); err != nil || id != good {
		t.Errorf("it becomes %q, %v", id, err)
	}
}

// Another process has the file: for a moment, or for good.
func TestHotIDIsLocked(t *testing.T) {
	for _, test := range []struct {
		name string
		hold time.Duration
		want error
	}{
		{"for a moment", 25 * time.Millisecond, nil},
		{"for good", time.Hour, ErrLocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := openTemp(t).Path()
			synctest.Test(t, func(t *testing.T) {
				d := openDir(t, path)
				holder := create(t, d, idName, idBytes)
				time.AfterFunc(test.hold, func() { holder.Close() })
				began := time.Now()
				if _, err := hotID(d); !errors.Is(err, test.want) {
					t.Errorf("hotID: %v, want %v", err, test.want)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %v", took)
				}
				time.Sleep(test.hold)
			})
		})
	}
}

func TestUnsafeHotID(t *testing.T) {
	d := openTemp(t)
	if err := os.Mkdir(filepath.Join(d.Path(), idName), 0o700); err != nil {
		t.Fatal(err)
	}
	var unsafe *UnsafeError
	if _, err := openHot(d, t.TempDir(), onHost); !errors.As(err, &unsafe) {
		t.Errorf("openHot: %v, want *UnsafeError", err)
	}
}

// Whoever knew the name and was faster does not get what is logged.
func TestHotDirMadeByOthers(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(path string) error
	}{
		{"writable by all", func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o777))
		}},
		{"link", func(path string) error { return os.Symlink(os.TempDir(), path) }},
		{"file", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			shared, spool := t.TempDir(), openTemp(t)
			path := openHotIn(t, spool, shared).Path()
			if err := errors.Join(os.Remove(path), test.make(path)); err != nil {
				t.Fatal(err)
			}
			var unsafe *UnsafeError
			if _, err := openHot(spool, shared, onHost); !errors.As(err, &unsafe) {
				t.Errorf("openHot: %v, want *UnsafeError", err)
			}
		})
	}
}

func TestHotDirCannotBeMade(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(shared, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openHot(openTemp(t), shared, onHost); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("openHot below a file: %v", err)
	}
}
