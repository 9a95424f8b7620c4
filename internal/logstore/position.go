package logstore

import (
	"cmp"
	"math"
)

// Position is an event's place in the order FilterLogEvents documents: time,
// then ingestion time, then request. Events are numbered as they are accepted,
// from 1, in one row for all log groups; so the number stands for the last
// two. No number is given twice, not even after a restart.
type Position struct {
	Time   int64 // milliseconds since 1970
	Number int64
}

// End lies after every event.
func End() Position { return Position{math.MaxInt64, math.MaxInt64} }

// Compare returns a negative number if p lies before q, 0 if they are the same.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Time, q.Time), cmp.Compare(p.Number, q.Number))
}

// Before reports whether p lies before q.
func (p Position) Before(q Position) bool {
	return p.Time < q.Time || p.Time == q.Time && p.Number < q.Number
}

// Max returns the later one of two positions.
func (p Position) Max(q Position) Position {
	if p.Before(q) {
		return q
	}
	return p
}

// Min returns the earlier one of two positions.
func (p Position) Min(q Position) Position {
	if q.Before(p) {
		return q
	}
	return p
}
