package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// hearing is the outcome of a loss notice.
type hearing int

const (
	heard          hearing = iota
	untimelyRecord         // rejected for its timestamp; the service's clock is better known now
	refusedRecord          // refused as invalid, for whatever reason
)

// Intervals between loss notices. After refusals the interval doubles, up to a minute. At the end
// of delivery there are three rounds, whatever their outcome.
const (
	announcePause = 10 * time.Second
	unheardPause  = time.Second
	unheardMax    = time.Minute
	roundsAtEnd   = 3
)

// announcement returns a job with a loss notice for one reason, if there are unreported losses
// and the interval has passed or the queue has nothing else left. Otherwise the job is nil and at
// is when a notice may be due.
//
// The notice is not in the queue, so a full buffer can neither refuse nor evict it.
func (w *Worker) announcement(now time.Time) (j *job, at time.Time) {
	end := w.queue.Ended()
	switch {
	case w.queue.Untold(queue.Stream) == 0:
		return nil, time.Time{}
	case end && w.roundsAtEnd == roundsAtEnd: // another attempt would be pointless
		return nil, time.Time{}
	case now.Before(w.announceAt) && (!end || w.lastHeard == untimelyRecord || w.roundsAtEnd > 0):
		return nil, w.announceAt
	}
	if end {
		w.roundsAtEnd++
	}
	w.announceAt = now.Add(announcePause)
	losses := w.queue.Tell(queue.Stream)
	for reason := range losses {
		loss := &losses[reason]
		if loss.Events == 0 {
			continue
		}
		w.numbered++
		b := batch.New(batch.Head(w.cfg.Group, w.cfg.Stream), 0, 0)
		b.Add(w.cfg.Announce(w.numbered, account.Reason(reason), loss, now.Add(w.clock.ahead)))
		b.Seal()
		w.keep(&job{
			reason: account.Reason(reason),
			loss:   loss,
			parts:  []*part{{Batch: b, search: all(0, 1)}},
		})
	}
	last := len(w.jobs) - 1
	j, w.jobs = w.jobs[last], w.jobs[:last]
	return j, time.Time{}
}

// announced records the outcome of a loss notice.
func (w *Worker) announced(j *job, h hearing) {
	w.lastHeard = h
	if h == heard {
		w.refusedRecords = 0
		w.queue.Announced(j.loss)
		return
	}
	pause := unheardPause
	if h == refusedRecord {
		w.refusedRecords++
		pause = min(unheardPause<<min(w.refusedRecords-1, 10), unheardMax)
	}
	if w.queue.Closed() {
		pause = unheardPause
	}
	w.queue.Untell(queue.Stream, j.reason, j.loss)
	w.announceAt = time.Now().Add(pause)
}
