package cloudwatch

import (
	"encoding/json"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

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
	// Rejected events are those the service does not take.
	Rejected Rejected
	// Dropped events were given up on this side.
	Dropped Dropped

	// Restamped events are those among Delivered that got another time than
	// their own, see Untimely.
	Restamped int64
	// Announced is how many lost events the log stream itself tells of, see
	// LossError.
	Announced int64

	// PendingBytes is the memory of pending events; at most BufferBytes, or
	// one event. With a spool a quarter of that or 4 MiB, whichever is more, may
	// be in flight beside it, see Options.BufferBytes.
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

	// AtRisk is how many pending events are in memory only although there is a spool:
	// their log calls have returned, but the disk has stalled, has failed or is full, or
	// the spool is. They are lost if the process is killed now. 0 without a spool.
	AtRisk int64
	// WereAtRisk is how many log calls have ever returned with their event in memory
	// only. It does not decrease.
	WereAtRisk int64
	// SpoolBytes is how many bytes all files in the spool take on the file system, with
	// what is reserved; as of the last time that a segment was made or grew.
	SpoolBytes int64
	// Recovered counts the events that ended processes left in the spool. They are in no
	// other field.
	Recovered Recovered

	// InFlight is the number of PutLogEvents requests under way.
	InFlight int

	// OldestPending is when the event that waits longest was accepted; zero if
	// none does.
	OldestPending time.Time
	// LastDelivery is when the service last confirmed a batch; zero if never.
	LastDelivery time.Time
	// LastError is why a request last failed, and LastErrorTime when. Both stay
	// after delivery has recovered.
	LastError     error
	LastErrorTime time.Time
}

// MarshalJSON writes the fields, LastError as its text. So statistics can be
// published as they are:
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

// Rejected counts events that the service does not take, by reason.
type Rejected struct {
	TooOld  int64 // older than 14 days; under DropUntimely they are not even sent
	Expired int64 // older than the log group's retention
	TooNew  int64 // more than 2 hours ahead; as for TooOld
	Refused int64 // refused as invalid, alone
}

// Total returns the sum.
func (r Rejected) Total() int64 { return r.TooOld + r.Expired + r.TooNew + r.Refused }

// Dropped counts events that were given up on this side, by reason.
type Dropped struct {
	BufferFull  int64 // see OnFull
	Oversize    int64 // see Oversize
	Empty       int64 // blank lines and empty messages: the service takes none
	Unformatted int64 // the handler given to Using returned an error, or wrote nothing since the record was below its own level
	Closed      int64 // logged after Shutdown or Close was called
	Undelivered int64 // left when the time of Shutdown or Close was over, and not in the spool
	Damaged     int64 // in the spool, but could not be read again
}

// Total returns the sum.
func (d Dropped) Total() int64 {
	return d.BufferFull + d.Oversize + d.Empty + d.Unformatted + d.Closed + d.Undelivered + d.Damaged
}

// Stats returns a snapshot of what became of every event.
func (p *pipeline) Stats() Stats {
	q, t := p.queue.State(), p.worker.Traffic()
	lastAt, last := p.report.last()
	s := Stats{
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
		Batches:        q.Batches,
		SentBytes:      t.Bytes,
		Requests:       t.Requests,
		Retries:        t.Retries,
		InFlight:       t.InFlight,
		OldestPending:  q.Oldest,
		LastDelivery:   t.LastDelivery,
		LastError:      last,
		LastErrorTime:  lastAt,
	}
	if p.spool != nil {
		spool := p.spool.State()
		s.WereAtRisk, s.SpoolBytes = spool.WereRisk, spool.Bytes
		if spool.Stalled || spool.Failure != nil {
			s.AtRisk = p.queue.Unsafe()
		}
		s.Recovered = p.recovered()
	}
	return s
}
