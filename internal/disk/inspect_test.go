//go:build linux

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func inspect(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Inspect(path, Options{AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Whatever is wrong with owners and modes, what is there can be read.
func TestInspect(t *testing.T) {
	for _, test := range []struct {
		name string
		root bool
		harm func(dir, file string) error
		dir  string // what OpenDir has against the directory
		file string // what Open has against the file
	}{
		{name: "nothing wrong", harm: func(string, string) error { return nil }},
		{name: "directory for all", harm: func(dir, _ string) error { return os.Chmod(dir, 0o777) }, dir: "others can write"},
		{name: "file for all", harm: func(_, file string) error { return os.Chmod(file, 0o666) }, file: "others can open"},
		{name: "two names", harm: func(_, file string) error { return os.Link(file, file+".link") }, file: "more than one name"},
		{name: "another user's", root: true, harm: func(dir, file string) error {
			return errors.Join(os.Chown(file, nobody, nobody), os.Chown(dir, nobody, nobody))
		}, dir: "another user", file: "another user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.root {
				needRoot(t, "give a file to another user")
			}
			own := openTemp(t)
			create(t, own, "0.seg", 3).Close()
			if err := test.harm(own.Path(), filepath.Join(own.Path(), "0.seg")); err != nil {
				t.Fatal(err)
			}
			d := inspect(t, own.Path())
			checkReason(t, d.Unsafe(), test.dir)
			checkReason(t, d.UnsafeFile("0.seg"), test.file)
			f, err := d.Inspect("0.seg")
			if err != nil {
				t.Fatal(err)
			}
			checkContent(t, f, 0, "\x00\x00\x00")
			f.Close()
			mend := test.dir+test.file == "" || !test.root && test.file != "more than one name"
			if err := errors.Join(d.Secure(), d.SecureFile("0.seg")); (err == nil) != mend {
				t.Errorf("Secure: %v", err)
			}
			if mend {
				checkReason(t, d.Unsafe(), "")
				checkReason(t, d.UnsafeFile("0.seg"), "")
			}
		})
	}
}

func checkReason(t *testing.T, err error, want string) {
	t.Helper()
	if want != "" {
		checkUnsafe(t, err, want)
	} else if err != nil {
		t.Error(err)
	}
}

func TestInspectMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool")
	if _, err := Inspect(path, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
	if err := os.Symlink("target", path); err != nil {
		t.Fatal(err)
	}
	target := openDir(t, filepath.Join(filepath.Dir(path), "target"))
	if d := inspect(t, path); d.Path() != target.Path() {
		t.Errorf("%s is %s, want %s", path, d.Path(), target.Path())
	}
}

// What is not a regular file is never opened.
func TestInspectIrregular(t *testing.T) {
	d := openTemp(t)
	for name, err := range map[string]error{
		"pipe": syscall.Mkfifo(filepath.Join(d.Path(), "pipe"), 0o600),
		"link": os.Symlink("/etc/passwd", filepath.Join(d.Path(), "link")),
		"dir":  os.Mkdir(filepath.Join(d.Path(), "dir"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
		_, err := d.Inspect(name)
		checkUnsafe(t, err, "not a regular file")
		_, err = d.Stat(name)
		checkUnsafe(t, err, "not a regular file")
		checkUnsafe(t, d.Discard(name), "not a regular file")
	}
	if names, err := d.Names(); err != nil || len(names) != 3 {
		t.Errorf("there is %q, error %v", names, err)
	}
}

func TestDiscard(t *testing.T) {
	d := openTemp(t)
	f := create(t, d, "0.seg", 1)
	if !d.Locked("0.seg") {
		t.Error("it is open, but not locked")
	}
	if err := d.Discard("0.seg"); !errors.Is(err, ErrLocked) {
		t.Errorf("%v, want ErrLocked", err)
	}
	f.Close()
	if d.Locked("0.seg") {
		t.Error("it is still locked")
	}
	if err := os.Chmod(filepath.Join(d.Path(), "0.seg"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Discard("0.seg"), d.DiscardID()); err != nil || len(names(t, d)) > 0 {
		t.Errorf("left %q, error %v", names(t, d), err)
	}
}

// A file that has the name by chance is not the spool's.
func TestDiscardID(t *testing.T) {
	for text, left := range map[string]int{"0123456789abcdef": 0, "user 4711 of another program": 1, "": 1} {
		d := openTemp(t)
		if err := os.WriteFile(filepath.Join(d.Path(), "id"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.DiscardID(); err != nil || len(names(t, d)) != left {
			t.Errorf("%q: left %q, error %v", text, names(t, d), err)
		}
	}
}

// A directory in RAM that others have made, or can write to, is not opened.
func TestFindHotTrustsNobody(t *testing.T) {
	const id = "0123456789abcdef"
	for _, test := range []struct {
		name string
		root bool
		make func(path string) error
		want string
	}{
		{"another user's", true, func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, nobody, nobody))
		}, "another user"},
		{"for all", false, func(path string) error { return makeMode(path, 0o777) }, "others can write"},
		{"link", false, func(path string) error { return os.Symlink(filepath.Dir(path), path) }, "symbolic link"},
		{"file", false, writeMode(0o600), "not a directory"},
		{"good", false, func(path string) error { return os.Mkdir(path, 0o700) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.root {
				needRoot(t, "give a directory to another user")
			}
			d, ram := openTemp(t), t.TempDir()
			if err := errors.Join(os.WriteFile(filepath.Join(d.Path(), "id"), []byte(id), 0o644), test.make(hotPath(ram, os.Geteuid(), id))); err != nil {
				t.Fatal(err)
			}
			hot, err := FindHot(inspect(t, d.Path()), ram)
			checkReason(t, err, test.want)
			if hot != nil {
				hot.Close()
			}
		})
	}
}

// Root finds that of the user whose spool it looks at.
func TestFindHotOfOwner(t *testing.T) {
	needRoot(t, "give a directory to another user")
	const id = "0123456789abcdef"
	d, ram := openTemp(t), t.TempDir()
	path := hotPath(ram, nobody, id)
	if err := errors.Join(os.WriteFile(filepath.Join(d.Path(), "id"), []byte(id), 0o600), os.Chown(d.Path(), nobody, nobody),
		os.Mkdir(path, 0o700), os.Chown(path, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	hot, err := FindHot(inspect(t, d.Path()), ram)
	if err != nil {
		t.Fatal(err)
	}
	defer hot.Close()
	if hot.Path() != path {
		t.Errorf("found %s, want %s", hot.Path(), path)
	}
}
