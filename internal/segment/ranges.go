package segment

import (
	"cmp"
	"slices"
	"sort"
)

// Range is the half-open range [From, To) of sequence numbers.
type Range struct{ From, To uint64 }

// Ranges is a set of sequence numbers: non-empty ranges in ascending order with gaps between
// them. The zero value is the empty set.
type Ranges []Range

// Add adds the range [from, to). Adding at the end, the usual case, takes constant time.
func (r *Ranges) Add(from, to uint64) {
	if from >= to {
		return
	}
	// [i, j) are the indices of the ranges that overlap or touch the new one.
	i, j := len(*r), len(*r)
	if i > 0 && (*r)[i-1].To >= from {
		i = sort.Search(i, func(i int) bool { return (*r)[i].To >= from })
		for j = i; j < len(*r) && (*r)[j].From <= to; j++ {
			from, to = min(from, (*r)[j].From), max(to, (*r)[j].To)
		}
	}
	if i < j {
		(*r)[i] = Range{from, to}
		*r = slices.Delete(*r, i+1, j)
		return
	}
	*r = slices.Insert(*r, i, Range{from, to})
}

// Contains reports whether seq is in the set.
func (r Ranges) Contains(seq uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > seq })
	return i < len(r) && r[i].From <= seq
}

// Covers reports whether the set contains the whole range [from, to).
func (r Ranges) Covers(from, to uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > from })
	return from >= to || i < len(r) && r[i].From <= from && to <= r[i].To
}

// CoversAll reports whether the set contains all of other.
func (r Ranges) CoversAll(other Ranges) bool {
	return !slices.ContainsFunc(other, func(x Range) bool { return !r.Covers(x.From, x.To) })
}

// CoversWithin reports whether the set contains all sequence numbers of other in the range
// [from, to).
func (r Ranges) CoversWithin(other Ranges, from, to uint64) bool {
	i := sort.Search(len(other), func(i int) bool { return other[i].To > from })
	for ; i < len(other) && other[i].From < to; i++ {
		if !r.Covers(max(other[i].From, from), min(other[i].To, to)) {
			return false
		}
	}
	return true
}

// Count returns how many sequence numbers of the range [from, to) are in the set.
func (r Ranges) Count(from, to uint64) (n uint64) {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > from })
	for ; i < len(r) && r[i].From < to; i++ {
		n += min(r[i].To, to) - max(r[i].From, from)
	}
	return n
}

// Cut keeps the largest ranges, at most limit of them, and removes the others.
func (r *Ranges) Cut(limit int) {
	if len(*r) <= limit {
		return
	}
	bySize := slices.Clone(*r)
	slices.SortStableFunc(bySize, func(a, b Range) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	copy(*r, bySize[:limit])
	*r = (*r)[:limit]
	slices.SortFunc(*r, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
}

// valid reports whether the ranges meet the invariant of [Ranges].
func (r Ranges) valid() bool {
	for i, x := range r {
		if x.From >= x.To || i > 0 && x.From <= r[i-1].To {
			return false
		}
	}
	return true
}
