package spool_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// growing encodes a growing segment with that many zeros at its end.
func growing(t testing.TB, acks segment.Acks, events []int, zeros int) []byte {
	t.Helper()
	h := orphanHeader
	h.Grows, h.Size = true, segment.Start
	data, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, make([]byte, segment.AcksBytes)...)
	if acks.Generation > 0 {
		copy(data[segment.SlotOffset(acks.Generation):], acks.EncodeSlot(h.ID))
	}
	for i, n := range events {
		e := event(n)
		r := segment.Record{Seq: uint64(n), Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: batch.Message(e.Wire)}
		data = segment.AppendRecord(data, h.ID, int64(len(data)), uint32(i+1), r)
	}
	return append(data, make([]byte, zeros)...)
}

func (m *machine) openOrphan() *spool.Orphan {
	m.t.Helper()
	o, err := spool.OpenOrphan(m.disk.open(newProcess()), orphanName)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(o.Release)
	return o
}

func final(written int, acked ...segment.Range) segment.Acks {
	return segment.Acks{Generation: 1, Written: uint32(written), Final: true, Acked: acked}
}

// TestGrowingSegment checks that missing records are reported or counted, whatever they were.
func TestGrowingSegment(t *testing.T) {
	intact := growing(t, segment.Acks{}, span(1, 5), 4096)
	for _, row := range []struct {
		rule           string
		data           []byte
		left           int // events found
		damaged        int
		short, emptied bool
	}{
		{"intact", intact, 5, 0, false, false},
		{"truncated after a record", growing(t, segment.Acks{}, span(1, 5), 0), 5, 0, true, false},
		{"eight zeros are enough", growing(t, segment.Acks{}, span(1, 5), 8), 5, 0, false, false},
		{"truncated in a record", intact[:segment.Start+200], 1, 0, true, false},
		{"final and trimmed", growing(t, final(5), span(1, 5), 0), 5, 0, false, false},
		{"final, one record missing", growing(t, final(5), span(1, 4), 0), 4, 1, false, false},
		{"no records", growing(t, segment.Acks{}, nil, 4096), 0, 1, false, true},
		{"no records, no room for one", growing(t, segment.Acks{}, nil, 0), 0, 1, false, true},
		{"no records, number known from acks", growing(t, segment.Acks{Generation: 1, Written: 21}, nil, 4096), 0, 21, false, false},
		{"no records, all acknowledged", growing(t, segment.Acks{Generation: 1, Written: 5, Acked: segment.Ranges{{From: 1, To: 6}}}, nil, 4096), 0, 0, false, false},
		{"never written", growing(t, final(0), nil, 0), 0, 0, false, false},
	} {
		m := newMachine(t)
		m.disk.put(orphanName, slices.Clone(row.data))
		o := m.openOrphan()
		if short := o.Truncated(); errors.Is(short, spool.ErrTruncated) != row.short {
			t.Errorf("%s: %v", row.rule, short)
		}
		found := 0
		damaged, err := o.Scan(func(uint64, batch.Event) bool { found++; return true })
		if found != row.left || damaged != row.damaged || err != nil {
			t.Errorf("%s: %d events, %d damaged, %v; want %d, %d", row.rule, found, damaged, err, row.left, row.damaged)
		}
		if emptied := o.Emptied(); errors.Is(emptied, spool.ErrEmpty) != row.emptied {
			t.Errorf("%s: %v", row.rule, emptied)
		}
		if left, err := o.Count(); left != int64(row.left+row.damaged) || err != nil {
			t.Errorf("%s: counted %d, %v", row.rule, left, err)
		}
		if left, certain := o.Estimate(); certain && left != int64(row.left+row.damaged) || left < 1 && !certain {
			t.Errorf("%s: estimated %d, %v", row.rule, left, certain)
		}
	}
}

// TestTrim frees reserved space, and does so once.
func TestTrim(t *testing.T) {
	m := newMachine(t)
	m.disk.put(orphanName, growing(t, segment.Acks{Generation: 1, Written: 3, Acked: segment.Ranges{{From: 2, To: 4}}}, span(1, 50), 1<<20))
	want, _ := m.scan(orphanName)
	before := int64(len(m.disk.read(orphanName)))
	var sizes []int64
	for range 3 {
		o := m.openOrphan()
		if err := o.Trim(before); err != nil || o.Size() != before { // not read before
			t.Errorf("%v, %d bytes", err, o.Size())
		}
		if _, err := o.Count(); err != nil {
			t.Error(err)
		}
		if err := o.Trim(before); err != nil {
			t.Error(err)
		}
		o.Release()
		before = int64(len(m.disk.read(orphanName)))
		sizes = append(sizes, before)
		if got, damaged := m.scan(orphanName); !slices.Equal(got, want) || damaged > 0 {
			t.Errorf("after it: %v, %d damaged; want %v", got, damaged, want)
		}
	}
	records := int64(0)
	for n := range 50 {
		records += int64(segment.Length(len(payload(n + 1))))
	}
	if size := segment.Start + records + 8; !slices.Equal(sizes, []int64{size, size, size}) {
		t.Errorf("sizes %v, want %d", sizes, size)
	}
	if writes := m.disk.callsOf("write"); writes != 1 {
		t.Errorf("%d writes", writes)
	}
	if c := read(t, m.disk, orphanName); !c.acks.Final || c.acks.Written != 50 || !c.acks.Acked.Covers(2, 4) {
		t.Errorf("acks %+v", c.acks)
	}
}

