package segment_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// TestEveryByte damages each byte of a segment in turn: at most one record is lost, the count
// of lost records is right, no record is invented, and no event counts as acknowledged that was
// not.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	rng := newRand(8)
	f := newFile(t, rng, 64<<10, 500)
	if n := len(f.records); n < 100 || len(f.acked) == 0 || f.written != [2]uint32{uint32(n), f.written[1]} || f.written[1] == uint32(n) {
		t.Fatalf("%d records, acks %v of %v: unexpected segment", n, f.acked, f.written)
	}
	newer := segment.DecodeAcks(f.bytes[segment.HeaderBytes:segment.Start], f.id())
	damaged := bytes.Clone(f.bytes)
	costs, flipped := map[int]int{}, 0 // number of flips by records lost, and in total
	for at := range f.bytes {
		flips := []byte{0xff, 1 << rng.IntN(8)}
		if slow > 1 {
			flips = flips[at%2:][:1]
		}
		for _, flip := range flips {
			damaged[at] ^= flip
			lost, err := f.oneByte(damaged, int64(at), newer)
			if err != nil {
				t.Fatalf("byte %d, xor %#x: %v", at, flip, err)
			}
			costs[lost]++
			flipped++
			damaged[at] ^= flip
		}
	}
	inRecords := int((f.records[len(f.records)-1].to - segment.Start) * int64(flipped) / int64(len(f.bytes)))
	if want := map[int]int{1: inRecords, 0: flipped - inRecords}; !reflect.DeepEqual(costs, want) {
		t.Errorf("flips by lost records: %v, want %v", costs, want)
	}
}

// oneByte checks a file with one damaged byte and returns how many records are lost.
func (f *file) oneByte(damaged []byte, at int64, newer segment.Acks) (lost int, err error) {
	if at < segment.HeaderBytes {
		if h, err := segment.DecodeHeader(damaged); err != nil || !reflect.DeepEqual(*h, f.header) {
			return 0, fmt.Errorf("header %+v, %v", h, err)
		}
		return 0, nil
	}
	a := segment.DecodeAcks(damaged[segment.HeaderBytes:segment.Start], f.id())
	older := segment.Acks{Generation: newer.Generation - 1, Written: f.written[1], Acked: f.before}
	slot := segment.SlotOffset(newer.Generation)
	inNewer := slot <= at && at < slot+segment.AcksBytes/2
	if !reflect.DeepEqual(a, newer) && !(inNewer && reflect.DeepEqual(a, older)) {
		return 0, fmt.Errorf("acks %+v match neither slot", a)
	}
	if at < segment.Start {
		return 0, nil // the scanner skips those bytes, see TestRecordSizes
	}
	return f.checkRecords(damaged, a.Written, func(r stored) bool { return at < r.from || r.to <= at })
}

// TestLostAndOldPages checks files as a power cut can leave them.
func TestLostAndOldPages(t *testing.T) {
	f := newFile(t, newRand(9), 64<<10, 500)
	if len(f.older) < 4 {
		t.Fatalf("only %d older states", len(f.older))
	}
	states := append(slices.Clone(f.older), bytes.Repeat([]byte{0}, len(f.bytes)), bytes.Repeat([]byte{0xff}, len(f.bytes)))
	for _, page := range []int{512, 4096, 8192} {
		for at := 0; at < len(f.bytes); at += page {
			for i, state := range states {
				damaged := bytes.Clone(f.bytes)
				copy(damaged[at:at+page], state[at:])
				for _, err := range []error{f.check(damaged), f.checkAcks(damaged)} {
					if err != nil {
						t.Fatalf("%d bytes at %d as in state %d: %v", page, at, i, err)
					}
				}
				if h, err := segment.DecodeHeader(damaged); err != nil || !reflect.DeepEqual(*h, f.header) {
					t.Fatalf("%d bytes at %d as in state %d: header %+v, %v", page, at, i, h, err)
				}
			}
		}
	}
}

// TestTornTail truncates the file at each byte, and fills it with zeros, stale data or noise
// from each byte on.
func TestTornTail(t *testing.T) {
	t.Parallel()
	f := newFile(t, newRand(10), segment.Start+(16<<10)/slow, 100)
	stale := newFile(t, newRand(11), len(f.bytes), 0)
	// The same events in another file that differs only in its ID.
	for _, r := range f.records {
		copy(stale.bytes[r.from:], segment.AppendRecord(nil, f.id()+1, r.from, r.number, r.Record))
	}
	zeroed, overStale, overNoise := bytes.Clone(f.bytes), bytes.Clone(f.bytes), bytes.Clone(f.bytes)
	for at := len(f.bytes) - 1; at >= 0; at-- {
		zeroed[at], overStale[at], overNoise[at] = 0, stale.bytes[at], 0xa5
		for what, damaged := range map[string][]byte{"short": f.bytes[:at], "zeros": zeroed, "stale": overStale, "noise": overNoise} {
			if at >= segment.Start || at%512 == 0 {
				if err := f.check(damaged); err != nil {
					t.Fatalf("%s from byte %d on: %v", what, at, err)
				}
			}
			if err := f.checkAcks(damaged); err != nil {
				t.Fatalf("%s from byte %d on: %v", what, at, err)
			}
		}
	}
}

// TestMovedRecords checks that a record is not found at another offset, even where it would be
// the next one.
func TestMovedRecords(t *testing.T) {
	f := newFile(t, newRand(12), 64<<10, 500)
	for i, r := range f.records {
		for _, by := range []int64{-16, -8, 8, 16, 24, 32, 40, 512, 4096} {
			damaged := bytes.Clone(f.bytes)
			clear(damaged[r.from:])
			if at := r.from + by; at >= segment.Start && at+r.to-r.from <= int64(len(damaged)) {
				copy(damaged[at:], f.bytes[r.from:r.to])
			}
			if err := f.check(damaged); err != nil {
				t.Fatalf("record %d moved by %d: %v", i+1, by, err)
			}
		}
	}
}
