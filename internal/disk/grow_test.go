package disk

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
)

// TestSpaceFollowsSize has a file take the space of its size, and no more than that once
// it was trimmed or has holes.
func TestSpaceFollowsSize(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere no space is reserved")
	}
	d := openTemp(t)
	f, err := d.Create("file", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	takes := func(after string, size, bytes int64) {
		t.Helper()
		if err := f.Intact(); err != nil {
			t.Errorf("%s: %v", after, err)
		}
		list, err := d.List()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || f.Size() != size || list[0].Size != size || list[0].Bytes != bytes {
			t.Errorf("%s: size %d, and %+v; want a size of %d and %d bytes", after, f.Size(), list, size, bytes)
		}
	}
	do := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	const page = PageBytes
	takes("Create", 0, 0)
	do("Grow", f.Grow(4*page))
	takes("Grow", 4*page, 4*page)
	do("Grow to less", f.Grow(page))
	takes("Grow to less", 4*page, 4*page)
	_, err = f.WriteAt(bytes.Repeat([]byte{1}, 4*page), 0)
	do("WriteAt", err)
	do("Punch", f.Punch(page, 3*page))
	takes("Punch", 4*page, 2*page)
	got := make([]byte, 4*page)
	if _, err := f.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	want := append(bytes.Repeat([]byte{1}, page), make([]byte, 2*page)...)
	if want = append(want, want[:page]...); !bytes.Equal(got, want) {
		t.Error("a hole reads as something else than zeros, or it is elsewhere")
	}
	do("Trim", f.Trim(page))
	takes("Trim", page, page)
}

func BenchmarkList(b *testing.B) {
	d, err := OpenDir(b.TempDir(), Options{AllowRemote: true})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for n := range 10_000 {
		f, err := d.Create(fmt.Sprintf("%016x-00000001.seg", n), 100)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
	for b.Loop() {
		if _, err := d.List(); err != nil {
			b.Fatal(err)
		}
	}
}