// TestTrimLeavesDamageAlone: what was there is unknown.
func TestTrimLeavesDamageAlone(t *testing.T) {
	torn := growing(t, segment.Acks{}, span(1, 5), 1<<20)
	torn[len(torn)-1<<19] = 1
	for what, data := range map[string][]byte{
		"bytes after the last record": torn,
		"the last record is missing":  growing(t, segment.Acks{Generation: 1, Written: 6}, span(1, 5), 1<<20),
		"cut":                         append(growing(t, segment.Acks{}, span(1, 5), 1<<20), 1),
	} {
		m := newMachine(t)
		m.disk.put(orphanName, slices.Clone(data))
		o := m.openOrphan()
		if _, err := o.Count(); err != nil {
			t.Error(err)
		}
		if err := o.Trim(o.Size()); err != nil || !slices.Equal(m.disk.read(orphanName), data) {
			t.Errorf("%s: %v, or the file was changed", what, err)
		}
	}
}

// TestCopiedRecordsAreSentOnce skips copied records in the original. Records that are
// unreadable in the copy are not damage if another segment has them.
func TestCopiedRecordsAreSentOnce(t *testing.T) {
	data := segmentOf(t, span(1, 10))
	damageRecords(data, 1, []int{4, 8})
	m := newMachine(t)
	m.disk.put(orphanName, data)
	o := m.openOrphan()
	o.Skip(segment.Ranges{{From: 3, To: 6}})
	var list []int
	damaged, err := o.Scan(func(_ uint64, e batch.Event) bool { list = append(list, numberOf(t, e)); return true })
	if wantList(t, "found", list, []int{1, 2, 6, 7, 9, 10}); damaged != 1 || err != nil {
		t.Errorf("%d damaged, %v", damaged, err)
	}
	o.Release()
	list, _ = m.scan(orphanName) // the next process, without the copy
	wantList(t, "left", list, []int{1, 2, 6, 7, 9, 10})

	damageRecords(data, 1, []int{1, 2})
	m.disk.put(orphanName, data)
	copied := m.openOrphan()
	copied.SetElsewhere(segment.Ranges{{From: 1, To: 2}, {From: 4, To: 5}})
	if damaged, err := copied.Scan(func(uint64, batch.Event) bool { return true }); damaged != 2 || err != nil {
		t.Errorf("%d damaged, %v; want those in no other segment", damaged, err)
	}
}

// TestAdoptMerges merges the hot files of one process into one segment of exactly their size.
func TestAdoptMerges(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(150)
		p.crash()
		for _, name := range m.disk.names("") { // created ahead
			m.disk.unlink(name)
		}
		a := m.start(adopter)
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		names := slices.DeleteFunc(m.disk.names(".seg"), func(name string) bool { return !sameProcess(name, "0000000000000001-") })
		if len(names) != 1 {
			t.Fatalf("copies: %v", names)
		}
		c := read(t, m.disk, names[0])
		wantList(t, "copied", c.records, span(1, 150))
		size := segment.Start
		for _, n := range c.records {
			size += segment.Length(len(payload(n)))
		}
		if got := len(m.disk.read(names[0])); got != size || !c.header.Copy || !c.header.Grows || !c.acks.Final || c.acks.Written != 150 {
			t.Errorf("%d bytes, want %d; header %+v, acks %+v", got, size, c.header, c.acks)
		}
	})
}

// Records before 1970, which no request can have, must not block the records after them.
func TestRecordsFromBefore1970(t *testing.T) {
	h := orphanHeader
	data, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, make([]byte, segment.AcksBytes)...)
	data = segment.AppendRecord(data, h.ID, segment.Start, 1, segment.Record{Seq: 1, Time: -5, Size: 1, Payload: []byte("x")})
	m := newMachine(t)
	m.disk.put(orphanName, data)
	o := m.openOrphan()
	_, err = o.Scan(func(_ uint64, e batch.Event) bool {
		want, size := new(batch.Encoder).AppendEvent(nil, 0, []byte("x"))
		if e.Time != 0 || e.Size != size || string(e.Wire) != string(want) {
			t.Errorf("it is %+v, %s", e, e.Wire)
		}
		return true
	})
	if ended := o.Newest(); err != nil || ended.After(time.UnixMilli(0)) {
		t.Errorf("%v, ended %v", err, ended)
	}
}
