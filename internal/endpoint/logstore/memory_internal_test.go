package logstore

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestViewByTime adds batches in random order, reads the stream in between, and compares its order
// by time with a sorted copy.
func TestViewByTime(t *testing.T) {
	for _, disorder := range []int64{0, 3, 1000} {
		rnd := rand.New(rand.NewPCG(7, uint64(disorder)))
		s := &memoryStream{}
		var seq int64
		for round := range int64(300) {
			batch := make([]NewEvent, 1+rnd.IntN(20))
			at := 1000 + round*5
			if disorder > 0 {
				at -= rnd.Int64N(disorder)
			}
			for i := range batch {
				at += rnd.Int64N(2)
				batch[i] = NewEvent{at, "x"}
			}
			s.append(batch, 0, seq)
			seq += int64(len(batch))
			if rnd.IntN(3) > 0 {
				continue // several batches between two reads
			}
			want := slices.Clone(s.events)
			slices.SortFunc(want, func(a, b memoryEvent) int {
				if a.Before(b.Position) {
					return -1
				}
				return 1
			})
			s.sortByTime()
			for i := range want {
				if *s.at(i) != want[i] {
					t.Fatalf("disorder %d, round %d: event %d is %v, want %v", disorder, round, i, *s.at(i), want[i])
				}
				if got := s.search(want[i].Position); got != i {
					t.Fatalf("disorder %d, round %d: event %d found at %d", disorder, round, i, got)
				}
			}
		}
		if s.Bytes != seq*(1+Overhead) || s.bytesSince(0) != s.Bytes || s.bytesSince(math.MaxInt64) != 0 {
			t.Errorf("bytes %d, want %d", s.Bytes, seq*27)
		}
	}
}
