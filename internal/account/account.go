// Package account keeps the books: what became of every event.
//
// At any moment accepted = delivered + pending + lost, over all reasons.
package account

// Reason is why an event was lost.
type Reason int

const (
	// The service does not take the event.
	TooOld  Reason = iota // older than 14 days
	Expired               // older than the log group's retention
	TooNew                // more than 2 hours ahead
	Refused               // refused as invalid

	// It was given up on this side.
	Full        // the buffer was full
	Oversize    // larger than an event may be, under the policy that drops those
	Empty       // the service takes no empty message
	Unformatted // the handler that formats records failed
	Closed      // logged after the end
	Undelivered // left when the time to shut down was over
	Damaged     // the spool's copy of it could not be read again

	Reasons
)

// Loss sums up lost events.
type Loss struct {
	Events int64
	Bytes  int64 // of their messages, as the service counts them
	First  int64 // time of the oldest, in ms; only if there are events
	Last   int64 // time of the newest
	Levels [Levels]int64
}

// Add enters one event.
func (l *Loss) Add(time int64, bytes int, level Level) {
	one := Loss{Events: 1, Bytes: int64(bytes), First: time, Last: time}
	one.Levels[level] = 1
	l.Merge(&one)
}

// Merge adds another sum.
func (l *Loss) Merge(other *Loss) {
	switch {
	case other.Events == 0:
		return
	case l.Events == 0:
		l.First, l.Last = other.First, other.Last
	default:
		l.First, l.Last = min(l.First, other.First), max(l.Last, other.Last)
	}
	l.Events += other.Events
	l.Bytes += other.Bytes
	for level, n := range other.Levels {
		l.Levels[level] += n
	}
}

// Subtract takes off a sum of some of the events. The times stay as they are.
func (l *Loss) Subtract(some *Loss) {
	l.Events -= some.Events
	l.Bytes -= some.Bytes
	for level, n := range some.Levels {
		l.Levels[level] -= n
	}
}

// Losses are sums by reason.
type Losses [Reasons]Loss

// Ledger counts events by what became of them. Its owner guards it.
type Ledger struct {
	Accepted  int64 // handed over by log calls, whatever became of them
	Delivered int64
	Lost      [Reasons]int64

	Announced      int64 // lost events of which the stream has been told
	Restamped      int64 // delivered, but with another time than their own
	Batches        int64 // requests the service took, wholly or in part
	DeliveredBytes int64 // as the service counts them, the overhead of each event included
}

// Outcome says what became of some events of a batch.
type Outcome struct {
	Delivered int
	Bytes     int // of those delivered, as the service counts them
	Restamped int // of those delivered
	Lost      Losses
	Settled   Loss // the sum of all of them, delivered or lost
}

// Settle enters an outcome.
func (l *Ledger) Settle(o *Outcome) {
	l.Delivered += int64(o.Delivered)
	l.Restamped += int64(o.Restamped)
	l.DeliveredBytes += int64(o.Bytes)
	if o.Delivered > 0 {
		l.Batches++
	}
	for reason := range o.Lost {
		l.Lost[reason] += o.Lost[reason].Events
	}
}
