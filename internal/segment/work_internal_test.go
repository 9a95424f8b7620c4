package segment

import (
	"bytes"
	"testing"
)

// TestWorkIsBounded scans files full of what looks like starts of long records, each of which
// would have to be hashed to its end.
func TestWorkIsBounded(t *testing.T) {
	const size = 8 << 20
	start := func(b []byte, length, number uint32) {
		little.PutUint32(b[recordLength:], length)
		little.PutUint64(b[recordSeq:], 1<<40)
		little.PutUint64(b[recordTime:], 1) // or these eight bytes would not count as skipped
		little.PutUint32(b[recordNumber:], number)
	}
	for name, fill := range map[string]func(b []byte){
		"a start every 32 bytes": func(b []byte) {
			for at := 0; at+RecordBytes <= len(b); at += RecordBytes {
				start(b[at:], uint32(min(MaxPayload, len(b)-at-RecordBytes)), 2)
			}
		},
		"a start per window": func(b []byte) {
			for at := 0; at+RecordBytes <= len(b); at += RecordBytes {
				start(b[at:], uint32(min(windowBytes-RecordBytes, len(b)-at-RecordBytes)), 2)
			}
		},
		// Each word is the length of one start and the number of another.
		"a start every 8 bytes": func(b []byte) {
			for at := 0; at+RecordBytes <= len(b); at += align {
				little.PutUint64(b[at:], uint64(at/40+2))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := AppendRecord(make([]byte, Start, size), 99, Start, 1, Record{Seq: 1, Payload: []byte("x")})
			first := len(b)
			b = b[:size]
			fill(b[first:])
			s := NewScanner(bytes.NewReader(b), size, 99)
			before := s.budget
			if before > 8*size+MaxPayload {
				t.Fatalf("%d bytes may be hashed", before)
			}
			if !s.Next() || s.Number() != 1 {
				t.Fatal("the valid record was not found")
			}
			if s.Next() {
				t.Fatalf("found %+v", s.Record())
			}
			if s.budget >= 0 {
				t.Errorf("only %d bytes hashed: the file does not stress the bound", before-s.budget)
			}
			if want := int64(size - first); s.Skipped() != want {
				t.Errorf("%d bytes skipped, want %d", s.Skipped(), want)
			}
			if s.Next() {
				t.Error("Next continues after the budget is spent")
			}
		})
	}
}

// TestDamageCostsLittleWork shows why real files never exhaust the budget: in a file of escaped
// text only the records themselves are hashed, whatever is damaged.
func TestDamageCostsLittleWork(t *testing.T) {
	const size = 256 << 10
	b := make([]byte, Start, size)
	for number := uint32(1); len(b)+Length(250) <= size; number++ {
		b = AppendRecord(b, 99, int64(len(b)), number, Record{
			Seq: 1<<30 + uint64(number), Time: 1763812800123, Level: 2, Size: 250, Payload: bytes.Repeat([]byte("text"), 62)[:241+number%8],
		})
	}
	for at := Start; at < len(b); at += Length(250) {
		b[at] ^= 0x55 // makes every length invalid
	}
	s := NewScanner(bytes.NewReader(b), int64(len(b)), 99)
	before := s.budget
	for s.Next() {
	}
	if hashed := before - s.budget; hashed > int64(len(b)) {
		t.Errorf("%d bytes hashed in a file of %d", hashed, len(b))
	}
}
