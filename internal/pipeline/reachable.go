package pipeline

import (
	"errors"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// ErrUnreachable is why a wait ended early: everything is in the spool, and the service cannot be
// reached.
var ErrUnreachable = errors.New("the service cannot be reached")

const (
	unreachableAfter = 1750 * time.Millisecond // without a request that succeeds
	spoolPoll        = 50 * time.Millisecond   // while events are still being written to the spool
)

// unreachable waits until the service is unreachable and everything is in the spool. It returns
// false if ended is closed first, or Shutdown gives up.
func (p *Pipeline) unreachable(began time.Time, ended <-chan struct{}) bool {
	timer := time.NewTimer(unreachableAfter)
	defer timer.Stop()
	for {
		changed, now := p.reach.Changed(), time.Now() // before State, so that no change is missed
		switch at, failing := giveUpAt(p.reach.State(), began); {
		case !failing:
			timer.Reset(time.Hour)
		case now.Before(at):
			timer.Reset(at.Sub(now))
		case p.queue.Unsafe() == 0:
			return true
		default:
			timer.Reset(spoolPoll)
		}
		select {
		case <-ended:
			return false
		case <-p.shutdown.over:
			return false
		case <-changed:
		case <-timer.C:
		}
	}
}

// giveUpAt returns when a Shutdown that began at a given time may give up if nothing changes.
// failing is false if it must wait: no request fails or lacks a connection. If requests failed
// long before it began, one more failed attempt is enough. If the last request did not fail, the
// next one has unreachableAfter to connect from when it starts to: that may be later, after
// credentials were fetched or a throttled request backed off.
func giveUpAt(s deliver.ReachState, began time.Time) (at time.Time, failing bool) {
	if s.Failing.IsZero() && s.Dialed.After(began) {
		began = s.Dialed
	}
	switch {
	case s.Waiting > 0 || s.Dialing == 0 && s.Failing.IsZero():
		return time.Time{}, false
	case s.Answered.After(began):
		return s.Answered.Add(unreachableAfter), true
	case s.Dialing == 0 && s.Failing.Before(began) && !s.Last.Before(began):
		return s.Failing.Add(unreachableAfter), true
	default:
		return began.Add(unreachableAfter), true
	}
}
