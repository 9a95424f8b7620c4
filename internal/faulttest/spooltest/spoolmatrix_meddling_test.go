//go:build linux

package spooltest_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// noticed is the time within which the spool notices what others have done to its
// files, and some for the work.
const noticed = 7 * time.Second

// Other people and programs meddle with the files.
func TestSpoolMatrixMeddling(t *testing.T) {
	r := rows{"20 the constructor refuses": refuses}
	for what, harm := range map[string]func(t *testing.T, name string){
		"truncated to nothing":    truncateTo(0),
		"truncated in the middle": truncateTo(30 << 10),
		"overwritten by a shell":  shell(`echo x > "$0"`),
		"overwritten by cp":       shell(`head -c $(stat -c %s "$0") /dev/zero > "$0.cp" && cp "$0.cp" "$0"; rm "$0.cp"`),
		"replaced by mv":          shell(`head -c $(stat -c %s "$0") /dev/zero > "$0.mv" && chmod 600 "$0.mv" && mv "$0.mv" "$0"`),
	} {
		r["18 segments are "+what+" while running"] = func(t *testing.T) { harmedSegments(t, harm) }
		r["18 hot files are "+what+" while running"] = func(t *testing.T) { harmedHotFiles(t, harm) }
		r["18 segments are "+what+" before start"] = func(t *testing.T) { harmedBefore(t, harm) }
	}
	r["18 headers are zeroed before start"] = zeroedHeaders
	r.inModes("19 the directory is deleted", func(t *testing.T, o cloudwatch.SpoolOptions) {
		deleted(t, o, func(s *spoolScene) {
			s.waitFor(time.Second, "it is deleted, although files are being made", func() bool { return os.RemoveAll(s.opts.Spool) == nil })
		})
	})
	r.inModes("19 everything in the directory is deleted", func(t *testing.T, o cloudwatch.SpoolOptions) {
		deleted(t, o, func(s *spoolScene) {
			for _, name := range s.files("") {
				if err := os.RemoveAll(name); err != nil {
					s.Fatal(err)
				}
			}
		})
	})
	r["19 the directory is deleted, and all is in RAM"] = func(t *testing.T) {
		o := optionsFor(t, "hot")
		o.SpillAfter = time.Hour
		deleted(t, o, func(s *spoolScene) {
			s.waitFor(time.Second, "it is deleted, although files are being made", func() bool { return os.RemoveAll(s.opts.Spool) == nil })
		})
	}
	r["19 the hot files are deleted"] = func(t *testing.T) {
		o := optionsFor(t, "hot")
		o.SpillAfter = time.Hour
		deleted(t, o, func(s *spoolScene) {
			for _, name := range s.hotFiles() {
				if err := os.Remove(name); err != nil {
					s.Fatal(err)
				}
			}
		})
	}
	r.inModes("20 the directory belongs to another user", func(t *testing.T, o cloudwatch.SpoolOptions) {
		needRoot(t)
		unusable(t, o, func(s *spoolScene) (undo func()) {
			return do(s, os.Lchown(s.opts.Spool, nobody, nobody), func() error { return os.Lchown(s.opts.Spool, os.Geteuid(), os.Getegid()) })
		})
	})
	r.inModes("20 others can write to the directory", func(t *testing.T, o cloudwatch.SpoolOptions) {
		unusable(t, o, func(s *spoolScene) (undo func()) {
			return do(s, os.Chmod(s.opts.Spool, 0o777), func() error { return os.Chmod(s.opts.Spool, 0o700) })
		})
	})
	r.inModes("20 the directory is a symbolic link", func(t *testing.T, o cloudwatch.SpoolOptions) {
		unusable(t, o, func(s *spoolScene) (undo func()) {
			aside := s.opts.Spool + "-aside"
			if err := os.Rename(s.opts.Spool, aside); err != nil {
				s.Fatal(err)
			}
			return do(s, os.Symlink(aside, s.opts.Spool), func() error { // at once, or the spool makes a directory in between
				return unix.Renameat2(unix.AT_FDCWD, aside, unix.AT_FDCWD, s.opts.Spool, unix.RENAME_EXCHANGE)
			})
		})
	})
	r.inModes("20 a directory without permissions", withoutPermissions)
	r.inModes("26 the header names a living process", livingOwner)
	r.inModes("42 files of a later version", laterVersion)
	r.run(t, 12)
}

