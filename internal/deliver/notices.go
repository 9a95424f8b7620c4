package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// noticeOutcome is the outcome of a loss notice.
type noticeOutcome int

const (
	noticeDelivered  noticeOutcome = iota
	noticeOutOfRange               // rejected for its timestamp; the service's clock is better known now
	noticeRefused                  // refused as invalid, for whatever reason
)

// Intervals between loss notices. After refusals the interval doubles, up to a minute. At the end
// of delivery there are three rounds, whatever their outcome.
const (
	noticeInterval = 10 * time.Second
	noticeRetryMin = time.Second
	noticeRetryMax = time.Minute
	maxFinalRounds = 3
)

// nextNotice returns a job with a loss notice for one reason, if there are unreported losses
// and the interval has passed or the queue has nothing else left. Otherwise the job is nil and at
// is when a notice may be due.
//
// The notice is not in the queue, so a full buffer can neither refuse nor evict it.
func (w *Worker) nextNotice(now time.Time) (j *job, at time.Time) {
	end := w.queue.Ended()
	switch {
	case w.queue.Untold(queue.Stream) == 0:
		return nil, time.Time{}
	case end && w.finalRounds == maxFinalRounds: // another attempt would be pointless
		return nil, time.Time{}
	case now.Before(w.noticeAt) && (!end || w.lastNotice == noticeOutOfRange || w.finalRounds > 0):
		return nil, w.noticeAt
	}
	if end {
		w.finalRounds++
	}
	w.noticeAt = now.Add(noticeInterval)
	losses := w.queue.Tell(queue.Stream)
	for reason := range losses {
		loss := &losses[reason]
		if loss.Events == 0 {
			continue
		}
		w.notices++
		b := batch.New(batch.Head(w.cfg.Group, w.cfg.Stream), 0, 0)
		b.Add(w.cfg.Announce(w.notices, account.Reason(reason), loss, now.Add(w.clock.ahead)))
		b.Seal()
		w.keep(&job{
			reason: account.Reason(reason),
			loss:   loss,
			parts:  []*part{{Batch: b, bisection: newBisection(0, 1)}},
		})
	}
	last := len(w.jobs) - 1
	j, w.jobs = w.jobs[last], w.jobs[:last]
	return j, time.Time{}
}

// noticeAnswered records the outcome of a loss notice.
func (w *Worker) noticeAnswered(j *job, h noticeOutcome) {
	w.lastNotice = h
	if h == noticeDelivered {
		w.noticesRefused = 0
		w.queue.Announced(j.loss)
		return
	}
	pause := noticeRetryMin
	if h == noticeRefused {
		w.noticesRefused++
		pause = min(noticeRetryMin<<min(w.noticesRefused-1, 10), noticeRetryMax)
	}
	if w.queue.Closed() {
		pause = noticeRetryMin
	}
	w.queue.Untell(queue.Stream, j.reason, j.loss)
	w.noticeAt = time.Now().Add(pause)
}
