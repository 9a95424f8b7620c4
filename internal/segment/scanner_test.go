package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// place is a record with a valid checksum, placed by the test.
type place struct {
	at     int64
	number uint32
	seq    uint64
}

// written returns a file with such records, each with one byte of payload.
func written(size int, places ...place) []byte {
	b := make([]byte, size)
	for _, p := range places {
		copy(b[p.at:], segment.AppendRecord(nil, 99, p.at, p.number, segment.Record{Seq: p.seq, Payload: []byte("x")}))
	}
	return b
}

// A record that is out of order, or further ahead than the room before it allows, is not
// plausible.
func TestImplausibleRecordsAreSkipped(t *testing.T) {
	const first, next = segment.Start, segment.Start + 40
	for _, test := range []struct {
		name   string
		places []place
		found  []uint32
		lost   int
	}{
		{"in order", []place{{first, 1, 5}, {next, 2, 6}}, []uint32{1, 2}, 0},
		{"gap of sequence numbers", []place{{first, 1, 5}, {next, 2, 1 << 60}}, []uint32{1, 2}, 0},
		{"room for one between", []place{{first, 1, 5}, {next + 40, 3, 7}}, []uint32{1, 3}, 1},
		{"room for one, two missing", []place{{first, 1, 5}, {next + 40, 4, 9}}, []uint32{1}, 0},
		{"less room than a record needs", []place{{first, 1, 5}, {next + 32, 3, 7}}, []uint32{1}, 0},
		{"room, but not the sequence numbers", []place{{first, 1, 5}, {next + 40, 3, 6}}, []uint32{1}, 0},
		{"no room at all", []place{{first, 1, 5}, {next, 3, 7}}, []uint32{1}, 0},
		{"unused room", []place{{first, 1, 5}, {next + 4000, 2, 6}}, []uint32{1, 2}, 0},
		{"first record missing", []place{{next, 2, 6}}, []uint32{2}, 1},
		{"first record numbered 2", []place{{first, 2, 6}}, nil, 0},
		{"number repeated", []place{{first, 1, 5}, {next, 1, 6}}, []uint32{1}, 0},
		{"number going back", []place{{next, 2, 5}, {next + 40, 1, 6}}, []uint32{2}, 1},
		{"sequence number repeated", []place{{first, 1, 5}, {next, 2, 5}}, []uint32{1}, 0},
		{"sequence number going back", []place{{first, 1, 5}, {next, 2, 4}}, []uint32{1}, 0},
		{"number 0", []place{{first, 0, 5}, {next, 1, 6}}, []uint32{1}, 0},
		{"sequence number 0", []place{{first, 1, 0}, {next, 1, 6}}, []uint32{1}, 0},
		{"implausible record before a valid one", []place{{first, 1, 5}, {next, 3, 9}, {next + 40, 2, 6}}, []uint32{1, 2}, 0},
		{"last possible offset", []place{{segment.Start + 8192 - 40, 1, 1}}, []uint32{1}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := written(segment.Start+8192, test.places...)
			s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
			var found []uint32
			for s.Next() {
				found = append(found, s.Number())
			}
			if !slices.Equal(found, test.found) || s.Lost() != test.lost {
				t.Errorf("found %v, lost %d; want %v, %d", found, s.Lost(), test.found, test.lost)
			}
			if want := 40 * int64(len(test.places)-len(test.found)); s.Skipped() > want || (s.Skipped() == 0) != (want == 0) {
				t.Errorf("skipped %d bytes of %d", s.Skipped(), want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	b := written(segment.Start+400, place{segment.Start, 1, 1}, place{segment.Start + 80, 3, 3})
	s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
	for s.Next() {
	}
	for hint, want := range map[uint32]int{0: 0, 2: 0, 3: 0, 4: 1, 10: 7} {
		if got := s.Missing(hint, 0); got != want || s.Lost() != 1 {
			t.Errorf("%d written: %d missing, %d lost; want %d, 1", hint, got, s.Lost(), want)
		}
	}
}

// A record number that the file never had room for is ignored.
func TestMissingIgnoresImpossibleNumbers(t *testing.T) {
	const size, made = segment.Start + 120, segment.Start + 400 // truncated after the last record
	b := written(size, place{segment.Start, 1, 1}, place{segment.Start + 80, 3, 3})
	s := segment.NewScanner(bytes.NewReader(b), size, 99)
	for s.Next() {
	}
	for _, test := range []struct {
		written uint32
		made    int64
		want    int
	}{
		{4, size, 0}, {10, made, 7}, {11, made, 0}, {math.MaxUint32, made, 0}, {math.MaxUint32, math.MaxInt64, 0}, {4, math.MinInt64, 0},
	} {
		if got := s.Missing(test.written, test.made); got != test.want {
			t.Errorf("%d written, made with %d bytes: %d missing, want %d", test.written, test.made, got, test.want)
		}
	}
}

// zeros is a sparse file of any size.
type zeros struct{ read int64 }

func (z *zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	z.read += int64(len(p))
	return len(p), nil
}

func TestReadingASparseFileIsBounded(t *testing.T) {
	var file zeros
	s := segment.NewScanner(&file, math.MaxInt64, 99)
	if s.Next() || s.Err() != nil || s.Skipped() != 0 {
		t.Errorf("found %+v, skipped %d, %v", s.Record(), s.Skipped(), s.Err())
	}
	if file.read > segment.MaxFileBytes {
		t.Errorf("read %d bytes", file.read)
	}
}

// Ranges of sequence numbers are half-open, so the largest number does not fit in one.
func TestLargestSequenceNumber(t *testing.T) {
	b := written(segment.Start+400, place{segment.Start, 1, math.MaxUint64}, place{segment.Start + 40, 1, math.MaxUint64 - 1})
	s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
	if !s.Next() || s.Record().Seq != math.MaxUint64-1 || s.Next() {
		t.Errorf("found %+v", s.Record())
	}
}

func TestEmptySegments(t *testing.T) {
	for _, size := range []int{0, 1, segment.Start, segment.Start + 1, segment.Start + 31, segment.Start + 32, segment.Start + 39, 1 << 20} {
		for name, b := range map[string][]byte{"zeros": make([]byte, size), "noise": bytes.Repeat([]byte{0xa5}, size)} {
			s := segment.NewScanner(bytes.NewReader(b), int64(size), 99)
			for range 2 { // it stays at the end
				if s.Next() || s.Lost() != 0 || s.Err() != nil {
					t.Errorf("%d bytes of %s: %+v, lost %d, %v", size, name, s.Record(), s.Lost(), s.Err())
				}
			}
			if want := name == "noise" && size >= segment.Start+32; (s.Skipped() > 0) != want {
				t.Errorf("%d bytes of %s: %d skipped", size, name, s.Skipped())
			}
		}
	}
}

// TestRecordSizes has records larger than the window, and window boundaries everywhere inside
// records.
func TestRecordSizes(t *testing.T) {
	for _, sizes := range [][]int{
		{segment.MaxPayload, 1, segment.MaxPayload, 300 << 10, 1},
		{255 << 10, 2, 256 << 10, 3, 257 << 10, 4, 512 << 10, 5, 513 << 10, 6},
		slices.Repeat([]int{1, 100_000, 7, 3000}, 20),
		slices.Repeat([]int{777}, 3000),
	} {
		b := make([]byte, segment.Start)
		for i, size := range sizes {
			payload := bytes.Repeat([]byte{'a' + byte(i%26)}, size)
			b = segment.AppendRecord(b, 99, int64(len(b)), uint32(i+1), segment.Record{Seq: uint64(i + 1), Payload: payload})
		}
		r := &counting{ReaderAt: bytes.NewReader(b)}
		s := segment.NewScanner(r, int64(len(b)), 99)
		for i, size := range sizes {
			if !s.Next() {
				t.Fatalf("record %d of %d bytes not found", i, size)
			}
			if p := s.Record().Payload; len(p) != size || len(bytes.Trim(p, string('a'+rune(i%26)))) > 0 {
				t.Fatalf("record %d: %d bytes, want %d", i, len(p), size)
			}
		}
		if s.Next() || s.Lost() != 0 || s.Skipped() != 0 || s.Err() != nil {
			t.Errorf("lost %d, skipped %d, %v", s.Lost(), s.Skipped(), s.Err())
		}
		if want := int64(len(b)) - segment.Start; r.bytes != want {
			t.Errorf("%d bytes read of %d", r.bytes, want)
		}
	}
}

// TestInvalidLengths tries 0, which means no record, and one more than MaxPayload. Everything
// else is valid.
func TestInvalidLengths(t *testing.T) {
	for _, length := range []int{0, segment.MaxPayload + 1} {
		b := make([]byte, segment.Start)
		for number, payload := range [][]byte{[]byte("x"), make([]byte, max(length, 1)), []byte("x")} {
			b = segment.AppendRecord(b, 99, int64(len(b)), uint32(number+1), segment.Record{Seq: uint64(number + 1), Payload: payload})
		}
		at := segment.Start + segment.Length(1)
		end := at + (segment.RecordBytes+length+7)&^7
		little.PutUint32(b[at:], uint32(length))
		little.PutUint32(b[at+4:], checksum(b[at:end], 4)^saltOf(99, int64(at)))
		s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
		var found []uint32
		for s.Next() {
			found = append(found, s.Number())
		}
		if !slices.Equal(found, []uint32{1, 3}) || s.Lost() != 1 {
			t.Errorf("%d: found %v, lost %d", length, found, s.Lost())
		}
	}
}

// counting counts the bytes read.
type counting struct {
	io.ReaderAt
	bytes int64
	calls int
}

func (r *counting) ReadAt(p []byte, off int64) (n int, err error) {
	n, err = r.ReaderAt.ReadAt(p, off)
	r.bytes, r.calls = r.bytes+int64(n), r.calls+1
	return n, err
}

func TestResume(t *testing.T) {
	f := newFile(t, newRand(3), 64<<10, 100)
	s := segment.NewScanner(bytes.NewReader(f.bytes), int64(len(f.bytes)), f.id())
	for i := len(f.records) - 1; i >= 0; i-- { // then forward from each of them
		s.Resume(f.records[i].from, f.records[i].number, f.records[i].Seq)
		for _, want := range f.records[i:] {
			if !s.Next() {
				t.Fatalf("resumed at record %d, record %d not found", i, want.number)
			}
			if err := same(stored{s.Record(), s.Number(), s.Offset(), 0}, want); err != nil {
				t.Fatalf("resumed at record %d: %v", i, err)
			}
		}
		if s.Next() || s.Lost() != 0 || s.Skipped() != 0 {
			t.Fatalf("resumed at record %d: lost %d, skipped %d", i, s.Lost(), s.Skipped())
		}
	}
	// The record to resume at is damaged.
	f.bytes[f.records[4].from+33] ^= 1
	s.Resume(f.records[4].from, f.records[4].number, f.records[4].Seq)
	if !s.Next() || s.Number() != f.records[5].number || s.Lost() != 1 {
		t.Errorf("number %d, lost %d", s.Number(), s.Lost())
	}
}

// badDisk fails to read some pages.
type badDisk struct {
	b     []byte
	bad   map[int64]bool
	calls int
}

var errDisk = errors.New("input/output error")

func (d *badDisk) ReadAt(p []byte, off int64) (n int, err error) {
	d.calls++
	for n < len(p) {
		at := off + int64(n)
		if d.bad[at/4096] {
			return n, errDisk
		}
		if at >= int64(len(d.b)) {
			return n, io.EOF
		}
		n += copy(p[n:min(int64(len(p)), int64(n)+4096-at%4096)], d.b[at:])
	}
	return n, nil
}

func TestUnreadablePages(t *testing.T) {
	f := newFile(t, newRand(4), 600<<10, 100)
	pages := int64(len(f.bytes) / 4096)
	cases := [][]int64{{10, 12}, {20, 21, 22}, {6, 64, 65, 70, 71, 72, 73}, {69, 70, pages - 1}}
	for page := int64(segment.Start / 4096); page < pages; page++ { // windows end in some of them
		cases = append(cases, []int64{page})
	}
	for _, bad := range cases {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			d := &badDisk{b: f.bytes, bad: map[int64]bool{}}
			zeroed := bytes.Clone(f.bytes)
			for _, page := range bad {
				d.bad[page] = true
				clear(zeroed[page*4096:][:4096])
			}
			want := segment.NewScanner(bytes.NewReader(zeroed), int64(len(zeroed)), f.id())
			s := segment.NewScanner(d, int64(len(f.bytes)), f.id())
			found := 0
			for ; want.Next(); found++ {
				if !s.Next() {
					t.Fatalf("record %d not found", want.Number())
				}
				if err := same(stored{s.Record(), s.Number(), s.Offset(), 0}, stored{want.Record(), want.Number(), want.Offset(), 0}); err != nil {
					t.Fatal(err)
				}
			}
			if s.Next() {
				t.Fatalf("invented: %+v", s.Record())
			}
			if lost := s.Lost() + s.Missing(uint32(len(f.records)), int64(len(f.bytes))); lost != len(f.records)-found || s.Skipped() != want.Skipped() {
				t.Errorf("%d of %d found, %d lost, %d bytes skipped, want %d", found, len(f.records), lost, s.Skipped(), want.Skipped())
			}
			if !errors.Is(s.Err(), errDisk) {
				t.Errorf("Err: %v", s.Err())
			}
		})
	}
}

// TestBrokenDisk checks that scanning stops, and that the records before are found.
func TestBrokenDisk(t *testing.T) {
	f := newFile(t, newRand(4), 600<<10, 100)
	d := &badDisk{b: f.bytes, bad: map[int64]bool{}}
	for page := int64(20); page < 1000; page++ {
		d.bad[page] = true
	}
	s := segment.NewScanner(d, int64(len(f.bytes)), f.id())
	found := 0
	for s.Next() {
		found++
	}
	if s.Offset() < 19*4096 || s.Offset() >= 20*4096 || found != int(s.Number()) {
		t.Errorf("%d found, the last at %d", found, s.Offset())
	}
	if d.calls > 20 || !errors.Is(s.Err(), errDisk) {
		t.Errorf("%d reads, %v", d.calls, s.Err())
	}
}

// TestFileTruncatedWhileScanning truncates the file after the scanner was made.
func TestFileTruncatedWhileScanning(t *testing.T) {
	f := newFile(t, newRand(5), 600<<10, 100)
	for size := 0; size < len(f.bytes); size += 9999 {
		s := segment.NewScanner(bytes.NewReader(f.bytes[:size]), int64(len(f.bytes)), f.id())
		found := 0
		for s.Next() {
			found++
		}
		want := f.scan(f.bytes[:size])
		if found != len(want) || s.Lost() != 0 || s.Err() != nil {
			t.Errorf("%d bytes: %d of %d found, lost %d, %v", size, found, len(want), s.Lost(), s.Err())
		}
	}
}