func truncateTo(size int64) func(t *testing.T, name string) {
	return func(t *testing.T, name string) {
		t.Helper()
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
}

func shell(script string) func(t *testing.T, name string) {
	return func(t *testing.T, name string) {
		t.Helper()
		if out, err := exec.Command("sh", "-c", script, name).CombinedOutput(); err != nil {
			t.Fatalf("sh: %v\n%s", err, out)
		}
	}
}

// hotFiles lists the files on the RAM file system.
func (s *spoolScene) hotFiles() []string {
	s.Helper()
	names, err := filepath.Glob(filepath.Join(s.opts.SpoolOptions.RAM, "*", "*.hot"))
	if err != nil || len(names) == 0 {
		s.Fatalf("no hot files: %v", err)
	}
	return names
}

// harmedSegments loses nothing, since everything is in memory still.
func harmedSegments(t *testing.T, harm func(t *testing.T, name string)) {
	s := newSpoolScene(t, spoolOf(t), directSpool)
	s.aside = true
	p := s.spawn(true)
	p.do("log", 300)
	began := time.Now()
	for _, name := range s.files(".seg") {
		harm(t, name)
	}
	p.do("log", 100) // without a pause
	r := p.reports(noticed, "somebody is told", func(r childReport) bool { return len(r.Told) > 0 })
	s.Logf("noticed after %v: %q", time.Since(began).Round(10*time.Millisecond), r.Told)
	p.reports(2*noticed, "no event is at risk", func(r childReport) bool { return r.Kill && r.AtRisk == 0 })
	p.do("log", 100)
	p.kill()
	s.end()
}

// harmedHotFiles has the process die of nothing but kill -9.
func harmedHotFiles(t *testing.T, harm func(t *testing.T, name string)) {
	o := optionsFor(t, "hot")
	o.SpillAfter = time.Hour // everything stays in RAM
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 300)
	began := time.Now()
	for _, name := range s.hotFiles() {
		harm(t, name)
	}
	p.do("log", 100)
	r := p.reports(noticed, "somebody is told", func(r childReport) bool { return len(r.Told) > 0 })
	s.Logf("noticed after %v: %q; %s", time.Since(began).Round(10*time.Millisecond), r.Told, r.Said)
	if !strings.HasPrefix(r.Said, "direct") {
		t.Errorf("the guarantee is %q", r.Said)
	}
	p.reports(noticed, "no event is at risk", func(r childReport) bool { return r.Kill && r.AtRisk == 0 })
	p.do("log", 100)
	p.kill()
	s.end()
}

// harmedBefore loses what was in the segments, but nothing else, and not silently.
func harmedBefore(t *testing.T, harm func(t *testing.T, name string)) {
	s := newSpoolScene(t, spoolOf(t), directSpool)
	s.net.shut()
	s.begin()
	s.logs(300)
	s.leaves(300)
	for _, name := range s.files(".seg") {
		harm(t, name)
	}
	s.begin()
	s.logs(100)
	s.net.open()
	s.waitFor(5*time.Second, "what is new is delivered", func() bool {
		stats := s.Stats()
		return stats.Pending == 0 && stats.Recovered.Pending == 0
	})
	s.waitFor(2*time.Second, "the segment is sent, set aside or removed", func() bool { return len(s.files(".seg")) <= 2 })
	s.Logf("recovered %+v; told %q; left %q", s.Stats().Recovered, s.told.Errors(), s.left())
	// Of a file, or of the events that were in it.
	s.waitFor(15*time.Second, "somebody is told", func() bool { return len(s.told.Errors()) > 0 })
	if s.safeFrom(300) != 100 {
		s.Errorf("only %d of 100 new events are safe", s.safeFrom(300))
	}
	if err := s.closeIn(5 * time.Second); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	s.begin()
	if err := s.closeIn(5 * time.Second); err != nil {
		s.Errorf("Shutdown of the next one: %v", err)
	}
	have := make(map[int]bool)
	for _, e := range s.srv.Events(testkit.Group, testkit.Stream) {
		if n, ok := numberOf(e.Message); ok {
			have[n] = true
		} else if !strings.Contains(e.Message, `"msg":"log events`) {
			s.Errorf("the endpoint got a message that nobody has logged: %.100q", e.Message)
		}
	}
	for n := 300; n < 400; n++ {
		if !have[n] {
			s.Fatalf("event %d is missing, which nobody has harmed", n)
		}
	}
}

