package spool_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// forgedDir has a segment whose second to fifth records have valid checksums and invalid
// contents.
func forgedDir(t *testing.T) *disk.Dir {
	t.Helper()
	records := []segment.Record{
		{Seq: 1, Time: 1763812800000, Size: 3, Payload: []byte("one")},
		{Seq: 2, Time: 1763812800000, Size: 4, Payload: []byte(`end\`)},
		{Seq: 3, Time: 1763812800000, Size: 9, Payload: []byte(`"},{"x":"`)},
		{Seq: 4, Time: -5, Level: 255, Size: 4, Payload: []byte("four")},
		{Seq: 5, Time: 1763812800000, Size: -1, Payload: []byte(`\u0000five`)},
		{Seq: 6, Time: 1763812800000, Size: 3, Payload: []byte("six")},
	}
	b, err := mendHeader.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, make([]byte, segment.AcksBytes)...)
	for i, r := range records {
		b = segment.AppendRecord(b, mendHeader.ID, int64(len(b)), uint32(i+1), r)
	}
	dir := repairDir(t, repairName, nil)
	if err := os.WriteFile(filepath.Join(dir.Path(), repairName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A forged record affects only itself.
func TestForgedRecords(t *testing.T) {
	dir := forgedDir(t)
	v, err := spool.Inspect(dir, repairName)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var seqs []uint64
	found, err := v.Scan(func(r segment.Record, _ bool) bool {
		seqs = append(seqs, r.Seq)
		if r.Time < 0 {
			t.Errorf("record %d has the time %d", r.Seq, r.Time)
		}
		return true
	})
	if err != nil || !slices.Equal(seqs, []uint64{1, 4, 5, 6}) {
		t.Errorf("found %v, error %v", seqs, err)
	}
	if found.Records != 4 || found.Lost != 2 || found.Damaged != 2 || len(found.Malformed) != 2 || found.Malformed[0] != segment.Start+40 {
		t.Errorf("found %+v", found)
	}

	var events []batch.Event
	damaged, err := orphanIn(t, dir, repairName).Scan(func(_ uint64, e batch.Event) bool {
		e.Wire = slices.Clone(e.Wire)
		events = append(events, e)
		return true
	})
	if err != nil || damaged != 2 || len(events) != 4 {
		t.Fatalf("%d events, %d damaged, error %v", len(events), damaged, err)
	}
	if got := string(events[1].Wire); got != `{"timestamp":0,"message":"four"}` || events[1].Time != 0 {
		t.Errorf("the event before 1970 is %s", got)
	}
	if events[2].Size != 5 {
		t.Errorf("the event of an impossible size has %d bytes", events[2].Size)
	}
}

func orphanIn(t *testing.T, dir *disk.Dir, name string) *spool.Orphan {
	t.Helper()
	on, err := spool.OnDisk(dir.Path(), func() (*disk.Dir, error) { return disk.OpenDir(dir.Path(), disk.Options{}) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := spool.OpenOrphan(on, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.Release()
		_ = on.Close()
	})
	return o
}

// An impossible number of records in the acks does not count as loss.
func TestImpossibleWrittenCount(t *testing.T) {
	dir := repairDir(t, repairName, func(b []byte) {
		acks := segment.Acks{Generation: 3, Written: math.MaxUint32}
		copy(b[segment.SlotOffset(3):], acks.EncodeSlot(mendHeader.ID))
	})
	v, err := spool.Inspect(dir, repairName)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	found, err := v.Scan(func(segment.Record, bool) bool { return true })
	if err != nil || found.Records != 3 || found.Lost != 0 || found.Damaged != 0 {
		t.Errorf("found %+v, error %v", found, err)
	}
	damaged, err := orphanIn(t, dir, repairName).Scan(func(uint64, batch.Event) bool { return true })
	if err != nil || damaged != 0 {
		t.Errorf("%d damaged, error %v", damaged, err)
	}
}

// A sparse file of any size takes no longer than a segment, and its partial read is reported.
func TestSparseSegment(t *testing.T) {
	const size = min(1<<42, math.MaxInt) // os.Root cannot open 2 GiB on 32-bit platforms
	dir := repairDir(t, repairName, nil)
	if err := os.Truncate(filepath.Join(dir.Path(), repairName), size); err != nil {
		t.Skip(err)
	}
	v, err := spool.Inspect(dir, repairName)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	found, err := v.Scan(func(segment.Record, bool) bool { return true })
	if !errors.Is(err, spool.ErrTooLarge) || found.Records != 3 {
		t.Errorf("found %+v, error %v", found, err)
	}
	n := 0
	if _, err := orphanIn(t, dir, repairName).Scan(func(uint64, batch.Event) bool { n++; return true }); !errors.Is(err, spool.ErrTooLarge) || n != 2 {
		t.Errorf("%d events, error %v", n, err)
	}
}

// A record after the last one counted by final acks is the remains of a failed write. Its event
// is in another segment, so it is neither shown nor sent.
func TestRecordsAfterFinalAcks(t *testing.T) {
	b, err := mendHeader.Encode()
	if err != nil {
		t.Fatal(err)
	}
	acks := segment.Acks{Generation: 1, Written: 2, Final: true}
	b = append(b, make([]byte, segment.AcksBytes)...)
	copy(b[segment.SlotOffset(1):], acks.EncodeSlot(mendHeader.ID))
	for seq := range uint64(3) {
		r := segment.Record{Seq: seq + 1, Time: 1763812800000, Size: 3, Payload: []byte("one")}
		b = segment.AppendRecord(b, mendHeader.ID, int64(len(b)), uint32(seq+1), r)
	}
	dir := repairDir(t, repairName, nil)
	if err := os.WriteFile(filepath.Join(dir.Path(), repairName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := spool.Inspect(dir, repairName)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var seqs []uint64
	found, err := v.Scan(func(r segment.Record, _ bool) bool {
		seqs = append(seqs, r.Seq)
		return true
	})
	if err != nil || !slices.Equal(seqs, []uint64{1, 2}) || found.Records != 2 || found.Lost != 0 {
		t.Errorf("found %v, %+v, %v", seqs, found, err)
	}
}
