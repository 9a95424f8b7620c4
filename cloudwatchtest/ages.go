package cloudwatchtest

import "sort"

// Source of these limits: API reference, PutLogEvents.
const (
	hour = int64(60 * 60 * 1000) // milliseconds
	day  = 24 * hour

	maxAge   = 14 * day // an event older than this is refused
	maxAhead = 2 * hour // and so is one further ahead than this
	maxSpan  = day      // between the first and the last accepted event of a batch
)

// ages tells which events of a batch are refused for their time. The batch is
// in time order, so each kind is a run at one end.
type ages struct {
	tooOld  int // events [0, tooOld) are older than 14 days
	expired int // events [0, expired) are older than the group's retention
	tooNew  int // events [tooNew, length) are more than 2 hours ahead
	first   int // events [first, last) are accepted
	last    int
	tooWide bool // the accepted events span more than 24 hours
}

// classify sorts a batch in time order by age. retention is in days, 0 = for
// ever.
func classify(batch []inputEvent, now int64, retention int) ages {
	before := func(t int64) int {
		return sort.Search(len(batch), func(i int) bool { return batch[i].Timestamp >= t })
	}
	a := ages{
		tooOld:  before(now - maxAge),
		expired: before(retentionCutoff(retention, now)),
		tooNew:  before(now + maxAhead + 1),
	}
	a.first = min(max(a.tooOld, a.expired), a.tooNew)
	a.last = a.tooNew
	if a.first < a.last {
		a.tooWide = batch[a.last-1].Timestamp-batch[a.first].Timestamp > maxSpan
	}
	return a
}

// retentionCutoff is the time of the oldest event that retention keeps.
func retentionCutoff(days int, now int64) int64 {
	if days == 0 {
		return 0
	}
	return max(0, now-int64(days)*day)
}

func batchTooWide() *APIError {
	return invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
}
