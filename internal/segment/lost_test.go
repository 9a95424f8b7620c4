package segment_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// TestFindID checks that the ID found validates like the original although half of the records
// are damaged.
func TestFindID(t *testing.T) {
	for seed := range uint64(20) {
		rng := newRand(seed)
		f := newFile(t, rng, 100<<10, 10<<10)
		lost := bytes.Clone(f.bytes)
		clear(lost[:segment.HeaderBytes])
		for _, r := range f.records[:rng.IntN(len(f.records)/2)] {
			lost[r.from+rng.Int64N(r.to-r.from)] ^= 0x10
		}
		id, ok := segment.FindID(bytes.NewReader(lost), int64(len(lost)))
		if !ok {
			t.Fatalf("seed %d: no ID", seed)
		}
		if saltOf(id, 0) != saltOf(f.header.ID, 0) {
			t.Fatalf("seed %d: ID %x is not equivalent to %x", seed, id, f.header.ID)
		}
		f.header.ID = id
		if err := f.check(lost); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err := f.checkAcks(lost); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		acks := segment.DecodeAcks(lost[segment.HeaderBytes:segment.Start], id)
		if !slices.Equal(acks.Acked, f.acked) {
			t.Errorf("seed %d: acknowledged %v, want %v", seed, acks.Acked, f.acked)
		}
	}
}

func TestFindNoID(t *testing.T) {
	record := func(at int64, number uint32, id uint64) []byte {
		return segment.AppendRecord(nil, id, at, number, segment.Record{Seq: uint64(number), Payload: []byte("text")})
	}
	one := record(segment.Start, 1, 7)
	next := int64(segment.Start + len(one))
	random := make([]byte, 200<<10)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(random)
	for name, records := range map[string][]byte{
		"nothing":              nil,
		"zeros":                make([]byte, 100<<10),
		"a single record":      one,
		"followed by zeros":    append(bytes.Clone(one), make([]byte, 1000)...),
		"of two files":         slices.Concat(one, record(next, 2, 8)),
		"gap in the numbers":   slices.Concat(one, record(next, 3, 7)),
		"tied votes":           slices.Concat(one, record(next, 2, 7), record(next+40, 1, 8), record(next+80, 2, 8)),
		"second one truncated": slices.Concat(one, record(next, 2, 7)[:30]),
		"noise":                random,
	} {
		b := append(make([]byte, segment.Start), records...)
		if id, ok := segment.FindID(bytes.NewReader(b), int64(len(b))); ok {
			t.Errorf("%s: found %x", name, id)
		}
	}
	if _, ok := segment.FindID(bytes.NewReader(nil), 0); ok {
		t.Error("found an ID in an empty file")
	}
}

// Starts of long records everywhere must not cost more than the scanner would spend.
func TestFindIDWorkIsBounded(t *testing.T) {
	b := make([]byte, 8<<20)
	for at := segment.Start; at < len(b); at += 8 {
		little.PutUint32(b[at:], 1<<20)
	}
	began := time.Now()
	if _, ok := segment.FindID(bytes.NewReader(b), int64(len(b))); ok {
		t.Error("found an ID")
	}
	if took := time.Since(began); took > 10*time.Second { // without the bound it takes an hour
		t.Errorf("took %v", took)
	}
}
