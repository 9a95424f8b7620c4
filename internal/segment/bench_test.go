package segment_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// BenchmarkAppendRecord measures what a log call spends in hot mode, without the copy into the
// mapped file.
func BenchmarkAppendRecord(b *testing.B) {
	for _, payload := range []int{60, 250, 2000} {
		b.Run(fmt.Sprintf("%d bytes", payload), func(b *testing.B) {
			r := segment.Record{Seq: 1, Time: 1763812800123, Level: 2, Size: payload, Payload: bytes.Repeat([]byte("x"), payload)}
			buf, number := make([]byte, 0, segment.Length(payload)), uint32(0)
			b.SetBytes(int64(payload))
			b.ReportAllocs()
			for b.Loop() {
				number++
				segment.AppendRecord(buf, 4711, segment.Start, number, r)
			}
		})
	}
}

// BenchmarkScan reads segments of 8 MiB.
func BenchmarkScan(b *testing.B) {
	const size = 8 << 20
	scan := func(b *testing.B, file []byte, want int) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			s, n := segment.NewScanner(bytes.NewReader(file), size, 4711), 0
			for s.Next() {
				n++
			}
			if n != want {
				b.Fatalf("%d records, want %d", n, want)
			}
		}
		if want > 0 {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*want), "ns/record")
		}
	}
	b.Run("records of 250 bytes", func(b *testing.B) {
		file, payload, number := make([]byte, segment.Start, size), bytes.Repeat([]byte("x"), 250), 0
		for len(file)+segment.Length(250) <= size {
			number++
			file = segment.AppendRecord(file, 4711, int64(len(file)), uint32(number), segment.Record{Seq: uint64(number), Payload: payload})
		}
		scan(b, file[:size], number)
	})
	b.Run("zeros", func(b *testing.B) { scan(b, make([]byte, size), 0) })
	b.Run("text", func(b *testing.B) { scan(b, bytes.Repeat([]byte("x"), size), 0) })
}

// BenchmarkEncodeSlot encodes acks with a few ranges.
func BenchmarkEncodeSlot(b *testing.B) {
	a := segment.Acks{Generation: 1, Acked: segment.Ranges{{1, 100}, {200, 300}, {400, 500}}}
	b.ReportAllocs()
	for b.Loop() {
		a.EncodeSlot(4711)
	}
}
