package segment

import (
	"cmp"
	"slices"
	"sort"
)

// Range is the sequence numbers from From on and before To.
type Range struct{ From, To uint64 }

// Ranges is a set of sequence numbers: ranges that are not empty, ascending, and
// with gaps between them. The zero value is the empty set.
type Ranges []Range

// Add adds the sequence numbers from one on and before another. It costs next to
// nothing where they follow the largest ones, as they mostly do.
func (r *Ranges) Add(from, to uint64) {
	if from >= to {
		return
	}
	// [i, j) are the ranges that overlap the new one or touch it.
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

// Contains reports whether a sequence number is in the set.
func (r Ranges) Contains(seq uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > seq })
	return i < len(r) && r[i].From <= seq
}

// Covers reports whether all sequence numbers from one on and before another are in
// the set.
func (r Ranges) Covers(from, to uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > from })
	return from >= to || i < len(r) && r[i].From <= from && to <= r[i].To
}

// CoversAll reports whether all sequence numbers of another set are in this one.
func (r Ranges) CoversAll(other Ranges) bool {
	return !slices.ContainsFunc(other, func(x Range) bool { return !r.Covers(x.From, x.To) })
}

// CoversWithin reports whether all sequence numbers of another set that are from one on
// and before another are in this one.
func (r Ranges) CoversWithin(other Ranges, from, to uint64) bool {
	i := sort.Search(len(other), func(i int) bool { return other[i].To > from })
	for ; i < len(other) && other[i].From < to; i++ {
		if !r.Covers(max(other[i].From, from), min(other[i].To, to)) {
			return false
		}
	}
	return true
}

// Count returns how many sequence numbers from one on and before another are in the
// set.
func (r Ranges) Count(from, to uint64) (n uint64) {
	i := sort.Search(len(r), func(i int) bool { return r[i].To > from })
	for ; i < len(r) && r[i].From < to; i++ {
		n += min(r[i].To, to) - max(r[i].From, from)
	}
	return n
}

// Cut removes all ranges but so many, and keeps the largest ones.
func (r *Ranges) Cut(most int) {
	if len(*r) <= most {
		return
	}
	bySize := slices.Clone(*r)
	slices.SortStableFunc(bySize, func(a, b Range) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	copy(*r, bySize[:most])
	*r = (*r)[:most]
	slices.SortFunc(*r, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
}

// valid reports whether the ranges are as Add leaves them.
func (r Ranges) valid() bool {
	for i, x := range r {
		if x.From >= x.To || i > 0 && x.From <= r[i-1].To {
			return false
		}
	}
	return true
}
