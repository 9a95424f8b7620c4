package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func openTemp(t *testing.T) *Dir {
	t.Helper()
	return openDir(t, filepath.Join(t.TempDir(), "spool"))
}

func openDir(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := OpenDir(path, Options{AllowRemote: true}) // wherever the tests are run
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func create(t *testing.T, d *Dir, name string, size int64) *File {
	t.Helper()
	f, err := d.Create(name, size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func checkContent(t *testing.T, f *File, off int64, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, off); err != nil || string(got) != want {
		t.Errorf("at %d is %q, %v, want %q", off, got, err, want)
	}
}

func names(t *testing.T, d *Dir) (names []string) {
	t.Helper()
	entries, err := d.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names
}

func TestOpenDirMakesWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	d := openDir(t, path+string(filepath.Separator))
	if d.Path() != path {
		t.Errorf("Path() = %q, want %q", d.Path(), path)
	}
	again := openDir(t, path)
	create(t, d, "0.seg", 1).Close()
	if got := names(t, again); !reflect.DeepEqual(got, []string{"0.seg"}) {
		t.Errorf("the same directory holds %v", got)
	}
}

func TestOpenDirIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	d := openDir(t, "spool")
	t.Chdir(t.TempDir())
	if err := d.Intact(); err != nil {
		t.Error(err)
	}
	if !filepath.IsAbs(d.Path()) {
		t.Errorf("Path() = %q", d.Path())
	}
}

func TestOpenDirErrors(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir("", Options{}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("no path: %v", err)
	}
	var unsafe *UnsafeError
	if _, err := OpenDir(file, Options{}); !errors.As(err, &unsafe) || unsafe.Path != file {
		t.Errorf("a file: %v", err)
	}
	if _, err := OpenDir(filepath.Join(file, "below", "it"), Options{}); err == nil {
		t.Error("below a file: no error")
	}
}

// A directory that was swapped for another one between the look at its path and
// its opening is refused.
func TestSwappedDirIsRefused(t *testing.T) {
	seen, err := os.Lstat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	root, err := os.OpenRoot(other)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := newDir(other, root, seen, os.Geteuid()); !errors.Is(err, ErrReplaced) {
		t.Errorf("newDir: %v, want ErrReplaced", err)
	}
}

func TestNames(t *testing.T) {
	d := openTemp(t)
	for _, name := range []string{
		"0.seg", "id", "a", "0123456789abcdef-00000001.hot", "x.seg.bad", "a..b", strings.Repeat("z", 100),
	} {
		f, err := d.Create(name, 1)
		if err != nil {
			t.Errorf("Create(%q): %v", name, err)
			continue
		}
		if err := errors.Join(f.Close(), d.Rename(name, "renamed"), d.Remove("renamed")); err != nil {
			t.Error(err)
		}
	}
	outside := filepath.Join(filepath.Dir(d.Path()), "x")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	create(t, d, "ok", 1).Close()
	for _, name := range []string{
		"", ".", "..", "../x", "x/y", "/x", `..\x`, `x\y`, "x/", ".x", "x.", "-x", "x-", "A", "x y", "x_y", "x:y",
		"x\x00", "é", "\xff", "x\n", strings.Repeat("z", 101), outside, "d/../../x",
	} {
		tries := map[string]func() error{
			"Create":      func() error { _, err := d.Create(name, 1); return err },
			"Open":        func() error { _, err := d.Open(name); return err },
			"Remove":      func() error { return d.Remove(name) },
			"Rename from": func() error { return d.Rename(name, "other") },
			"Rename to":   func() error { return d.Rename("ok", name) },
		}
		for what, try := range tries {
			if err := try(); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s %q: %v, want fs.ErrInvalid", what, name, err)
			}
		}
	}
	if got := names(t, d); !reflect.DeepEqual(got, []string{"ok"}) {
		t.Errorf("there is %q", got)
	}
}

