//go:build linux

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
)

// openShared makes a directory in RAM.
func openShared(tb testing.TB) *Dir {
	tb.Helper()
	if v, err := volumeAt(sharedMemory); err != nil || v.kind != RAM {
		tb.Skip("there is no RAM file system at " + sharedMemory)
	}
	path, err := os.MkdirTemp(sharedMemory, "disk-test-")
	if err != nil {
		tb.Skipf("the RAM file system cannot be used: %v", err)
	}
	d, err := OpenDir(path, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := errors.Join(d.Close(), os.RemoveAll(path)); err != nil {
			tb.Error(err)
		}
	})
	return d
}

func mapNew(tb testing.TB, size int) (*Mapping, *File) {
	tb.Helper()
	d := openShared(tb)
	f, err := d.Create("0.hot", int64(size))
	if err != nil {
		tb.Fatal(err)
	}
	m, err := Map(f, size)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		m.Close()
		f.Close()
	})
	return m, f
}

func TestMapping(t *testing.T) {
	const size = 3*4096 - 8
	m, f := mapNew(t, size)
	if err := errors.Join(
		m.Write(0, []byte("first")),
		m.Write(4090, []byte("across pages")),
		m.Write(size-4, []byte("last")),
		m.Write(size, nil),
	); err != nil {
		t.Fatal(err)
	}
	checkContent(t, f, 0, "first\x00")
	checkContent(t, f, 4090, "across pages\x00")
	checkContent(t, f, size-5, "\x00last")
}

func TestMappingBounds(t *testing.T) {
	const size, most = 4096, int(^uint(0) >> 1)
	m, f := mapNew(t, size)
	for _, test := range []struct {
		name string
		err  error
	}{
		{"before the start", m.Write(-1, []byte("x"))},
		{"nothing, before the start", m.Write(-1, nil)},
		{"behind the end", m.Write(size, []byte("x"))},
		{"nothing, behind the end", m.Write(size+1, nil)},
		{"over the end", m.Write(size-1, []byte("xy"))},
		{"far", m.Write(most, []byte("xy"))},
		{"far before", m.Write(-most-1, []byte("xy"))},
	} {
		if !errors.Is(test.err, fs.ErrInvalid) {
			t.Errorf("%s: %v, want fs.ErrInvalid", test.name, test.err)
		}
	}
	checkContent(t, f, 0, strings.Repeat("\x00", size))

	if err := errors.Join(m.Close(), m.Close()); err != nil {
		t.Error(err)
	}
	if err := m.Write(0, []byte("x")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("after Close: %v, want fs.ErrInvalid", err)
	}
}

func TestMapRefuses(t *testing.T) {
	d := openShared(t)
	f := create(t, d, "0.hot", 8192)
	for _, size := range []int{-1, 0, 8193} {
		if _, err := Map(f, size); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("size %d: %v, want fs.ErrInvalid", size, err)
		}
	}
	f.Close()
	if _, err := Map(f, 4096); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed file: %v, want fs.ErrClosed", err)
	}
	r, err := d.Inspect("0.hot")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := Map(r, 4096); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file opened for reading: %v, want fs.ErrPermission", err)
	}
}

func TestMapRefusesDisks(t *testing.T) {
	d := openTemp(t)
	if d.FileSystem() == RAM {
		t.Skip("the temporary directory is in RAM")
	}
	f := create(t, d, "0.seg", 4096)
	defer f.Close()
	if _, err := Map(f, 4096); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Map: %v, want errors.ErrUnsupported", err)
	}
}

func checkFaults(t *testing.T, m *Mapping, off int) {
	t.Helper()
	if err := m.Write(off, []byte("event")); !errors.Is(err, ErrFault) || !strings.Contains(err.Error(), "0.hot") {
		t.Errorf("a store into a page that has gone: %v, want ErrFault", err)
	}
	if debug.SetPanicOnFault(false) {
		t.Error("faults are still panics after a store")
	}
}

// Someone truncates the file: an error and not a crash, and what is left can
// still be written.
func TestTruncatedMapping(t *testing.T) {
	m, f := mapNew(t, 8192)
	if err := os.Truncate(filepath.Join(f.dir.Path(), "0.hot"), 4096); err != nil {
		t.Fatal(err)
	}
	checkFaults(t, m, 4096)
	if err := m.Write(4090, []byte("both pages")); !errors.Is(err, ErrFault) {
		t.Errorf("a store into both pages: %v, want ErrFault", err)
	}
	if err := m.Write(0, []byte("event")); err != nil {
		t.Errorf("a store into the page that is left: %v", err)
	}
	checkContent(t, f, 0, "event")
	if err := f.Intact(); !errors.Is(err, ErrTruncated) {
		t.Errorf("Intact() = %v, want ErrTruncated", err)
	}
}

