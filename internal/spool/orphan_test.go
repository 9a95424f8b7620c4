package spool_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// put creates a file as left by a process.
func (f *memFS) put(name string, data []byte) { f.replace(name, data) }

const orphanName = "00000000000000aa-00000007.seg"

var orphanHeader = segment.Header{ID: 12345, Producer: 0xaa, Number: 7, PID: 1, Group: "g", Stream: "s", Created: time.UnixMilli(1763812800000).UTC()}

// segmentOf encodes a segment with these events, some of them acknowledged.
func segmentOf(t testing.TB, events []int, acked ...int) []byte {
	t.Helper()
	data, err := orphanHeader.Encode()
	if err != nil {
		t.Fatal(err)
	}
	acks := segment.Acks{Generation: 1, Written: uint32(len(events))}
	for _, n := range acked {
		acks.Acked.Add(uint64(n), uint64(n)+1)
	}
	data = append(data, make([]byte, segment.AcksBytes)...)
	copy(data[segment.SlotOffset(1):], acks.EncodeSlot(orphanHeader.ID))
	for i, n := range events {
		e := event(n)
		r := segment.Record{Seq: uint64(n), Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: batch.Message(e.Wire)}
		data = segment.AppendRecord(data, orphanHeader.ID, int64(len(data)), uint32(i+1), r)
	}
	return append(data, make([]byte, 8<<10)...)
}

