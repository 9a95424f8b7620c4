package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
)

// Recovered counts the events that ended processes left in the spool for the log group,
// region and endpoint of the handler. They are not in the other counts of Stats. In each
// snapshot
//
//	Events == Delivered + Pending + Lost
//
// They are counted in the background, from the start on and then every 30 seconds, so
// Pending is more than 0 as long as something is found and not delivered. At most 64 MiB
// are read for that at once. A file beyond that counts with the number of events in its
// acknowledgements, or as one event if they do not say, until it is read.
type Recovered struct {
	Events    int64 // found so far
	Delivered int64 // to the log streams of those processes
	Pending   int64 // in the spool
	Lost      int64 // rejected by the service, or damaged
	Damaged   int64 // those among Lost that could not be read
	Held      int64 // bytes of segments that are not sent: for another log group, region or endpoint, or unreadable
}

func (p *pipeline) startRecovery(own destination) *recovery.Recovery {
	cfg := p.delivery
	cfg.Creation.First = false
	cfg.MaxInFlight = 1
	cfg.StartDelay = 0
	return recovery.Start(recovery.Config{
		Spool:       p.spool,
		Path:        p.settings.Spool,
		Destination: recovery.Destination{Region: own.region, Endpoint: own.endpoint, Group: own.group},
		Lanes:       p.settings.MaxInFlight,
		Interval:    p.settings.FlushInterval,
		StartDelay:  p.settings.StartDelay,
		Patience:    4 * time.Minute, // longer than the deadline of any attempt
		First:       rand.IntN,
		Deliver: func(stream string, q *queue.Queue) recovery.Worker {
			to := cfg
			to.Stream = stream
			to.Failed, to.Refused = p.failed(stream), p.refused(stream)
			return deliver.Start(to, q)
		},
		Report: func(op, path string, err error) { p.report.later(&SpoolError{op, path, err}) },
		Lost: func(reason account.Reason, loss *account.Loss) {
			p.queue.Untell(queue.Program, reason, loss)
			p.report.look()
		},
		Note: p.noteRecovered,
	})
}

// recovered returns what was recovered so far.
func (p *pipeline) recovered() Recovered { return Recovered(p.recovery.Counts()) }

// AwaitRecovery waits until all events are delivered that ended processes had left in the
// spool by the time of the call, for the log group, region and endpoint of the handler. It
// does not wait for events that are for another destination, cannot be read, or are being
// sent by another process. nil means that none is left, or that there is no spool.
//
// When the context ends first, it returns an *UndeliveredError with the number of events
// that are left and the error of the context; delivery goes on. If the handler was closed
// while events were left, the error is ErrClosed. It may be called at any time and by
// several goroutines.
func (p *pipeline) AwaitRecovery(ctx context.Context) error {
	if p.recovery == nil {
		return nil
	}
	err := p.recovery.Await(ctx)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil {
		err = ErrClosed
	}
	left := p.recovery.Counts().Pending
	return &UndeliveredError{Events: left, Leftover: left, Spooled: left, Err: err, Last: p.obstacle()}
}

// recoveredRecord is what the log stream is told of the events that processes which have
// ended had left for a log stream.
type recoveredRecord struct {
	Time      string `json:"time"`
	Level     string `json:"level"`
	Message   string `json:"msg"`
	Producer  string `json:"producer"` // of the last one
	Program   string `json:"program"`
	Stream    string `json:"stream"`
	Ended     string `json:"ended"`
	Processes int    `json:"processes"`
	Events    int64  `json:"events"`
	Damaged   int64  `json:"damaged"`
	Lost      int64  `json:"lost"`
}

// noteRecovered logs that events were recovered: an event like any other.
func (p *pipeline) noteRecovered(n recovery.Note) {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	now := time.Now()
	r := recoveredRecord{
		Time:      now.UTC().Format(layout),
		Level:     "INFO",
		Message:   "log events recovered",
		Producer:  fmt.Sprintf("%016x", n.Producer),
		Program:   n.Program,
		Stream:    n.Stream,
		Ended:     n.Ended.UTC().Format(layout),
		Processes: n.Processes,
		Events:    n.Delivered,
		Damaged:   n.Damaged,
		Lost:      n.Lost,
	}
	level := account.Info
	if n.Lost > 0 {
		r.Level, level = "ERROR", account.Error
	}
	text, err := json.Marshal(r)
	if err != nil { // it has nothing that could not be written
		return
	}
	p.events(text, now, level, p.queue.Note)
}
