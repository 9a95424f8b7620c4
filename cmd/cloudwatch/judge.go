package main

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// judge decides when a run is given up. The library retries whatever happens, as
// a server wants it; a person at a terminal or a script wants an end and a
// message when only somebody else can help. A failure alone says little, since the
// next attempt may succeed. So failures of a kind must last, see kind.patience, and
// nothing may be delivered between them.
type judge struct {
	noCreate   bool // a missing log group or log stream is not created
	keepTrying bool // never give up

	seen      time.Time // of the last failure that was looked at
	delivered int64     // when it was
	kind      kind      // of the failures in a row; those that pass do not count
	first     time.Time // when the first of them was; zero if none was
}

// look is called now and then with the statistics, how much was delivered in this
// run, and whether the input has ended. It returns what is wrong, and whether that
// has lasted too long.
func (j *judge) look(s *cloudwatch.Stats, delivered int64, ended bool) (d diagnosis, over bool) {
	if delivered > j.delivered {
		j.delivered, j.first = delivered, time.Time{}
		if !s.LastErrorTime.After(s.LastDelivery) {
			j.seen = s.LastErrorTime
		}
	}
	f := failureOf(s.LastError)
	if f == nil || !s.LastErrorTime.After(j.seen) || f.Operation == setRetention {
		return diagnosis{}, false
	}
	j.seen = s.LastErrorTime
	d = diagnose(f, j.noCreate)
	if d.kind == kindPassing { // such as that a log group is missing which cannot be created
		return d, false
	}
	if j.first.IsZero() || d.kind != j.kind {
		j.kind, j.first = d.kind, s.LastErrorTime
	}
	limit, later := d.kind.patience()
	if delivered > 0 {
		limit = later
	}
	switch {
	case j.keepTrying, limit == 0, d.kind == kindRefused && !ended: // what comes may be taken
		return d, false
	}
	return d, s.LastErrorTime.Sub(j.first) >= limit
}

// troubled reports whether requests fail in a way that may end the run.
func (j *judge) troubled() bool { return !j.first.IsZero() && !j.keepTrying }
