package logstore

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Position is the position of an event in the order that FilterLogEvents documents: by time, then
// ingestion time, then request. Events are numbered from 1 as they are accepted, across all log
// groups, so the number represents ingestion time and request. A number is never reused, not even
// after a restart.
type Position struct {
	Time   int64 // milliseconds since 1970
	Number int64
}

// ID returns the event ID: unique, stable, and 56 digits like the service's.
func (p Position) ID() string { return fmt.Sprintf("3%019d%036d", p.Time, p.Number) }

// ParseID parses an event ID.
func ParseID(id string) (p Position, ok bool) {
	if len(id) != 56 || id[0] != '3' || strings.Trim(id, "0123456789") != "" {
		return p, false
	}
	var err1, err2 error
	p.Time, err1 = strconv.ParseInt(id[1:20], 10, 64)
	p.Number, err2 = strconv.ParseInt(id[20:], 10, 64)
	return p, err1 == nil && err2 == nil
}

// End returns a position after every event.
func End() Position { return Position{math.MaxInt64, math.MaxInt64} }

// Compare returns a negative number if p is before q, 0 if they are equal, and a positive number
// otherwise.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Time, q.Time), cmp.Compare(p.Number, q.Number))
}

// Before reports whether p is before q.
func (p Position) Before(q Position) bool {
	return p.Time < q.Time || p.Time == q.Time && p.Number < q.Number
}

// Max returns the later of two positions.
func (p Position) Max(q Position) Position {
	if p.Before(q) {
		return q
	}
	return p
}

// Min returns the earlier of two positions.
func (p Position) Min(q Position) Position {
	if q.Before(p) {
		return q
	}
	return p
}
