package segment_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

func TestLength(t *testing.T) {
	for payload, want := range map[int]int{1: 40, 7: 40, 8: 40, 9: 48, 250: 288, segment.MaxPayload: 32 + 6<<20} {
		if got := segment.Length(payload); got != want {
			t.Errorf("Length(%d) = %d, want %d", payload, got, want)
		}
	}
	// The largest event, all control characters, fits in a segment.
	if segment.MaxPayload < 6*1_048_550 || segment.Start+segment.Length(segment.MaxPayload) > 8<<20 {
		t.Errorf("MaxPayload is %d", segment.MaxPayload)
	}
	if segment.MaxPayload >= 1<<24 {
		t.Error("text could look like the length of a record")
	}
}

func TestRecordRoundTrip(t *testing.T) {
	payload := func(n int) []byte { return bytes.Repeat([]byte("p"), n) }
	year := func(y int) int64 { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() }
	tests := map[string]segment.Record{
		"usual":       {Seq: 12, Time: 1763812800123, Level: 2, Size: 250, Payload: payload(250)},
		"zero values": {Seq: 1, Payload: payload(1)},
		"largest":     {Seq: math.MaxUint64 - 1, Time: 1<<47 - 1, Level: 255, Size: 1<<31 - 1, Payload: payload(9)},
		"before 1970": {Seq: 1, Time: -1, Level: 3, Payload: payload(9)},
		"earliest":    {Seq: 1, Time: -1 << 47, Level: 3, Payload: payload(9)},
		"zero time":   {Seq: 1, Time: time.Time{}.UnixMilli(), Payload: payload(9)},
		"year 6000":   {Seq: 1, Time: year(6000), Payload: payload(9)},
		"longest":     {Seq: 1, Payload: payload(segment.MaxPayload)},
	}
	for n := 1; n <= 17; n++ {
		tests[fmt.Sprintf("payload of %d", n)] = segment.Record{Seq: 1, Payload: payload(n)}
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			b := segment.AppendRecord(make([]byte, segment.Start), 99, segment.Start, 1, r)
			if len(b) != segment.Start+segment.Length(len(r.Payload)) {
				t.Fatalf("%d bytes", len(b))
			}
			s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
			if !s.Next() {
				t.Fatal("not found")
			}
			got := stored{s.Record(), s.Number(), s.Offset(), 0}
			if err := same(got, stored{r, 1, segment.Start, 0}); err != nil {
				t.Error(err)
			}
			if s.Next() || s.Lost() != 0 || s.Skipped() != 0 || s.Err() != nil {
				t.Errorf("more, lost %d, skipped %d, %v", s.Lost(), s.Skipped(), s.Err())
			}
		})
	}
}

// Times out of range are moved and must not spoil adjacent fields.
func TestTimesOutOfRange(t *testing.T) {
	for time, want := range map[int64]int64{
		1 << 47: 1<<47 - 1, math.MaxInt64: 1<<47 - 1, -1<<47 - 1: -1 << 47, math.MinInt64: -1 << 47,
	} {
		b := segment.AppendRecord(make([]byte, segment.Start), 99, segment.Start, 1, segment.Record{Seq: 1, Time: time, Level: 7, Payload: []byte("x")})
		s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99)
		if !s.Next() || s.Record().Time != want || s.Record().Level != 7 {
			t.Errorf("%d: got %+v", time, s.Record())
		}
	}
}

// TestAppendRecordIntoUsedMemory checks that every byte is overwritten.
func TestAppendRecordIntoUsedMemory(t *testing.T) {
	for n := 1; n <= 17; n++ {
		r := segment.Record{Seq: 1, Time: 5, Payload: bytes.Repeat([]byte("p"), n)}
		dirty := append([]byte("x"), bytes.Repeat([]byte{0xff}, 100)...)
		got := segment.AppendRecord(dirty[:1], 99, segment.Start, 1, r)
		if string(got) != "x"+string(segment.AppendRecord(nil, 99, segment.Start, 1, r)) {
			t.Errorf("payload of %d bytes: the record depends on earlier contents of the buffer", n)
		}
	}
}

func TestAppendRecordDoesNotAllocate(t *testing.T) {
	r := segment.Record{Seq: 1, Payload: make([]byte, 250)}
	buf := make([]byte, 0, segment.Length(250))
	if n := testing.AllocsPerRun(100, func() { segment.AppendRecord(buf, 1, segment.Start, 1, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRecordIsValidOnlyAtItsOffset moves a record to every other offset of its file, and to the
// same offset of other files.
func TestRecordIsValidOnlyAtItsOffset(t *testing.T) {
	const size = 32 << 10
	for home := int64(segment.Start); home < size; home += 512 {
		b := make([]byte, size+64)
		record := segment.AppendRecord(nil, 99, home, 1, segment.Record{Seq: 1, Payload: []byte("it was here")})
		for at := int64(segment.Start); at < size; at += 8 {
			clear(b)
			copy(b[at:], record)
			if s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99); s.Next() != (at == home) {
				t.Fatalf("made for offset %d: valid at %d: %v", home, at, at != home)
			}
		}
		clear(b)
		copy(b[home:], record)
		for bit := range 64 {
			if s := segment.NewScanner(bytes.NewReader(b), int64(len(b)), 99^1<<bit); s.Next() {
				t.Fatalf("valid in another file, bit %d", bit)
			}
		}
	}
}
