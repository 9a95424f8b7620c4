package deliver

import (
	"context"
	"errors"
	"time"
)

// failureState is the state of the current sequence of failed requests. Failures concern the
// connection to the service, so all requests share it: while they last, one request at a time
// probes whether they are over.
type trouble struct {
	failures int           // consecutive
	refusals int           // consecutive PutLogEvents refused as invalid
	round    int           // failures so far; requests that started in an earlier round fail together with the last one
	at       time.Time     // time of the last failure
	pause    time.Duration // backoff after it
	hinted   bool          // the server asked for this backoff
	slower   bool          // the backoff is for throttling: another request's success does not end it
	mayDrop  allowance

	contradictedAt time.Time // when an event was accepted that an intermediary had refused alone
}

// failed reports a failed request and sets the backoff.
func (w *Worker) failed(a answer, c class) {
	w.reportFailure(a)
	w.pauseAfter(a, c)
}

// reportFailure reports a failed request. A request canceled by Stop says nothing about the
// service and must not hide the failure before it.
func (w *Worker) reportFailure(a answer) {
	if errors.Is(a.err, context.Canceled) && w.ending() {
		return
	}
	w.cfg.Failed(string(a.op), a.err)
}

// pauseAfter sets the backoff after a failed request. Requests that were in flight together and
// fail together count as one failure.
func (w *Worker) pauseAfter(a answer, c class) {
	if a.round < w.round {
		return
	}
	w.round++
	w.failures++
	w.at = time.Now()
	w.pause = backoff(c, a.op, w.failures)
	asked := hint(a.err)
	w.hinted = asked > w.pause
	w.pause = max(w.pause, asked)
	w.slower = c == throttled
	if badKeys(a.err) {
		w.cfg.NewKeys()
	}
	// Further throttling in a row belongs to the same burst, which the backoff handles.
	if c == throttled && a.op == putLogEvents && w.failures <= maxSlowDowns {
		w.pace.throttled(w.at)
	}
}

// recovered records a successful PutLogEvents.
func (w *Worker) recovered() {
	w.failures, w.refusals = 0, 0
	if !w.slower {
		w.pause = 0
	}
}

// again returns the earliest time of the next request: soon while a caller waits in Flush or
// Shutdown, unless the server asked for the backoff.
func (t *trouble) again(awaited bool) time.Time {
	pause := t.pause
	switch {
	case t.hinted || !awaited:
	case t.slower:
		pause = min(pause, hurriedMax<<min(max(t.failures-1, 0), 2))
	default:
		pause = min(pause, hurriedMax)
	}
	return t.at.Add(pause)
}
