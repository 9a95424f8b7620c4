// Package account counts the outcome of every event. At any moment, accepted = delivered +
// pending + lost over all reasons.
package account

// Reason is why an event was lost.
type Reason int

const (
	// Rejected by the service.
	TooOld  Reason = iota // older than 14 days
	Expired               // older than the log group's retention
	TooNew                // more than 2 hours in the future
	Refused               // refused as invalid

	// Dropped by this library.
	Full        // the buffer was full
	Oversize    // larger than the service accepts, under the policy that drops such events
	Empty       // the service does not accept empty messages
	Unformatted // the handler that formats records failed
	Closed      // logged after Close
	Undelivered // left when the time for the shutdown was over
	Damaged     // the spool's copy could not be read back

	Reasons
)

// Loss sums up lost events.
type Loss struct {
	Events int64
	Bytes  int64 // of their messages, as the service counts them
	First  int64 // oldest timestamp, in ms; valid only if there are events
	Last   int64 // newest timestamp, likewise
	Levels [Levels]int64
}

// Add adds one event.
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

// Subtract subtracts the sum of some of the events. First and Last do not change.
func (l *Loss) Subtract(some *Loss) {
	l.Events -= some.Events
	l.Bytes -= some.Bytes
	for level, n := range some.Levels {
		l.Levels[level] -= n
	}
}

// Losses are sums by reason.
type Losses [Reasons]Loss

// Ledger counts events by outcome. It must be guarded by its owner.
type Ledger struct {
	Accepted  int64 // passed to log calls, whatever their outcome
	Delivered int64
	Lost      [Reasons]int64

	Announced      int64 // lost events that a delivered loss notice reports
	Restamped      int64 // delivered with another timestamp than their own
	Batches        int64 // requests that the service accepted, at least in part
	DeliveredBytes int64 // as the service counts them, including the overhead of each event
}

// Outcome is the outcome of some events of a batch.
type Outcome struct {
	Delivered int
	Bytes     int // of those delivered, as the service counts them
	Restamped int // of those delivered
	Lost      Losses
	Settled   Loss // sum of all of them, delivered or lost
}

// Settle adds an outcome to the counters.
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
