package pipeline

import "time"

// Intervals between reports of the same failure.
const (
	repeatAfter = time.Minute // first interval; each following one is twice as long
	repeatMax   = time.Hour   // longest interval
)

// maxKinds bounds the kinds of failures that are remembered: error codes come from outside.
const maxKinds = 16

// repeats limits how often each kind of failure is reported: at once, and while it lasts after
// a minute, two more minutes, four and so on. The zero value is ready.
type repeats struct {
	kinds map[string]repeat
}

type repeat struct {
	seen, reported time.Time
	interval       time.Duration // until the next report
}

// due records a failure and reports whether it must be reported. A kind that was not seen for
// repeatAfter starts again.
func (r *repeats) due(kind string, now time.Time) bool {
	k := r.kinds[kind]
	lasts := now.Sub(k.seen) < repeatAfter
	k.seen = now
	switch {
	case !lasts:
		k.reported, k.interval = now, repeatAfter
	case now.Sub(k.reported) >= k.interval:
		k.reported, k.interval = now, min(2*k.interval, repeatMax)
	default:
		r.kinds[kind] = k
		return false
	}
	if r.kinds == nil || len(r.kinds) == maxKinds {
		r.kinds = make(map[string]repeat)
	}
	r.kinds[kind] = k
	return true
}
