package segment_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

var little = binary.LittleEndian

// checksum returns the CRC-32C of b without the four bytes at field, as docs/spool-format.md
// defines it.
func checksum(b []byte, field int) uint32 {
	return crc32.Checksum(slices.Concat(b[:field], b[field+4:]), crc32.MakeTable(crc32.Castagnoli))
}

func saltOf(id uint64, offset int64) uint32 { return uint32(id) ^ uint32(id>>32) ^ uint32(offset/8) }

// stored is a record and its offsets in the file.
type stored struct {
	segment.Record
	number   uint32
	from, to int64
}

// file is a segment as a process leaves it, with its expected contents.
type file struct {
	bytes   []byte
	header  segment.Header
	records []stored
	acked   segment.Ranges // in the newer slot
	before  segment.Ranges // in the older slot
	written [2]uint32      // in the slots, newer first
	older   [][]byte       // earlier states of bytes
}

// newFile creates a segment of size bytes and leaves the last empty bytes of it zero.
func newFile(t testing.TB, rng *rand.Rand, size, empty int) *file {
	t.Helper()
	f := &file{
		bytes: make([]byte, size),
		header: segment.Header{
			ID: rng.Uint64(), Producer: rng.Uint64(), Number: 7, Created: time.UnixMilli(1763812800123).UTC(),
			Boot: "b", PID: 4711, Program: "test", Writer: "v1", Region: "eu-central-1", Group: "group", Stream: "stream",
		},
	}
	snapshot := func() { f.older = append(f.older, bytes.Clone(f.bytes)) }
	snapshot()
	page, err := f.header.Encode()
	if err != nil {
		t.Fatal(err)
	}
	copy(f.bytes, page)
	snapshot()
	acks, seq, generation := segment.Acks{}, rng.Uint64N(1000), uint64(0)
	writeAcks := func() {
		generation++
		acks.Generation, acks.Written = generation, uint32(len(f.records))
		copy(f.bytes[segment.SlotOffset(generation):], acks.EncodeSlot(f.header.ID))
		f.before, f.acked = f.acked, slices.Clone(acks.Acked)
		f.written = [2]uint32{acks.Written, f.written[0]}
	}
	for at := int64(segment.Start); ; {
		r := randomRecord(rng)
		seq += 1 + rng.Uint64N(3)*rng.Uint64N(2)
		r.Seq = seq
		record := segment.AppendRecord(nil, f.header.ID, at, uint32(len(f.records)+1), r)
		if int(at)+len(record) > size-empty {
			break
		}
		copy(f.bytes[at:], record)
		f.records = append(f.records, stored{r, uint32(len(f.records) + 1), at, at + int64(len(record))})
		at += int64(len(record))
		if rng.IntN(3) == 0 {
			from := seq - rng.Uint64N(min(seq, 100))
			acks.Acked.Add(from, from+1+rng.Uint64N(seq+1-from))
		}
		if rng.IntN(12) == 0 {
			writeAcks()
		}
		if rng.IntN(40) == 0 {
			snapshot()
		}
	}
	writeAcks()
	return f
}

// randomRecord has escaped text as its payload, usually a few hundred bytes.
func randomRecord(rng *rand.Rand) segment.Record {
	const text = `{\"time\":\"2026-11-22T12:00:00Z\",\"msg\":\"größer \u0000 als\"} and so on: 0123456789abcdef`
	size := 1 + rng.IntN(450)
	if rng.IntN(8) == 0 {
		size = 1 + rng.IntN(20)
	}
	payload := make([]byte, size)
	for i, from := 0, rng.IntN(len(text)); i < size; i++ {
		payload[i] = text[(from+i)%len(text)]
	}
	return segment.Record{
		Time: 1763812800000 + rng.Int64N(1e9), Level: uint8(rng.IntN(5)), Size: rng.IntN(1 << 20), Payload: payload,
	}
}

func (f *file) id() uint64 { return f.header.ID }

// scan returns the records found in a file with those bytes.
func (f *file) scan(damaged []byte) (found []stored) {
	s := segment.NewScanner(bytes.NewReader(damaged), int64(len(damaged)), f.id())
	for s.Next() {
		r := s.Record()
		r.Payload = bytes.Clone(r.Payload)
		found = append(found, stored{r, s.Number(), s.Offset(), s.Offset() + int64(segment.Length(len(r.Payload)))})
	}
	return found
}

// check verifies the guarantee for a damaged file: exactly the records whose bytes are
// unchanged are found, and the number of the others is right.
func (f *file) check(damaged []byte) error {
	_, err := f.checkRecords(damaged, uint32(len(f.records)), func(r stored) bool {
		return r.to <= int64(len(damaged)) && bytes.Equal(damaged[r.from:r.to], f.bytes[r.from:r.to])
	})
	return err
}

// checkRecords is like check for a caller that knows which records are intact. It returns how
// many are lost.
func (f *file) checkRecords(damaged []byte, written uint32, intact func(stored) bool) (lost int, err error) {
	s := segment.NewScanner(bytes.NewReader(damaged), int64(len(damaged)), f.id())
	found := 0
	for _, want := range f.records {
		if !intact(want) {
			continue
		}
		if !s.Next() {
			return 0, fmt.Errorf("record %d at %d was not found", want.number, want.from)
		}
		if err := same(stored{s.Record(), s.Number(), s.Offset(), 0}, want); err != nil {
			return 0, err
		}
		found++
	}
	if s.Next() {
		return 0, fmt.Errorf("invented at %d: %+v", s.Offset(), s.Record())
	}
	lost = s.Lost() + s.Missing(written, int64(len(f.bytes)))
	if lost != len(f.records)-found {
		return 0, fmt.Errorf("%d of %d records found, but %d reported lost", found, len(f.records), lost)
	}
	return lost, nil
}

func same(got, want stored) error {
	if got.Seq != want.Seq || got.Time != want.Time || got.Level != want.Level || got.Size != want.Size ||
		got.number != want.number || got.from != want.from || !bytes.Equal(got.Payload, want.Payload) {
		return fmt.Errorf("found %+v, want %+v", got, want)
	}
	return nil
}

// checkAcks verifies that no event counts as acknowledged that was not.
func (f *file) checkAcks(damaged []byte) error {
	if len(damaged) < segment.Start {
		return nil
	}
	a := segment.DecodeAcks(damaged[segment.HeaderBytes:segment.Start], f.id())
	for _, r := range a.Acked {
		if !f.acked.Covers(r.From, r.To) {
			return fmt.Errorf("%v counts as acknowledged, but is not in %v", r, f.acked)
		}
	}
	if a.Written > uint32(len(f.records)) {
		return fmt.Errorf("Written is %d, want at most %d", a.Written, len(f.records))
	}
	return nil
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