// scan opens a leftover segment and returns its contents.
func (m *machine) scan(name string) (list []int, damaged int) {
	m.t.Helper()
	o, err := spool.OpenOrphan(m.disk.open(newProcess()), name)
	if err != nil {
		m.t.Fatal(err)
	}
	defer o.Release()
	damaged, err = o.Scan(func(seq uint64, e batch.Event) bool {
		n := numberOf(m.t, e)
		if seq != uint64(n) {
			m.t.Errorf("event %d has the sequence number %d", n, seq)
		}
		list = append(list, n)
		return true
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return list, damaged
}

func TestOrphan(t *testing.T) {
	m := newMachine(t)
	m.disk.put(orphanName, segmentOf(t, span(11, 20), 12, 13, 14, 19))
	o, err := spool.OpenOrphan(m.disk.open(newProcess()), orphanName)
	if err != nil {
		t.Fatal(err)
	}
	if o.Header != orphanHeader || o.Name != orphanName {
		t.Errorf("got %s, %+v", o.Name, o.Header)
	}
	if _, err := spool.OpenOrphan(m.disk.open(newProcess()), orphanName); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("opened by another process: %v", err)
	}
	var list []int
	damaged, err := o.Scan(func(_ uint64, e batch.Event) bool {
		list = append(list, numberOf(t, e))
		return len(list) < 3
	})
	if wantList(t, "found before visit returned false", list, []int{11, 15, 16}); damaged != 0 || err != nil {
		t.Errorf("%d damaged, %v", damaged, err)
	}
	if got, want := o.Newest(), time.UnixMilli(event(16).Time).UTC(); got != want {
		t.Errorf("ended at %v, want %v", got, want)
	}
	o.Acknowledge(segment.Ranges{{From: 15, To: 16}})
	o.Acknowledge(segment.Ranges{{From: 11, To: 12}, {From: 17, To: 18}})
	o.Release()
	list, _ = m.scan(orphanName)
	wantList(t, "left", list, []int{16, 18, 20})

	o, err = spool.OpenOrphan(m.disk.open(newProcess()), orphanName)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Remove(); err != nil || len(m.disk.names("")) > 0 {
		t.Errorf("%v, left: %v", err, m.disk.names(""))
	}
}

// TestOrphanOfALivingProcess leaves the segment alone.
func TestOrphanOfALivingProcess(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		pass(0)
		other := m.start(direct)
		names := other.leftovers()
		if len(names) != 1 {
			t.Errorf("leftovers: %v", names)
		}
		for _, name := range names {
			if _, err := spool.OpenOrphan(other.spool.Directory(), name); !errors.Is(err, disk.ErrLocked) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestLeftoversAreOrdered checks that the segments of a process are adjacent and in order, and
// that those of this process are excluded.
func TestLeftoversAreOrdered(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		var want []string
		for range 3 {
			p := m.start(direct)
			p.log(700)
			pass(0)
			p.crash()
		}
		want = append(want, m.disk.names(".seg")...)
		p := m.start(direct)
		got := p.leftovers()
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		processes := 1
		for i := range got[1:] {
			if !sameProcess(got[i], got[i+1]) {
				processes++
			}
		}
		if processes != 3 {
			t.Errorf("%d processes: %v", processes, got)
		}
		list, _ := m.orphans(m.disk.only(got))
		wantList(t, "events", list, slices.Concat(span(1, 700), span(1, 700), span(1, 700)))
	})
}

// only returns a file system with just these files.
func (f *memFS) only(names []string) *memFS {
	s := f.snapshot()
	for name := range s.dir.files {
		if !slices.Contains(names, name) {
			delete(s.dir.files, name)
		}
	}
	return s
}

// TestDamageIsCountedExactly tries all sets of damaged and of acknowledged records: those in
// the first set and not in the second must be counted.
func TestDamageIsCountedExactly(t *testing.T) {
	for _, first := range []int{1, 1001} {
		const n = 5
		for bits := range 1 << (2 * n) {
			var damaged, acked, left []int
			lost := 0
			for i := range n {
				bad, done := bits>>i&1 == 1, bits>>(n+i)&1 == 1
				switch {
				case bad && done:
					damaged, acked = append(damaged, first+i), append(acked, first+i)
				case bad:
					damaged = append(damaged, first+i)
					lost++
				case done:
					acked = append(acked, first+i)
				default:
					left = append(left, first+i)
				}
			}
			data := segmentOf(t, span(first, first+n-1), acked...)
			damageRecords(data, first, damaged)
			m := newMachine(t)
			m.disk.put(orphanName, data)
			got, gotLost := m.scan(orphanName)
			if !slices.Equal(got, left) || gotLost != lost {
				t.Fatalf("%d to %d, damaged %v, acknowledged %v: found %v, %d damaged; want %v, %d", first, first+n-1, damaged, acked, got, gotLost, left, lost)
			}
		}
	}
}

func damageRecords(data []byte, first int, damaged []int) {
	at := segment.Start
	for n := first; n < first+10; n++ {
		if slices.Contains(damaged, n) {
			data[at+40]++
		}
		at += segment.Length(len(payload(n)))
	}
}

// Gaps in the sequence numbers left by early acknowledgements are not damage, and must not hide
// any.
func TestSequenceGapsAreNotDamage(t *testing.T) {
	tests := []struct {
		rule    string
		events  []int
		acked   []int
		damaged []int
		left    []int
		lost    int
	}{
		{"none", []int{5, 6, 9, 10}, []int{7, 8}, nil, []int{5, 6, 9, 10}, 0},
		{"unknown gaps", []int{5, 6, 9, 10}, nil, nil, []int{5, 6, 9, 10}, 0},
		{"beside a gap", []int{5, 6, 9, 10}, []int{7, 8}, []int{6}, []int{5, 9, 10}, 1},
		{"on both sides", []int{5, 6, 9, 10}, []int{7, 8}, []int{6, 9}, []int{5, 10}, 2},
		{"acknowledged, beside a gap", []int{5, 6, 9, 10}, []int{6, 7, 8}, []int{6}, []int{5, 9, 10}, 0},
		{"partly acknowledged", []int{5, 6, 9, 10}, []int{6, 7, 8}, []int{6, 9}, []int{5, 10}, 1},
		{"later events acknowledged and never written", []int{5, 6}, []int{7, 8, 9}, []int{6}, []int{5}, 1},
	}
	for _, tt := range tests {
		data := segmentOf(t, tt.events, tt.acked...)
		at := segment.Start
		for _, n := range tt.events {
			if slices.Contains(tt.damaged, n) {
				data[at+40]++
			}
			at += segment.Length(len(payload(n)))
		}
		m := newMachine(t)
		m.disk.put(orphanName, data)
		if got, lost := m.scan(orphanName); !slices.Equal(got, tt.left) || lost != tt.lost {
			t.Errorf("%s: found %v, %d damaged; want %v, %d", tt.rule, got, lost, tt.left, tt.lost)
		}
	}
}

// ofLaterVersion turns a segment into one that only a later version can read.
func ofLaterVersion(data []byte) []byte {
	for _, copy := range []int{0, segment.HeaderBytes / 2} {
		b := data[copy : copy+segment.HeaderBytes/2]
		binary.LittleEndian.PutUint16(b[8:], 2)
		binary.LittleEndian.PutUint16(b[10:], 2)
		length := binary.LittleEndian.Uint32(b[12:])
		sum := crc32.Checksum(slices.Concat(b[:16], b[20:20+length]), crc32.MakeTable(crc32.Castagnoli))
		binary.LittleEndian.PutUint32(b[16:], sum)
	}
	return data
}

// TestUnusableFiles checks that each kind of file has its own error and is left unchanged.
func TestUnusableFiles(t *testing.T) {
	intact := segmentOf(t, span(1, 5))
	damaged := func(copies int) []byte {
		data := slices.Clone(intact)
		for i := range copies {
			data[i*segment.HeaderBytes/2+30]++
		}
		return data
	}
	var version *segment.VersionError
	rows := []struct {
		rule string
		data []byte
		is   func(err error) bool
	}{
		{"empty", nil, func(err error) bool { return errors.Is(err, spool.ErrHeaderDamaged) }},
		{"zeros", make([]byte, 50_000), func(err error) bool { return errors.Is(err, spool.ErrHeaderDamaged) }},
		{"a few zeros", make([]byte, 10), func(err error) bool { return errors.Is(err, spool.ErrHeaderDamaged) }},
		{"one copy of the header is damaged", damaged(1), func(err error) bool { return err == nil }},
		{"both copies of the header are damaged", damaged(2), func(err error) bool { return errors.Is(err, spool.ErrHeaderDamaged) }},
		{"noise", []byte("this is no segment"), func(err error) bool { return errors.Is(err, spool.ErrHeaderDamaged) }},
		{"another version", ofLaterVersion(slices.Clone(intact)), func(err error) bool { return errors.As(err, &version) && version.Minimum == 2 }},
		{"truncated in the header", intact[:100], func(err error) bool { return err == nil }},
		{"truncated in the acks", intact[:segment.HeaderBytes+100], func(err error) bool { return err == nil }},
	}
	for _, row := range rows {
		m := newMachine(t)
		m.disk.put(orphanName, slices.Clone(row.data))
		dir := m.disk.open(newProcess())
		o, err := spool.OpenOrphan(dir, orphanName)
		if !row.is(err) {
			t.Errorf("%s: %v", row.rule, err)
		}
		if o != nil {
			o.Release()
		}
		if !slices.Equal(m.disk.read(orphanName), row.data) {
			t.Errorf("%s: the file was changed", row.rule)
		}
		f, err := dir.Open(orphanName) // it is unlocked
		if err != nil {
			t.Errorf("%s: %v", row.rule, err)
			continue
		}
		f.Close()
	}
}

// The segment stays, and the error is returned.
func TestUnreadableOrphan(t *testing.T) {
	m := newMachine(t)
	m.disk.put(orphanName, segmentOf(t, span(1, 5)))
	end := m.disk.inject(fault{op: "read", err: errBroken})
	if _, err := spool.OpenOrphan(m.disk.open(newProcess()), orphanName); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	end()
	o, err := spool.OpenOrphan(m.disk.open(newProcess()), orphanName)
	if err != nil {
		t.Fatal(err)
	}
	m.disk.inject(fault{op: "read", err: errBroken})
	if _, err := o.Scan(func(uint64, batch.Event) bool { return true }); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	o.Release()
}

// TestTruncatedOrphan reports the truncation, whatever is left.
func TestTruncatedOrphan(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(100)
		pass(0)
		p.crash()
		name := m.disk.names(".seg")[0]
		intact := len(m.disk.read(name))
		for _, cut := range []struct {
			size           int
			short, emptied bool
		}{
			{size: intact},
			{size: segment.Start + 5000, short: true},
			{size: segment.Start + 50, short: true, emptied: true},
			{size: segment.Start, emptied: true},
			{size: segment.HeaderBytes, short: true, emptied: true},
		} {
			m.disk.truncate(name, cut.size)
			o, err := spool.OpenOrphan(m.disk.open(newProcess()), name)
			if err != nil {
				t.Fatalf("%d bytes: %v", cut.size, err)
			}
			if _, err := o.Scan(func(uint64, batch.Event) bool { return true }); err != nil {
				t.Errorf("%d bytes: %v", cut.size, err)
			}
			if short, emptied := errors.Is(o.Truncated(), spool.ErrTruncated), errors.Is(o.Emptied(), spool.ErrEmpty); short != cut.short || emptied != cut.emptied {
				t.Errorf("%d of %d bytes: %v, %v", cut.size, intact, o.Truncated(), o.Emptied())
			}
			o.Release()
		}
		m.disk.truncate(name, 50)
		if _, err := spool.OpenOrphan(m.disk.open(newProcess()), name); !errors.Is(err, spool.ErrHeaderDamaged) {
			t.Errorf("50 bytes: %v", err)
		}
	})
}