func TestErrors(t *testing.T) {
	d := openTemp(t)
	create(t, d, "0.seg", 1).Close()
	_, exists := d.Create("0.seg", 1)
	_, missing := d.Open("1.seg")
	_, negative := d.Create("2.seg", -1)
	for _, test := range []struct {
		err  error
		is   error
		text string // its beginning
	}{
		{exists, fs.ErrExist, "disk: create 0.seg: "},
		{missing, fs.ErrNotExist, "disk: open 1.seg: "},
		{negative, fs.ErrInvalid, "disk: create 2.seg: "},
		{d.Remove("1.seg"), fs.ErrNotExist, "disk: remove 1.seg: "},
		{d.Rename("1.seg", "2.seg"), fs.ErrNotExist, "disk: rename 1.seg to 2.seg: "},
	} {
		if !errors.Is(test.err, test.is) || !strings.HasPrefix(test.err.Error(), test.text) {
			t.Errorf("%v, want %s%v", test.err, test.text, test.is)
			continue
		}
		if rest := strings.TrimPrefix(test.err.Error(), test.text); strings.Contains(rest, "seg") || strings.Contains(rest, "at ") {
			t.Errorf("%q says things twice", test.err)
		}
	}
}

func TestRemoteIsRefused(t *testing.T) {
	for _, kind := range []FileSystem{Unknown, RAM, Local, Remote} {
		for _, allow := range []bool{false, true} {
			err := Options{AllowRemote: allow}.accept(volume{kind: kind}, "there")
			var remote *RemoteError
			if refused := errors.As(err, &remote); refused != (kind == Remote && !allow) || (err != nil) != refused {
				t.Errorf("%v, allow %v: %v", kind, allow, err)
			}
			if remote != nil && !strings.Contains(err.Error(), "there") {
				t.Error(err)
			}
		}
	}
}

func TestCreateOpenList(t *testing.T) {
	d := openTemp(t)
	const size = 1 << 20
	f := create(t, d, "1.seg", size)
	create(t, d, "0.seg", 0).Close()
	if err := os.Mkdir(filepath.Join(d.Path(), "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if f.Size() != size || f.Name() != "1.seg" {
		t.Errorf("it is %s with %d bytes", f.Name(), f.Size())
	}
	zeros := make([]byte, size)
	if _, err := f.ReadAt(zeros, 0); err != nil || strings.Trim(string(zeros), "\x00") != "" {
		t.Errorf("a new file does not read as zeros: %v", err)
	}
	if _, err := f.WriteAt([]byte("event"), size-5); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), d.Sync(), f.Intact(), d.Intact(), f.Close()); err != nil {
		t.Fatal(err)
	}
	entries, err := d.List()
	if err != nil || len(entries) != 2 || entries[0].Name != "0.seg" || entries[1].Name != "1.seg" ||
		entries[0].Size != 0 || entries[1].Size != size || entries[1].Bytes <= 0 {
		t.Errorf("List() = %v, %v", entries, err)
	}
	if f, err = d.Open("1.seg"); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Size() != size {
		t.Errorf("it has %d bytes when opened again", f.Size())
	}
	checkContent(t, f, size-5, "event")
	r, err := d.Inspect("1.seg")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	checkContent(t, r, size-5, "event")
	if _, err := r.WriteAt([]byte("x"), 0); err == nil {
		t.Error("WriteAt on a file opened for reading: no error")
	}
}

