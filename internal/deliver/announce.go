package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// hearing is what became of an announcement.
type hearing int

const (
	heard          hearing = iota
	untimelyRecord         // rejected for its time; the clock is better known now
	refusedRecord          // refused as invalid, whyever
)

// The time from an announcement to the next one. After those that were refused it
// doubles, up to a minute; the end of delivery makes three rounds, whatever comes of
// them.
const (
	announcePause = 10 * time.Second
	unheardPause  = time.Second
	unheardMax    = time.Minute
	roundsAtEnd   = 3
)

// announcement returns a job that tells the stream of losses of one reason, if
// there are any, and the last round was long enough ago or this is the end: the queue
// has nothing else any more.
// Otherwise it is nil, and at is when there may be one. Its event is not in the
// queue, so a full buffer does not keep it out and nobody can drop it.
func (w *Worker) announcement(now time.Time) (j *job, at time.Time) {
	end := w.queue.Ended()
	switch {
	case w.queue.Untold(queue.Stream) == 0:
		return nil, time.Time{}
	case end && w.roundsAtEnd == roundsAtEnd: // it would be in vain again
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

// announced enters whether the stream has heard of a loss.
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
