package pipeline

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
)

// State is a snapshot of the counters of a pipeline.
type State struct {
	Queue         queue.State
	Traffic       deliver.Traffic
	LastError     error
	LastErrorTime time.Time

	// Zero without a spool.
	AtRisk     int64 // pending events in memory only although there is a spool
	EverAtRisk int64 // log calls that returned with their event in memory only
	SpoolBytes int64
	Recovered  recovery.Counts
}

// State returns a snapshot.
func (p *Pipeline) State() State {
	if p == nil {
		return State{}
	}
	s := State{Queue: p.queue.State(), Traffic: p.worker.Traffic()}
	at, last := p.report.last()
	s.LastError, s.LastErrorTime = p.expose(last), at
	if p.spool != nil {
		spool := p.spool.State()
		s.EverAtRisk, s.SpoolBytes = spool.EverAtRisk, spool.Bytes
		if spool.Stalled || spool.Err != nil {
			s.AtRisk = p.queue.Unsafe()
		}
		s.Recovered = p.recovery.Counts()
	}
	return s
}
