package cloudwatch

import "time"

// Stats says what became of every event. In each snapshot
//
//	Accepted == Delivered + Pending + Rejected.Total() + Dropped.Total()
//
// A message that was split counts as several events.
type Stats struct {
	// Accepted events were handed over by log calls, whatever became of them.
	Accepted int64
	// Delivered events are those the service has confirmed.
	Delivered int64
	// Pending events wait for the service, those being sent included.
	Pending int64
	// Rejected events were refused by the service for good.
	Rejected Rejected
	// Dropped events were given up on this side.
	Dropped Dropped

	// PendingBytes is the memory of pending events; at most BufferBytes, or
	// one event.
	PendingBytes int64
	// DeliveredBytes is what the service counts for delivered batches: UTF-8
	// bytes and 26 an event.
	DeliveredBytes int64
	// SentBytes is what went over the network: the bodies of PutLogEvents
	// requests, compressed if they were, with JSON around the messages, and
	// repeated ones as often as they were sent.
	SentBytes int64
	// Batches is the number of PutLogEvents requests that delivered something.
	Batches int64
	// Requests is the number of requests tried, of every operation.
	Requests int64
	// Retries is the number of PutLogEvents requests that repeated another one.
	Retries int64

	// LastDelivery is when the service last confirmed a batch; zero if never.
	LastDelivery time.Time
	// LastError is why a request last failed, and LastErrorTime when. Both stay
	// after delivery has recovered.
	LastError     error
	LastErrorTime time.Time
}

// Rejected counts events that the service refused for good, by reason.
type Rejected struct {
	TooOld  int64 // older than 14 days
	Expired int64 // older than the log group's retention
	TooNew  int64 // more than 2 hours ahead
	Refused int64 // in a request that was refused as invalid
}

// Total returns the sum.
func (r Rejected) Total() int64 { return r.TooOld + r.Expired + r.TooNew + r.Refused }

// Dropped counts events that were given up on this side, by reason.
type Dropped struct {
	BufferFull  int64 // see OnFull
	Oversize    int64 // see Oversize
	Empty       int64 // blank lines and empty messages: the service takes none
	Unformatted int64 // the handler given to Using returned an error
	Closed      int64 // logged after Shutdown or Close was called
	Undelivered int64 // left when the time of Shutdown or Close was over
}

// Total returns the sum.
func (d Dropped) Total() int64 {
	return d.BufferFull + d.Oversize + d.Empty + d.Unformatted + d.Closed + d.Undelivered
}
