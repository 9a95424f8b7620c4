package pipeline

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
)

// startRecovery starts the replay of what ended processes left in the spool.
func (p *Pipeline) startRecovery(to recovery.Destination) *recovery.Recovery {
	cfg := p.delivery
	cfg.Creation.First = false
	cfg.MaxInFlight = 1
	cfg.StartDelay = 0
	return recovery.Start(recovery.Config{
		Spool:        p.spool,
		Path:         p.cfg.Spool,
		Destination:  to,
		MaxReplayers: p.cfg.MaxInFlight,
		Interval:     p.cfg.FlushInterval,
		StartDelay:   p.cfg.StartDelay,
		Patience:     4 * time.Minute, // longer than the deadline of any attempt
		First:        rand.IntN,
		Deliver: func(stream string, q *queue.Queue) recovery.Worker {
			worker := cfg
			worker.Stream = stream
			worker.Failed, worker.Refused = p.failed(stream), p.refused(stream)
			return deliver.Start(worker, q)
		},
		Report: func(op, path string, err error) { p.report.notify(&SpoolFailure{op, path, err}) },
		Lost: func(reason account.Reason, loss *account.Loss) {
			p.queue.Untell(queue.Program, reason, loss)
			p.report.wakeUp()
		},
		Note: p.noticeRecovered,
	})
}

// AwaitRecovery waits until the events are delivered that ended processes left in the spool before
// the call. It returns what is left if the context or the pipeline ends first, else nil.
func (p *Pipeline) AwaitRecovery(ctx context.Context) *Undelivered {
	if p == nil || p.recovery == nil {
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
	return &Undelivered{Events: left, Leftover: left, Spooled: left, Err: err, Last: p.obstacle()}
}
