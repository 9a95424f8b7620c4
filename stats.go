package cloudwatch

import (
	"encoding/json"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Stats are the counters of all events. In each snapshot
//
//	Accepted == Delivered + Pending + Rejected.Total() + Dropped.Total()
//
// A message that was split counts as several events.
type Stats struct {
	// Accepted counts events passed to log calls, whatever their outcome.
	Accepted int64
	// Delivered counts events that the service acknowledged.
	Delivered int64
	// Pending counts events that are not acknowledged yet, including those in flight.
	Pending int64
	// Rejected counts events that the service does not accept.
	Rejected Rejected
	// Dropped counts events that were lost before they reached the service.
	Dropped Dropped

	// Restamped counts those of Delivered whose timestamp was replaced, see [Untimely].
	Restamped int64
	// Announced counts lost events that the log stream has a loss notice for, see [LossError].
	Announced int64

	// PendingBytes is the memory of pending events: at most BufferBytes, or one event. With a
	// spool, a quarter of that or 4 MiB, whichever is more, may be in flight in addition, see
	// [Options.BufferBytes].
	PendingBytes int64
	// DeliveredBytes is the size of delivered batches as the service counts it: UTF-8 bytes plus
	// 26 per event.
	DeliveredBytes int64
	// SentBytes is the size of the bodies of all PutLogEvents requests, including retries, as
	// sent: JSON, compressed or not.
	SentBytes int64
	// Batches counts PutLogEvents requests that delivered events.
	Batches int64
	// Requests counts attempts of every operation.
	Requests int64
	// Retries counts PutLogEvents requests that repeated another one.
	Retries int64

	// AtRisk counts pending events in memory only although there is a spool: their log calls
	// have returned, but the disk has stalled, has failed or is full, or the spool is full. They
	// are lost if the process is killed now. 0 without a spool.
	AtRisk int64
	// WereAtRisk counts log calls that ever returned with their event in memory only. It never
	// decreases.
	WereAtRisk int64
	// SpoolBytes is the space that all files in the spool occupy, including reserved space, as
	// of the last time that a segment was created or grew.
	SpoolBytes int64
	// Recovered counts the events that ended processes left in the spool. No other field
	// includes them.
	Recovered Recovered

	// InFlight is the number of PutLogEvents requests in flight.
	InFlight int

	// OldestPending is when the oldest pending event was accepted; zero if none is pending.
	OldestPending time.Time
	// LastDelivery is when the service last acknowledged a batch; zero if never.
	LastDelivery time.Time
	// LastError is why a request last failed, and LastErrorTime when. Both keep their values
	// after delivery recovers.
	LastError     error
	LastErrorTime time.Time
}

// MarshalJSON writes all fields, LastError as its text, so that Stats can be published:
//
//	expvar.Publish("cloudwatch", expvar.Func(func() any { return h.Stats() }))
func (s Stats) MarshalJSON() ([]byte, error) {
	type fields Stats // without this method
	last := ""
	if s.LastError != nil {
		last = s.LastError.Error()
	}
	return json.Marshal(struct {
		fields
		LastError string
	}{fields(s), last})
}

// Rejected counts events that the service does not accept, by reason.
type Rejected struct {
	TooOld  int64 // older than 14 days; under DropUntimely they are not sent
	Expired int64 // older than the log group's retention
	TooNew  int64 // more than 2 hours ahead; as for TooOld
	Refused int64 // refused as invalid, alone
}

// Total returns the sum of all fields.
func (r Rejected) Total() int64 { return r.TooOld + r.Expired + r.TooNew + r.Refused }

// Dropped counts events that were lost before they reached the service, by reason.
type Dropped struct {
	BufferFull  int64 // see [OnFull]
	Oversize    int64 // see [Oversize]
	Empty       int64 // blank lines and empty messages, which the service rejects
	Unformatted int64 // the handler given to [Using] returned an error, or wrote nothing since the record was below its level
	Closed      int64 // logged after Shutdown or Close was called
	Undelivered int64 // left when Shutdown or Close gave up, and not in the spool
	Damaged     int64 // in the spool, but could not be read back
}

// Total returns the sum of all fields.
func (d Dropped) Total() int64 {
	return d.BufferFull + d.Oversize + d.Empty + d.Unformatted + d.Closed + d.Undelivered + d.Damaged
}

// Recovered counts the events that ended processes left in the spool for the log group, region and
// endpoint of the handler. They are not in the other counters of [Stats]. In each snapshot
//
//	Events == Delivered + Pending + Lost
//
// They are counted in the background, at the start and then every 30 seconds, so Pending is more
// than 0 as long as something was found and is not delivered. At most 64 MiB are read for that at
// once. Until it is read, a file beyond that counts as the number of events in its
// acknowledgements, or as one event without them.
type Recovered struct {
	Events    int64 // found so far
	Delivered int64 // to the log streams of those processes
	Pending   int64 // in the spool
	Lost      int64 // rejected by the service, or damaged
	Damaged   int64 // those of Lost that could not be read
	Held      int64 // bytes of segments that are not sent: for another log group, region or endpoint, or unreadable
}

// Stats returns a snapshot of the counters.
func (h *Handler) Stats() Stats { return newStats(h.pipeline.State()) }

// Stats is [Handler.Stats].
func (w *Writer) Stats() Stats { return newStats(w.pipeline.State()) }

func newStats(s pipeline.State) Stats {
	q, t := s.Queue, s.Traffic
	return Stats{
		Accepted:  q.Accepted,
		Delivered: q.Delivered,
		Pending:   q.Pending,
		Rejected: Rejected{
			TooOld:  q.Lost[account.TooOld],
			Expired: q.Lost[account.Expired],
			TooNew:  q.Lost[account.TooNew],
			Refused: q.Lost[account.Refused],
		},
		Dropped: Dropped{
			BufferFull:  q.Lost[account.Full],
			Oversize:    q.Lost[account.Oversize],
			Empty:       q.Lost[account.Empty],
			Unformatted: q.Lost[account.Unformatted],
			Closed:      q.Lost[account.Closed],
			Undelivered: q.Lost[account.Undelivered],
			Damaged:     q.Lost[account.Damaged],
		},
		Restamped:      q.Restamped,
		Announced:      q.Announced,
		PendingBytes:   q.PendingBytes,
		DeliveredBytes: q.DeliveredBytes,
		SentBytes:      t.Bytes,
		Batches:        q.Batches,
		Requests:       t.Requests,
		Retries:        t.Retries,
		AtRisk:         s.AtRisk,
		WereAtRisk:     s.EverAtRisk,
		SpoolBytes:     s.SpoolBytes,
		Recovered:      Recovered(s.Recovered),
		InFlight:       t.InFlight,
		OldestPending:  q.Oldest,
		LastDelivery:   t.LastDelivery,
		LastError:      s.LastError,
		LastErrorTime:  s.LastErrorTime,
	}
}
