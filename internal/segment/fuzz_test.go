package segment_test

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const fuzzID = 0x0123456789abcdef

// FuzzScan reads files with arbitrary bytes from Start on. If signed is set, everything whose
// length field could start a record gets a valid checksum, so that the code after that check is
// reached.
func FuzzScan(f *testing.F) {
	good := func(rng uint64, n int) (b []byte) {
		r := newRand(rng)
		for i := range n {
			record := randomRecord(r)
			record.Seq = uint64(2*i + 1)
			b = segment.AppendRecord(b, fuzzID, segment.Start+int64(len(b)), uint32(i+1), record)
		}
		return b
	}
	b := good(1, 20)
	f.Add([]byte(nil), false)
	f.Add(b, false)
	f.Add(b[:len(b)-9], false)
	f.Add(append(make([]byte, 512), b[512:]...), true)
	f.Add(slices.Concat(b[:1000], bytes.Repeat([]byte{0xff}, 100), b[1100:], make([]byte, 500)), false)
	f.Add(slices.Concat(b[:1000], b), true)
	f.Add(bytes.Repeat([]byte{2, 0, 0, 0, 0, 0, 0, 0}, 500), true)
	f.Add(segment.AppendRecord(nil, fuzzID, segment.Start, 1, segment.Record{Seq: math.MaxUint64, Time: math.MinInt64, Level: 255, Payload: []byte("x")}), true)
	f.Fuzz(func(t *testing.T, records []byte, signed bool) {
		b := append(make([]byte, segment.Start), records...)
		if signed {
			signRecords(b)
		}
		s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), fuzzID)
		end, found, number, seq := int64(segment.Start), 0, uint32(0), uint64(0)
		for ; s.Next(); found++ {
			if s.Offset() < end || s.Number() <= number || s.Record().Seq <= seq {
				t.Fatalf("record %d at %d follows %d, which ends at %d", s.Number(), s.Offset(), number, end)
			}
			number, seq = s.Number(), s.Record().Seq
			end = s.Offset() + int64(segment.Length(len(s.Record().Payload)))
			isThere(t, b[s.Offset():end], s)
		}
		if s.Lost() != int(number)-found || s.Missing(number, int64(len(b))) != 0 || s.Err() != nil {
			t.Errorf("lost %d of %d, %d found, %v", s.Lost(), number, found, s.Err())
		}
		if s.Skipped() < 0 || s.Skipped() > int64(len(records)) {
			t.Errorf("skipped %d bytes", s.Skipped())
		}
	})
}

// signRecords walks the file as a reader would.
func signRecords(b []byte) {
	for at := segment.Start; at+segment.RecordBytes <= len(b); {
		payload := little.Uint32(b[at:])
		if payload == 0 || payload > segment.MaxPayload || at+segment.Length(int(payload)) > len(b) {
			at += 8
			continue
		}
		record := b[at : at+segment.Length(int(payload))]
		little.PutUint32(record[4:], checksum(record, 4)^saltOf(fuzzID, int64(at)))
		at += len(record)
	}
}

// isThere checks that the record found matches the bytes at its offset.
func isThere(t *testing.T, b []byte, s *segment.Scanner) {
	t.Helper()
	if little.Uint32(b[4:]) != checksum(b, 4)^saltOf(fuzzID, s.Offset()) {
		t.Fatalf("the record at %d has a wrong checksum", s.Offset())
	}
	again := segment.AppendRecord(nil, fuzzID, s.Offset(), s.Number(), s.Record())
	end := segment.RecordBytes + len(s.Record().Payload)
	again[23] = b[23]          // flags
	copy(again[end:], b[end:]) // padding: covered only by the checksum
	copy(again[4:8], b[4:8])   // compared above
	if !bytes.Equal(again, b) {
		t.Fatalf("the record at %d is %x, but it was read as %+v", s.Offset(), b, s.Record())
	}
}

// FuzzHeader decodes arbitrary headers.
func FuzzHeader(f *testing.F) {
	b, err := (&segment.Header{}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	h := example()
	full, err := h.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil), false)
	f.Add(b[:70], false)
	f.Add(full[:used(full)], true)
	f.Add(full, false)
	f.Add(full, true)
	f.Fuzz(func(t *testing.T, b []byte, signed bool) {
		if signed {
			for at := 0; at+20 <= min(len(b), segment.HeaderBytes); at += copyBytes {
				c := b[at:min(len(b), at+copyBytes)]
				if length := little.Uint32(c[12:]); uint64(length) <= uint64(len(c)-20) {
					copy(c, "CWSPOOL\x00")
					sign(c)
				}
			}
		}
		h, err := segment.DecodeHeader(b)
		if err != nil {
			return
		}
		again, err := h.Encode()
		if err != nil {
			return // diagnostics shorter than 256 bytes leave more room for the destination
		}
		got, err := segment.DecodeHeader(again)
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		if len(h.Boot) > 256 || len(h.Program) > 256 || len(h.Writer) > 256 {
			h.Boot, h.Program, h.Writer = got.Boot, got.Program, got.Writer
		}
		if !reflect.DeepEqual(got, h) {
			t.Fatalf("got %+v, want %+v", got, h)
		}
	})
}

// FuzzAcks decodes arbitrary slots. The result must be what one of them contains.
func FuzzAcks(f *testing.F) {
	f.Add([]byte(nil), false)
	a := segment.Acks{Generation: 2, Written: 3, Acked: segment.Ranges{{1, 2}, {5, 9}}}
	b := a.EncodeSlot(fuzzID)
	f.Add(b[:64], true)
	f.Add(b, false)
	a.Generation, a.Acked = 3, many(254)
	f.Add(slices.Concat(b, a.EncodeSlot(fuzzID)), false)
	f.Add(slices.Concat(b, a.EncodeSlot(fuzzID)), true)
	f.Fuzz(func(t *testing.T, written []byte, signed bool) {
		b := make([]byte, segment.AcksBytes)
		copy(b, written)
		if signed {
			for place := range uint64(2) {
				slot := b[place*slotBytes:][:slotBytes]
				if end := 24 + 16*uint64(little.Uint32(slot[4:])); end <= slotBytes {
					little.PutUint32(slot, checksum(slot[:end], 0)^saltOf(fuzzID, segment.SlotOffset(place)))
				}
			}
		}
		a := segment.DecodeAcks(b, fuzzID)
		if a.Generation == 0 {
			if !reflect.DeepEqual(a, segment.Acks{}) {
				t.Fatalf("no slot, but %+v", a)
			}
			return
		}
		slot := b[segment.SlotOffset(a.Generation)-segment.HeaderBytes:][:slotBytes]
		again := a.EncodeSlot(fuzzID)
		copy(again[20:24], slot[20:24]) // ignored by readers
		if !bytes.Equal(again[4:24+16*len(a.Acked)], slot[4:24+16*len(a.Acked)]) {
			t.Fatalf("the slot is %x, but it was read as %+v", slot, a)
		}
		var built segment.Ranges
		for _, r := range a.Acked {
			built.Add(r.From, r.To)
		}
		if !slices.Equal(built, a.Acked) {
			t.Fatalf("%v are not in order", a.Acked)
		}
	})
}
