package cloudwatchtest

// RejectedInfo is the rejectedLogEventsInfo of an answer of PutLogEvents. The
// indexes are answered as they are, even if no event of the batch has them;
// nil = not told. The events that they leave, as far as they exist, are stored.
type RejectedInfo struct {
	TooOldEnd   *int // events before this index are refused as older than 14 days
	ExpiredEnd  *int // events before this index are refused as older than the group's retention
	TooNewStart *int // events from this index on are refused as more than 2 hours ahead
}

// keeps returns which events of a batch are stored: [first, last).
func (r *RejectedInfo) keeps(events int) (first, last int) {
	within := func(i int) int { return min(max(i, 0), events) }
	last = events
	if r.TooNewStart != nil {
		last = within(*r.TooNewStart)
	}
	first = within(max(value(r.TooOldEnd), value(r.ExpiredEnd)))
	return min(first, last), last
}

// shown is the part of the answer, there even if it tells no index.
func (r *RejectedInfo) shown() *rejectedEvents {
	return &rejectedEvents{TooOldLogEventEndIndex: r.TooOldEnd, ExpiredLogEventEndIndex: r.ExpiredEnd, TooNewLogEventStartIndex: r.TooNewStart}
}
