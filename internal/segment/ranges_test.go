package segment_test

import (
	"math"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

func TestRangesAdd(t *testing.T) {
	start := segment.Ranges{{10, 20}, {30, 40}, {50, 60}}
	for _, test := range []struct {
		name string
		add  segment.Range
		want segment.Ranges
	}{
		{"nothing", segment.Range{5, 5}, start},
		{"reversed range", segment.Range{45, 5}, start},
		{"before the first", segment.Range{1, 5}, segment.Ranges{{1, 5}, {10, 20}, {30, 40}, {50, 60}}},
		{"touching the first", segment.Range{1, 10}, segment.Ranges{{1, 20}, {30, 40}, {50, 60}}},
		{"between", segment.Range{22, 28}, segment.Ranges{{10, 20}, {22, 28}, {30, 40}, {50, 60}}},
		{"touching on the left", segment.Range{20, 25}, segment.Ranges{{10, 25}, {30, 40}, {50, 60}}},
		{"touching on the right", segment.Range{25, 30}, segment.Ranges{{10, 20}, {25, 40}, {50, 60}}},
		{"filling a gap", segment.Range{20, 30}, segment.Ranges{{10, 40}, {50, 60}}},
		{"inside", segment.Range{32, 35}, start},
		{"existing range", segment.Range{30, 40}, start},
		{"overlapping two", segment.Range{15, 35}, segment.Ranges{{10, 40}, {50, 60}}},
		{"covering all", segment.Range{1, 100}, segment.Ranges{{1, 100}}},
		{"covering all but the first", segment.Range{21, 61}, segment.Ranges{{10, 20}, {21, 61}}},
		{"extending the last", segment.Range{60, 61}, segment.Ranges{{10, 20}, {30, 40}, {50, 61}}},
		{"behind", segment.Range{61, 62}, segment.Ranges{{10, 20}, {30, 40}, {50, 60}, {61, 62}}},
		{"up to the end", segment.Range{55, math.MaxUint64}, segment.Ranges{{10, 20}, {30, 40}, {50, math.MaxUint64}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := slices.Clone(start)
			r.Add(test.add.From, test.add.To)
			if !slices.Equal(r, test.want) {
				t.Errorf("got %v, want %v", r, test.want)
			}
		})
	}
}

// TestRangesAreASet compares Ranges with a set of numbers.
func TestRangesAreASet(t *testing.T) {
	rng := newRand(1)
	for range 300 {
		const most = 40
		var r segment.Ranges
		var set [most]bool
		for range rng.IntN(30) {
			from, to := rng.Uint64N(most), rng.Uint64N(most)
			r.Add(from, to)
			for i := from; i < to; i++ {
				set[i] = true
			}
		}
		for i, x := range r {
			if x.From >= x.To || i > 0 && x.From <= r[i-1].To {
				t.Fatalf("%v is not ascending", r)
			}
		}
		for from := range uint64(most) {
			if r.Contains(from) != set[from] {
				t.Fatalf("%v, Contains(%d) is wrong", r, from)
			}
			for to := range uint64(most) {
				if want := from >= to || !slices.Contains(set[from:to], false); r.Covers(from, to) != want {
					t.Fatalf("%v, Covers(%d, %d) is wrong", r, from, to)
				}
			}
		}
	}
}

func TestRangesCut(t *testing.T) {
	start := segment.Ranges{{1, 3}, {10, 11}, {20, 30}, {40, 41}, {50, 52}}
	for most, want := range []segment.Ranges{
		{},
		{{20, 30}},
		{{1, 3}, {20, 30}},
		{{1, 3}, {20, 30}, {50, 52}},
		{{1, 3}, {10, 11}, {20, 30}, {50, 52}},
		start,
		start,
	} {
		r := slices.Clone(start)
		r.Cut(most)
		if !slices.Equal(r, want) {
			t.Errorf("%d: got %v, want %v", most, r, want)
		}
	}
}

// Acknowledging events in order must not allocate.
func TestRangesAddInOrderDoesNotAllocate(t *testing.T) {
	r, next := segment.Ranges{{1, 2}, {5, 6}}, uint64(6)
	if n := testing.AllocsPerRun(1000, func() { next++; r.Add(next-1, next) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if want := (segment.Ranges{{1, 2}, {5, next}}); !slices.Equal(r, want) {
		t.Errorf("got %v, want %v", r, want)
	}
}
