package stat

import (
	"math"
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 2, 3}, 2.5},
		{[]float64{nan, 7, nan}, 7},
		{[]float64{5}, 5},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing = %v, want NaN", got)
	}
	values := []float64{3, 1, 2}
	Median(values)
	if !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("Median changed its argument: %v", values)
	}
}

func TestRatiosPairRounds(t *testing.T) {
	// All took twice as long in the second round: the ratio is the same.
	if got := Ratios([]float64{1, 2}, []float64{4, 8}); !slices.Equal(got, []float64{0.25, 0.25}) {
		t.Errorf("got %v", got)
	}
}

func TestRange(t *testing.T) {
	if low, high := Range([]float64{2, math.NaN(), 1, 3}); low != 1 || high != 3 {
		t.Errorf("got %v to %v", low, high)
	}
}

func TestHistogramBucketsAreContiguousAndFine(t *testing.T) {
	var next uint64 // the smallest value of the bucket
	for i := range len(Histogram{}.counts) {
		top := highest(i)
		if bucket(next) != i || bucket(top) != i {
			t.Fatalf("bucket %d should hold %d to %d, but these are in %d and %d", i, next, top, bucket(next), bucket(top))
		}
		if width := top - next + 1; float64(width) > max(1, float64(next)*0.008) {
			t.Fatalf("bucket %d of %d to %d is too wide", i, next, top)
		}
		if top == math.MaxUint64 {
			if i != len(Histogram{}.counts)-1 {
				t.Fatalf("buckets after %d are never used", i)
			}
			return
		}
		next = top + 1
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h Histogram
	var values []int64
	for i := range int64(100_000) {
		v := i * i % 99_991 * 37
		values = append(values, v)
		h.Add(v)
	}
	slices.Sort(values)
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1} {
		exact := values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
		got := h.Quantile(q)
		if got < exact || float64(got) > float64(exact)*1.008+1 {
			t.Errorf("quantile %v = %d, exactly %d", q, got, exact)
		}
	}
	if h.Max() != values[len(values)-1] || h.Total() != uint64(len(values)) {
		t.Errorf("max %d, total %d", h.Max(), h.Total())
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Error("an empty histogram has values")
	}
	h.Add(-5)
	if h.Quantile(1) != 0 || h.Total() != 1 {
		t.Error("a negative value does not count as 0")
	}
	h.Add(math.MaxInt64)
	if h.Quantile(1) != math.MaxInt64 || h.Max() != math.MaxInt64 {
		t.Error("the largest value is lost")
	}
}
