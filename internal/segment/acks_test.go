package segment_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const (
	slotBytes = segment.AcksBytes / 2
	acksID    = 0x123456789abcdef0
)

// slots returns both slots after all acks were written in order.
func slots(all ...segment.Acks) []byte {
	b := make([]byte, segment.AcksBytes)
	for _, a := range all {
		copy(b[segment.SlotOffset(a.Generation)-segment.HeaderBytes:], a.EncodeSlot(acksID))
	}
	return b
}

// many returns n ranges, every tenth larger than the others.
func many(n int) (r segment.Ranges) {
	for i := range uint64(n) {
		r = append(r, segment.Range{From: i * 10, To: i*10 + 1 + (i+9)%10/9})
	}
	return r
}

func TestAcksRoundTrip(t *testing.T) {
	for name, a := range map[string]segment.Acks{
		"nothing acknowledged": {Generation: 1, Written: 5},
		"final":                {Generation: 1, Written: 5, Final: true},
		"one range":            {Generation: 2, Written: 1 << 31, Acked: segment.Ranges{{1, 5}}},
		"full":                 {Generation: 1<<64 - 1, Written: 1<<32 - 1, Acked: many(254)},
		"maximum range":        {Generation: 3, Acked: segment.Ranges{{0, 1<<64 - 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := segment.DecodeAcks(slots(a), acksID); !reflect.DeepEqual(got, a) {
				t.Errorf("got %+v, want %+v", got, a)
			}
			if got := segment.DecodeAcks(slots(a), acksID+1); !reflect.DeepEqual(got, segment.Acks{}) {
				t.Errorf("another segment: got %+v", got)
			}
		})
	}
}

func TestNewestSlotWins(t *testing.T) {
	acks := func(generation uint64) segment.Acks {
		return segment.Acks{Generation: generation, Written: uint32(generation), Acked: segment.Ranges{{1, generation + 1}}}
	}
	damage := func(b []byte, slot int) []byte { b[slot*slotBytes+40-1] ^= 1; return b }
	move := func(b []byte) []byte { return slices.Concat(b[slotBytes:], b[:slotBytes]) }
	for _, test := range []struct {
		name string
		b    []byte
		want uint64
	}{
		{"none", slots(), 0},
		{"first", slots(acks(1)), 1},
		{"second", slots(acks(1), acks(2)), 2},
		{"third", slots(acks(1), acks(2), acks(3)), 3},
		{"second alone", slots(acks(2)), 2},
		{"newer torn", damage(slots(acks(1), acks(2)), 0), 1},
		{"older torn", damage(slots(acks(1), acks(2)), 1), 2},
		{"both torn", damage(damage(slots(acks(1), acks(2)), 0), 1), 0},
		{"slots swapped", move(slots(acks(1), acks(2))), 0},
		{"file that ends between them", slots(acks(1), acks(2))[:slotBytes], 2},
		{"file that ends within one", slots(acks(1), acks(2))[:slotBytes-1], 0},
		{"no generation", slots(acks(0)), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want segment.Acks
			if test.want > 0 {
				want = acks(test.want)
			}
			if got := segment.DecodeAcks(test.b, acksID); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestSlotsAlternate(t *testing.T) {
	for generation := range uint64(5) {
		at := segment.SlotOffset(generation)
		if at%slotBytes != 0 || at < segment.HeaderBytes || at+slotBytes > segment.Start || at == segment.SlotOffset(generation+1) {
			t.Errorf("generation %d at %d", generation, at)
		}
	}
}

func TestTooManyRanges(t *testing.T) {
	a := segment.Acks{Generation: 1, Acked: many(2000)} // 200 of them are large
	got := segment.DecodeAcks(slots(a), acksID)
	if !reflect.DeepEqual(a.Acked, many(2000)) {
		t.Error("the caller's ranges were changed")
	}
	if len(got.Acked) != 254 {
		t.Errorf("%d ranges", len(got.Acked))
	}
	large := 0
	for _, r := range got.Acked {
		if !a.Acked.Covers(r.From, r.To) {
			t.Errorf("%v is not acknowledged", r)
		}
		large += int(r.To - r.From - 1)
	}
	if large != 200 {
		t.Errorf("%d of 200 large ranges were kept", large)
	}
}

// TestMalformedSlotsAreIgnored writes valid checksums over ranges that no writer produces.
func TestMalformedSlotsAreIgnored(t *testing.T) {
	for name, acked := range map[string]segment.Ranges{
		"empty":       {{5, 5}},
		"backwards":   {{5, 4}},
		"descending":  {{5, 6}, {1, 2}},
		"overlapping": {{1, 5}, {4, 6}},
		"adjacent":    {{1, 5}, {5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			a := segment.Acks{Generation: 1, Acked: acked}
			if got := segment.DecodeAcks(slots(a), acksID); !reflect.DeepEqual(got, segment.Acks{}) {
				t.Errorf("got %+v", got)
			}
		})
	}
	b := slots(segment.Acks{Generation: 2})
	little.PutUint64(b[8:], 3) // belongs in the other slot
	little.PutUint32(b, checksum(b[:24], 0)^saltOf(acksID, segment.SlotOffset(2)))
	if got := segment.DecodeAcks(b, acksID); got.Generation != 0 {
		t.Errorf("at the offset of another generation: got %+v", got)
	}
	b = slots(segment.Acks{Generation: 1})
	little.PutUint32(b[slotBytes+4:], 255)
	if got := segment.DecodeAcks(b, acksID); got.Generation != 0 {
		t.Errorf("more ranges than fit: got %+v", got)
	}
}
