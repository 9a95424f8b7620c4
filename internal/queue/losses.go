package queue

import (
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// Audience is who gets to hear of losses.
type Audience int

const (
	Program   Audience = iota // through a callback
	Stream                    // through events in the log stream itself
	Audiences                 // their number
)

// hears reports whether losses of that kind are for the audience. An empty message
// is no loss, for nothing was in it. A stream that has ended hears of nothing.
func (a Audience) hears(reason account.Reason) bool {
	switch reason {
	case account.Empty:
		return false
	case account.Closed, account.Undelivered:
		return a == Program
	default:
		return true
	}
}

// untold is what an audience has not heard of yet.
type untold struct {
	account.Losses
	events int64
}

// Refuse enters an event that never reaches the queue. Its wire form is not
// needed.
func (q *Queue) Refuse(reason account.Reason, e batch.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse(reason, e)
}

// Missed enters events that would have come from a store of an earlier process, but
// cannot be read.
func (q *Queue) Missed(loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Accepted += loss.Events
	q.lose(account.Damaged, loss)
}

func (q *Queue) refuse(reason account.Reason, e batch.Event) {
	q.ledger.Accepted++
	var loss account.Loss
	loss.Add(e.Time, e.Size, e.Level)
	q.lose(reason, &loss)
}

// lose enters a loss in the books, and keeps it for those who want to hear of it.
func (q *Queue) lose(reason account.Reason, loss *account.Loss) {
	q.ledger.Lost[reason] += loss.Events
	q.keep(reason, loss)
}

// keep keeps a loss that is in the books for those who want to hear of it.
func (q *Queue) keep(reason account.Reason, loss *account.Loss) {
	for a := range Audiences {
		if u := &q.untold[a]; loss.Events > 0 && a.hears(reason) {
			u.Losses[reason].Merge(loss)
			if u.events += loss.Events; a == Stream && u.events == loss.Events {
				q.signal()
			}
		}
	}
}

// Untold returns how many lost events an audience has not heard of.
func (q *Queue) Untold(a Audience) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.untold[a].events
}

// Tell returns the losses that came since it was called last for an audience.
func (q *Queue) Tell(a Audience) account.Losses {
	q.mu.Lock()
	defer q.mu.Unlock()
	losses := q.untold[a].Losses
	q.untold[a] = untold{}
	return losses
}

// Announced enters that the stream has a loss it was told of. It is in the same
// books as the loss, so that no snapshot has more announced than lost.
func (q *Queue) Announced(loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Announced += loss.Events
}

// Untell takes back that an audience was told of a loss.
func (q *Queue) Untell(a Audience, reason account.Reason, loss *account.Loss) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.untold[a].Losses[reason].Merge(loss)
	q.untold[a].events += loss.Events
}
