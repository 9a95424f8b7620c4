package stat

import "math/bits"

// Each power of two is divided into steps buckets, for a relative error of at most 0.8 %.
const (
	stepBits = 7
	steps    = 1 << stepBits
)

// Histogram counts durations in nanoseconds, in constant memory. The zero value is empty. It is not
// safe for concurrent use.
type Histogram struct {
	counts [(64 - stepBits + 1) * steps]uint64
	total  uint64
	max    uint64
}

// Add counts one value. A negative value, from a clock that went back, counts as 0.
func (h *Histogram) Add(ns int64) {
	v := uint64(max(ns, 0))
	h.counts[bucket(v)]++
	h.total++
	h.max = max(h.max, v)
}

// Total returns the number of values.
func (h *Histogram) Total() uint64 { return h.total }

// Max returns the exact largest value.
func (h *Histogram) Max() int64 { return int64(h.max) }

// Quantile returns the q-quantile, 0 if there are no values. The result is at most 0.8 % too high,
// never too low.
func (h *Histogram) Quantile(q float64) int64 {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q * float64(h.total))
	if float64(rank) < q*float64(h.total) || rank == 0 {
		rank++
	}
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return int64(min(highest(i), h.max))
		}
	}
	return int64(h.max)
}

// bucket returns the index of the bucket of v. Each small value has its own bucket.
func bucket(v uint64) int {
	if v < steps {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - stepBits
	return (shift+1)<<stepBits + int(v>>shift) - steps
}

// highest returns the largest value of bucket i.
func highest(i int) uint64 {
	if i < steps {
		return uint64(i)
	}
	shift := i>>stepBits - 1
	return (uint64(i&(steps-1)+steps)+1)<<shift - 1
}
