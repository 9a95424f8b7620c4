// Package account keeps the books: what became of every event.
//
// At any moment accepted = delivered + pending + rejected + dropped.
package account

// Rejection is why the service refused an event for good.
type Rejection int

// The reasons of rejectedLogEventsInfo, and a request refused as a whole.
const (
	TooOld  Rejection = iota // older than 14 days
	Expired                  // older than the log group's retention
	TooNew                   // more than 2 hours ahead
	Refused                  // its request was refused as invalid
	Rejections
)

// Drop is why an event was given up on this side.
type Drop int

const (
	Full        Drop = iota // the buffer was full
	Oversize                // larger than an event may be, under the policy that drops those
	Empty                   // the service takes no empty message
	Unformatted             // the handler that formats records failed
	Closed                  // logged after the end
	Undelivered             // left when the time to shut down was over
	Drops
)

// Ledger counts events by what became of them. Its owner guards it.
type Ledger struct {
	Accepted  int64 // handed over by log calls, whatever became of them
	Delivered int64
	Rejected  [Rejections]int64
	Dropped   [Drops]int64

	Batches        int64 // requests the service took, wholly or in part
	DeliveredBytes int64 // as the service counts them, 26 an event included
}

// Outcome says what became of the events of one batch.
type Outcome struct {
	Delivered int
	Rejected  [Rejections]int
}

// Settle enters the outcome of a batch of that many counted bytes.
func (l *Ledger) Settle(o Outcome, bytes int) {
	l.Delivered += int64(o.Delivered)
	for reason, n := range o.Rejected {
		l.Rejected[reason] += int64(n)
	}
	if o.Delivered > 0 {
		l.Batches++
		l.DeliveredBytes += int64(bytes)
	}
}
