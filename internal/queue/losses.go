package queue

import (
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Audience is a recipient of loss reports.
type Audience int

const (
	Program   Audience = iota // the program, through a callback
	Stream                    // the log stream, through loss notices
	Audiences                 // number of audiences
)

// gets reports whether losses for a reason are reported to the audience. Empty messages are not:
// nothing is lost. A stream that has ended gets no notices.
func (a Audience) gets(reason account.Reason) bool {
	switch reason {
	case account.Empty:
		return false
	case account.Closed, account.Undelivered:
		return a == Program
	default:
		return true
	}
}

// unreportedLosses is the losses not reported to an audience yet.
type unreportedLosses struct {
	account.Losses
	events int64
}

// Refuse records the loss of an event that was never added. Its wire form is not needed.
func (q *Queue) Refuse(reason account.Reason, e batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rejectLocked(reason, e)
}

// Missed records unreadable events of an earlier process's store as damaged.
func (q *Queue) Missed(loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Accepted += loss.Events
	q.lose(account.Damaged, loss)
}

func (q *Queue) rejectLocked(reason account.Reason, e batch.Event) {
	q.ledger.Accepted++
	var loss account.Loss
	loss.Add(e.Time, e.Size, e.Level)
	q.lose(reason, &loss)
}

// lose records a loss in the counters and for the audiences.
func (q *Queue) lose(reason account.Reason, loss *account.Loss) {
	q.ledger.Lost[reason] += loss.Events
	q.addUnreported(reason, loss)
}

// addUnreported records a loss, already counted, for the audiences.
func (q *Queue) addUnreported(reason account.Reason, loss *account.Loss) {
	for a := range Audiences {
		if u := &q.unreported[a]; loss.Events > 0 && a.gets(reason) {
			u.Losses[reason].Merge(loss)
			if u.events += loss.Events; a == Stream && u.events == loss.Events {
				q.signal()
			}
		}
	}
}

// Untold returns the number of lost events not reported to an audience yet.
func (q *Queue) Untold(a Audience) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unreported[a].events
}

// Tell returns the losses since its last call for an audience.
func (q *Queue) Tell(a Audience) account.Losses {
	q.mu.Lock()
	defer q.mu.Unlock()
	losses := q.unreported[a].Losses
	q.unreported[a] = unreportedLosses{}
	return losses
}

// Announced records that a loss notice was delivered. It is counted under the same lock as the
// loss, so that no snapshot has more noticed than lost events.
func (q *Queue) Announced(loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Announced += loss.Events
}

// Untell puts back losses whose report to an audience failed.
func (q *Queue) Untell(a Audience, reason account.Reason, loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unreported[a].Losses[reason].Merge(loss)
	q.unreported[a].events += loss.Events
}