// zeroedHeaders: what has records is not empty, whatever its header looks like.
func zeroedHeaders(t *testing.T) {
	s := newSpoolScene(t, spoolOf(t), directSpool)
	s.net.shut()
	s.begin()
	s.logs(300)
	s.leaves(300)
	for _, name := range s.files(".seg") {
		s.page(name, func(page []byte) []byte { return make([]byte, len(page)) })
	}
	s.begin()
	s.waitFor(5*time.Second, "it is set aside, and somebody is told", func() bool { return len(s.files(".bad")) == 1 && s.spoolErrors() > 0 })
	s.Logf("recovered %+v; told %q", s.Stats().Recovered, s.told.Errors())
}

// deleted loses only what was logged between the deletion and when it was noticed,
// and only if the process is killed before.
func deleted(t *testing.T, o cloudwatch.SpoolOptions, remove func(s *spoolScene)) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 300)
	s.waitFor(2*time.Second, "they are on disk", func() bool { return !o.Direct || len(s.files(".seg")) == 1 })
	began := time.Now()
	remove(s)
	p.do("log", 100)
	r := p.reports(noticed, "somebody is told", func(r childReport) bool { // and not only that there is nothing to recover
		return slices.ContainsFunc(r.Told, func(text string) bool {
			return strings.Contains(text, "spool: check ") || strings.Contains(text, "spool: use ")
		})
	})
	s.Logf("noticed after %v: %q", time.Since(began).Round(10*time.Millisecond), r.Told)
	p.reports(noticed, "no event is at risk", func(r childReport) bool { return r.Kill && r.AtRisk == 0 })
	p.do("log", 100)
	time.Sleep(200 * time.Millisecond) // what is not in RAM is on disk
	p.kill()
	s.end()
}

// do does what has to be undone.
func do(s *spoolScene, err error, undo func() error) func() {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	return func() {
		if err := undo(); err != nil {
			s.Error(err)
		}
	}
}

// unusable has a directory that must not be used any more, and then may be again.
func unusable(t *testing.T, o cloudwatch.SpoolOptions, harm func(s *spoolScene) (undo func())) {
	s := newSpoolScene(t, spoolOf(t), o)
	s.once = true
	s.net.shut()
	s.begin()
	s.logs(300)
	s.made(1)
	before := s.spoolErrors()
	began := time.Now()
	undo := harm(s)
	for range 100 {
		s.logs(1)
		time.Sleep(time.Millisecond)
	}
	s.waitFor(noticed, "somebody is told", func() bool { return s.spoolErrors() > before })
	s.Logf("noticed after %v: %q; %v", time.Since(began).Round(10*time.Millisecond), s.told.Errors()[before], s.Guarantee())
	if o.Direct {
		s.degraded(time.Second)
	}
	s.logs(100)
	undo()
	s.restored(10 * time.Second)
	number := len(s.events)
	s.logs(100)
	if s.safeFrom(number) != 100 {
		s.Errorf("only %d of 100 events are safe", s.safeFrom(number))
	}
	s.leaves(int64(len(s.events)))
	s.end()
}