// TestSetAside checks that such files are not retried, can be inspected, and occupy at most an
// eighth of MaxBytes.
func TestSetAside(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, func(c *config) { c.MaxBytes = 8 * 1000 })
		pass(0)
		var removed []string
		for _, file := range []struct {
			name string
			size int
		}{
			{"00000000000000aa-00000001", 400}, {"00000000000000aa-00000002", 600},
			{"00000000000000aa-00000003", 1}, {"00000000000000ab-00000001", 900},
		} {
			m.disk.put(file.name+".seg", make([]byte, file.size))
			bytes, gone, err := p.spool.SetAside(file.name + ".seg")
			if err != nil || bytes != int64(file.size) {
				t.Errorf("%s: %d bytes, %v", file.name, bytes, err)
			}
			removed = append(removed, gone...)
		}
		if want := []string{"00000000000000aa-00000001.bad", "00000000000000aa-00000002.bad"}; !slices.Equal(removed, want) {
			t.Errorf("removed %v, want %v", removed, want)
		}
		if got, want := m.disk.names(".bad"), []string{"00000000000000aa-00000003.bad", "00000000000000ab-00000001.bad"}; !slices.Equal(got, want) {
			t.Errorf("left: %v, want %v", got, want)
		}
		if got := p.leftovers(); len(got) > 0 {
			t.Errorf("leftovers: %v", got)
		}
	})
}
