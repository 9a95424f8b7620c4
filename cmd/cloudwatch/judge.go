package main

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// judge decides when to give up a run. The library retries forever, as a server needs; a person at a
// terminal or a script needs an end and a message when a retry cannot help. Because the next attempt
// after a single failure may succeed, failures of one kind must last for kind.patience without a
// delivery in between.
type judge struct {
	noCreate   bool // do not create a missing log group or log stream
	keepTrying bool // never give up

	seen      time.Time // time of the last failure seen
	delivered int64     // at that time
	kind      kind      // of the consecutive failures, temporary ones excluded
	first     time.Time // when they began; zero: no failures
}

// look is called periodically with the statistics, the number of events delivered in this run, and
// whether the input has ended. It returns the diagnosis and whether the failures have lasted too long.
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
	if d.kind == kindPassing { // such as a missing log group that cannot be created
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
	case j.keepTrying, limit == 0, d.kind == kindRefused && !ended: // later events may be accepted
		return d, false
	}
	return d, s.LastErrorTime.Sub(j.first) >= limit
}

// failing reports whether requests fail in a way that may end the run.
func (j *judge) failing() bool { return !j.first.IsZero() && !j.keepTrying }