func TestLockInOneProcess(t *testing.T) {
	d := openTemp(t)
	f := create(t, d, "0.seg", 1)
	other := openDir(t, d.Path())
	if _, err := other.Open("0.seg"); !errors.Is(err, ErrLocked) {
		t.Errorf("Open of what was created: %v, want ErrLocked", err)
	}
	f.Close()
	f, err := other.Open("0.seg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open("0.seg"); !errors.Is(err, ErrLocked) {
		t.Errorf("Open of what was opened: %v, want ErrLocked", err)
	}
	f.Close()
	if f, err = d.Open("0.seg"); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// Processes that create files, and others that adopt every file they can get and
// delete it, all at once: who gets a file is the only one to have it, and
// it is the file of that name.
func TestCreatorsAndAdopters(t *testing.T) {
	const creators, adopters, files = 2, 2, 500
	path := openTemp(t).Path()
	var owners [creators * files]atomic.Int32
	own := func(f *File, d *Dir) {
		var i int
		if _, err := fmt.Sscanf(f.Name(), "%d.seg", &i); err != nil {
			t.Error(err)
		}
		if owners[i].Add(1) != 1 {
			t.Errorf("%s has two owners", f.Name())
		}
		if err := f.Intact(); err != nil {
			t.Errorf("its owner finds: %v", err)
		}
		if err := d.Remove(f.Name()); err != nil {
			t.Errorf("its owner finds: %v", err)
		}
		owners[i].Add(-1)
		f.Close()
	}
	var creating, adopting sync.WaitGroup
	var done atomic.Bool
	var created, adopted, lost atomic.Int32
	for c := range creators {
		d := openDir(t, path)
		creating.Go(func() {
			for i := range files {
				f, err := d.Create(fmt.Sprintf("%d.seg", c*files+i), 4096)
				switch {
				case errors.Is(err, ErrLocked):
					lost.Add(1)
				case err != nil:
					t.Error(err)
				case i%2 == 0:
					f.Close() // as if its owner had died
				default:
					created.Add(1)
					own(f, d)
				}
			}
		})
	}
	for range adopters {
		d := openDir(t, path)
		adopting.Go(func() {
			for last := false; ; {
				entries, err := d.List()
				if err != nil {
					t.Error(err)
				}
				for _, entry := range entries {
					f, err := d.Open(entry.Name)
					switch {
					case err == nil:
						adopted.Add(1)
						own(f, d)
					case !errors.Is(err, ErrLocked) && !errors.Is(err, fs.ErrNotExist):
						t.Error(err)
					}
				}
				if last {
					return
				}
				last = done.Load()
			}
		})
	}
	creating.Wait()
	done.Store(true)
	adopting.Wait()
	if left := names(t, openDir(t, path)); len(left) > 0 {
		t.Errorf("nobody has adopted %v", left)
	}
	if created.Load() == 0 || adopted.Load() == 0 {
		t.Errorf("%d created, %d adopted", created.Load(), adopted.Load())
	}
	t.Logf("%d kept, %d adopted, of these %d before they were locked", created.Load(), adopted.Load(), lost.Load())
}

func TestFileIntact(t *testing.T) {
	for _, test := range []struct {
		name   string
		meddle func(path string) error
		want   error
	}{
		{"nothing", func(string) error { return nil }, nil},
		{"written", func(path string) error { return os.WriteFile(path, make([]byte, 8192), 0o600) }, nil},
		{"unlinked", os.Remove, ErrGone},
		{"renamed", func(path string) error { return os.Rename(path, path+".bad") }, ErrGone},
		{"directory deleted", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, ErrGone},
		{"truncated", func(path string) error { return os.Truncate(path, 4095) }, ErrTruncated},
		{"emptied", func(path string) error { return os.WriteFile(path, nil, 0o600) }, ErrTruncated},
		{"replaced", func(path string) error {
			if err := os.WriteFile(path+".new", make([]byte, 4096), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, ErrReplaced},
		{"deleted and made again", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.WriteFile(path, make([]byte, 4096), 0o600)
		}, ErrReplaced},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openTemp(t)
			f := create(t, d, "0.seg", 4096)
			defer f.Close()
			if err := test.meddle(filepath.Join(d.Path(), "0.seg")); err != nil {
				t.Fatal(err)
			}
			if err := f.Intact(); !errors.Is(err, test.want) {
				t.Errorf("Intact() = %v, want %v", err, test.want)
			}
		})
	}
}

func TestDirIntact(t *testing.T) {
	for _, test := range []struct {
		name   string
		meddle func(path string) error
		want   error
	}{
		{"nothing", func(string) error { return nil }, nil},
		{"deleted", os.RemoveAll, ErrGone},
		{"renamed", func(path string) error { return os.Rename(path, path+".old") }, ErrGone},
		{"deleted and made again", func(path string) error {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		}, ErrReplaced},
		{"replaced by a file", func(path string) error {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return os.WriteFile(path, nil, 0o600)
		}, ErrReplaced},
		{"replaced by a link to itself", func(path string) error {
			if err := os.Rename(path, path+".old"); err != nil {
				return err
			}
			return os.Symlink(path+".old", path)
		}, ErrReplaced},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openTemp(t)
			create(t, d, "0.seg", 1).Close()
			if err := test.meddle(d.Path()); err != nil {
				t.Fatal(err)
			}
			if err := d.Intact(); !errors.Is(err, test.want) {
				t.Errorf("Intact() = %v, want %v", err, test.want)
			}
		})
	}
}

func TestSpace(t *testing.T) {
	free, total, err := openTemp(t).Space()
	if err != nil || free <= 0 || total < free {
		t.Errorf("Space() = %d, %d, %v", free, total, err)
	}
}

func TestClosed(t *testing.T) {
	d := openTemp(t)
	f := create(t, d, "0.seg", 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("WriteAt: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create("1.seg", 1); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Create: %v", err)
	}
	if _, _, err := d.Space(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Space: %v", err)
	}
}