// A goroutine that has faults as panics keeps it so.
func TestPanicOnFaultIsLeftAsItWas(t *testing.T) {
	m, _ := mapNew(t, 4096)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := m.Write(0, []byte("event")); err != nil {
		t.Fatal(err)
	}
	if !debug.SetPanicOnFault(true) {
		t.Error("faults are no longer panics after a store")
	}
}

// There is no page left for a file that was not reserved.
func TestSparseMappingOnFullFileSystem(t *testing.T) {
	d := mount(t, "tmpfs", "size=16384,")
	create(t, d, "0.hot", 0).Close()
	if err := os.Truncate(filepath.Join(d.Path(), "0.hot"), 64*4096); err != nil {
		t.Fatal(err)
	}
	f, err := d.Open("0.hot")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := Map(f, 64*4096)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for page := 0; err == nil && page < 64; page++ {
		err = m.Write(page*4096, []byte("event"))
	}
	if !errors.Is(err, ErrFault) {
		t.Errorf("stores into more pages than there are: %v, want ErrFault", err)
	}
	checkFaults(t, m, 63*4096)
}

// The mapping outlives the file that was closed, and has its lock.
func TestMappingKeepsTheLock(t *testing.T) {
	m, f := mapNew(t, 4096)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(0, []byte("event")); err != nil {
		t.Error(err)
	}
	if _, err := f.dir.Open("0.hot"); !errors.Is(err, ErrLocked) {
		t.Errorf("Open: %v, want ErrLocked", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := f.dir.Open("0.hot")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkContent(t, f, 0, "event")
}

// The kernel says of the mapping that all its pages are present, that it is
// shared, and that it is not dumped.
func TestMappingInKernel(t *testing.T) {
	const size = 1 << 20
	m, f := mapNew(t, size)
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skipf("the kernel does not say: %v", err)
	}
	_, about, found := strings.Cut(string(smaps), filepath.Join(f.dir.Path(), "0.hot")+"\n")
	if !found {
		t.Fatal("there is no such mapping")
	}
	var rss int
	var flags []string
	for line := range strings.Lines(about) {
		fmt.Sscanf(line, "Rss: %d kB", &rss)
		if value, ok := strings.CutPrefix(line, "VmFlags:"); ok {
			flags = strings.Fields(value)
			break
		}
	}
	if rss != size>>10 {
		t.Errorf("%d KiB of %d are present", rss, size>>10)
	}
	for _, flag := range []string{"sh", "dd"} {
		if !strings.Contains(" "+strings.Join(flags, " ")+" ", " "+flag+" ") {
			t.Errorf("the flags are %v, without %s", flags, flag)
		}
	}
	if err := m.Write(0, []byte("event")); err != nil {
		t.Error(err)
	}
}

// Nothing of the mapped memory leaves the package: all that the methods
// return is an error, and there are no exported fields.
func TestMappingGivesNothingOut(t *testing.T) {
	mapping := reflect.TypeFor[*Mapping]()
	for m := range mapping.NumMethod() {
		method := mapping.Method(m)
		for i := range method.Type.NumOut() {
			if out := method.Type.Out(i); out != reflect.TypeFor[error]() {
				t.Errorf("%s returns %v", method.Name, out)
			}
		}
	}
	for i := range mapping.Elem().NumField() {
		if field := mapping.Elem().Field(i); field.IsExported() {
			t.Errorf("field %s is exported", field.Name)
		}
	}
}

// With the guard against faults, next to a plain copy.
func BenchmarkMappingWrite(b *testing.B) {
	const size = 4 << 20
	m, _ := mapNew(b, size)
	p := bytes.Repeat([]byte("x"), 300)
	next := func(off int) int {
		if off += 304; off > size-304 {
			off = 0
		}
		return off
	}
	b.Run("Write", func(b *testing.B) {
		for off := 0; b.Loop(); off = next(off) {
			if err := m.Write(off, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		for off := 0; b.Loop(); off = next(off) {
			copy(m.memory[off:], p)
		}
	})
}

// What a log call costs in direct mode, at the least.
func BenchmarkFileWriteAt(b *testing.B) {
	d, err := OpenDir(b.TempDir(), Options{AllowRemote: true})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	const size = 8 << 20
	f, err := d.Create("0.seg", size)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	p := bytes.Repeat([]byte("x"), 300)
	for off := int64(0); b.Loop(); off = (off + 304) % (size - 304) {
		if _, err := f.WriteAt(p, off); err != nil {
			b.Fatal(err)
		}
	}
}