// withoutPermissions needs a process that is not root.
func withoutPermissions(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	user := 0
	if os.Geteuid() == 0 {
		user = nobody
		for _, dir := range []string{filepath.Dir(s.opts.Spool), filepath.Dir(filepath.Dir(s.opts.Spool)), o.RAM} {
			if dir != "" {
				if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	p := s.spawnAs(user, true)
	p.do("log", 300)
	s.made(1)
	if err := os.Chmod(s.opts.Spool, 0); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.do("log", 100)
	r := p.reports(noticed, "somebody is told", func(r childReport) bool { return told(r, syscall.EACCES) })
	s.Logf("noticed after %v: %q", time.Since(began).Round(10*time.Millisecond), r.Told)
	p.do("log", 100)
	if err := os.Chmod(s.opts.Spool, 0o700); err != nil {
		t.Fatal(err)
	}
	p.reports(10*time.Second, "no event is at risk", func(r childReport) bool { return r.Kill && r.AtRisk == 0 })
	p.do("log", 100)
	p.kill()
	if user != 0 { // or it would not be ours
		s.give(0)
	}
	s.end()
}

// give makes a user the owner of everything.
func (s *spoolScene) give(user int) {
	s.Helper()
	for _, top := range []string{s.opts.Spool, s.opts.SpoolOptions.RAM} {
		if top == "" {
			continue
		}
		err := filepath.Walk(top, func(name string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(name, user, user)
		})
		if err != nil {
			s.Fatal(err)
		}
	}
	// The directory in RAM is one of its user's by name.
	dirs, err := filepath.Glob(filepath.Join(s.opts.SpoolOptions.RAM, "cloudwatch-65534-*"))
	if err != nil {
		s.Fatal(err)
	}
	for _, dir := range dirs {
		if err := os.Rename(dir, strings.Replace(dir, "-65534-", "-0-", 1)); err != nil {
			s.Fatal(err)
		}
	}
}

// refuses: what only a human can put right is told at once.
func refuses(t *testing.T) {
	dir := func(t *testing.T) string {
		t.Helper()
		dir := spoolOf(t)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for what, test := range map[string]struct {
		want string
		make func(t *testing.T, dir string) error
	}{
		"others can write to it": {"others can write to it", func(t *testing.T, dir string) error { return os.Chmod(dir, 0o722) }},
		"another user has made it": {"belongs to another user", func(t *testing.T, dir string) error {
			needRoot(t)
			return os.Chown(dir, nobody, nobody)
		}},
		"it is a symbolic link": {"symbolic link", func(t *testing.T, dir string) error {
			if err := os.Rename(dir, dir+"-real"); err != nil {
				return err
			}
			return os.Symlink(dir+"-real", dir)
		}},
		"others can write to its parent": {"chmod go-w ", func(t *testing.T, dir string) error {
			above := filepath.Dir(dir)
			return errors.Join(os.Chmod(filepath.Dir(above), 0o755), os.Chmod(above, 0o777)) // TempDir is below a closed one
		}},
		"it is a file": {"not a directory", func(t *testing.T, dir string) error {
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o600)
		}},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSpoolScene(t, dir(t), directSpool)
			if err := test.make(t, s.opts.Spool); err != nil {
				t.Fatal(err)
			}
			if err := s.tryToBegin(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("NewHandler: %v, want %q", err, test.want)
			} else {
				t.Log(err)
			}
		})
	}
	for _, path := range []string{"/proc/1", "/proc/self/fd/0/spool", "/sys/kernel/spool", "/dev/spool"} {
		t.Run(path, func(t *testing.T) {
			if _, err := os.Stat("/proc/self/fd"); err != nil {
				t.Skip(err)
			}
			_, err := cloudwatch.NewHandler("group", &cloudwatch.Options{Region: "eu-central-1", Spool: path, SpoolOptions: directSpool})
			if err == nil || !strings.Contains(err.Error(), "file system of the kernel") {
				t.Errorf("NewHandler: %v", err)
			}
		})
	}
}
