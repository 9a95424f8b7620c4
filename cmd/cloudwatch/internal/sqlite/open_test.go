package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// filled returns a directory with a store that has been closed, and what is in
// it.
func filled(t *testing.T) (dir string, events []logstore.Event) {
	t.Helper()
	dir = t.TempDir()
	s, err := sqlite.Open(dir)
	must(t, err)
	must(t, s.CreateGroup(logstore.Group{Name: "g", Class: "STANDARD", Retention: 7, Tags: map[string]string{"k": "v"}}))
	must(t, s.CreateStream("g", "s", 1))
	_, err = s.Append("g", "s", 5, []logstore.NewEvent{{Timestamp: 10, Message: "one"}, {Timestamp: 20, Message: "two"}})
	must(t, err)
	_, err = s.Append("g", "s", 6, []logstore.NewEvent{{Timestamp: 15, Message: "three"}})
	must(t, err)
	events, err = s.Arrived("g", "s")
	must(t, err)
	must(t, s.Close())
	return dir, events
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Everything is there again, with the same numbers, and numbers go on, also
// when the last event is gone.
func TestReopen(t *testing.T) {
	dir, events := filled(t)
	s := open(t, dir)
	got, err := s.Arrived("g", "s")
	must(t, err)
	if !reflect.DeepEqual(got, events) {
		t.Errorf("got %+v, want %+v", got, events)
	}
	g, err := s.Group("g")
	must(t, err)
	if want := (logstore.Group{Name: "g", Class: "STANDARD", Retention: 7, Tags: map[string]string{"k": "v"}}); !reflect.DeepEqual(g, want) {
		t.Errorf("got %+v, want %+v", g, want)
	}
	must(t, s.DeleteStream("g", "s", func(logstore.Group) error { return nil }))
	must(t, s.Close())
	s = open(t, dir)
	must(t, s.CreateStream("g", "s", 1))
	last, err := s.Append("g", "s", 7, []logstore.NewEvent{{Timestamp: 1, Message: "m"}})
	must(t, err)
	if last != 4 {
		t.Errorf("number %d after three events and a restart", last)
	}
}

func TestOneProcess(t *testing.T) {
	dir, _ := filled(t)
	s := open(t, dir)
	if _, err := sqlite.Open(dir); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	must(t, s.Close())
	open(t, dir)
}

// Nobody else can read the events, whatever the umask is.
func TestModes(t *testing.T) {
	old := umask(0)
	defer umask(old)
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, dir)
	must(t, s.CreateGroup(logstore.Group{Name: "g"}))
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) < 3 {
		t.Errorf("only %v", files)
	}
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestUnsafeDirectory(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o777))
	_, err := sqlite.Open(dir)
	if _, ok := errors.AsType[*disk.UnsafeError](err); !ok {
		t.Errorf("a directory that others may write to: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: a directory of somebody else")
	}
	must(t, os.Chmod(dir, 0o700))
	must(t, os.Chown(dir, 12345, -1))
	_, err = sqlite.Open(dir)
	if _, ok := errors.AsType[*disk.UnsafeError](err); !ok {
		t.Errorf("a directory of somebody else: %v", err)
	}
}

// What is not ours, or is damaged, is told and left as it is.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(database []byte) []byte
		want string
	}{
		{"newer", func(b []byte) []byte { b[63]++; return b }, "has schema version 2, newer than the 1 this program knows, and is left as it is: use a newer cloudwatch"},
		{"another program's", func(b []byte) []byte { b[68]++; return b }, "is a database of another program"},
		{"no database", func([]byte) []byte { return []byte("What is this, a text for ants?") }, "is no SQLite database"},
		{"half a header", func(b []byte) []byte { return b[:50] }, "is no SQLite database"},
		{"cut", func(b []byte) []byte { return b[:16<<10] }, "malformed"},
		{"zeros in the schema", func(b []byte) []byte { clear(b[100 : 16<<10]); return b }, "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, _ := filled(t)
			path := filepath.Join(dir, "logs.db")
			b, err := os.ReadFile(path)
			must(t, err)
			harmed := test.harm(b)
			must(t, os.WriteFile(path, harmed, 0o600))
			_, err = sqlite.Open(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			now, err := os.ReadFile(path)
			must(t, err)
			if !bytes.Equal(now, harmed) {
				t.Error("the file was changed")
			}
		})
	}
}

// A page that is damaged is told when it is read, and what is not on it is
// still there.
func TestDamagedPage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, g := range []string{"a", "b"} {
		must(t, s.CreateGroup(logstore.Group{Name: g}))
		must(t, s.CreateStream(g, "s", 1))
		_, err := s.Append(g, "s", 1, []logstore.NewEvent{{Timestamp: 1, Message: strings.Repeat(g, 100_000)}})
		must(t, err)
	}
	must(t, s.Close())
	path := filepath.Join(dir, "logs.db")
	b, err := os.ReadFile(path)
	must(t, err)
	at := bytes.Index(b, bytes.Repeat([]byte("a"), 1000)) &^ (16<<10 - 1)
	clear(b[at : at+16<<10]) // the first page of the message, and the other's record
	must(t, os.WriteFile(path, b, 0o600))
	s = open(t, dir)
	if _, err := s.Arrived("a", "s"); err == nil || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("a damaged page reads as %v", err)
	}
	if _, err := s.Group("b"); err != nil {
		t.Errorf("another page cannot be read: %v", err)
	}
}
