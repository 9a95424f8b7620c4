package deliver

import (
	"context"
	"errors"
	"time"
)

// failureState is the state of the current sequence of failed requests. Failures concern the
// connection to the service, so all requests share it: while they last, one request at a time
// probes whether they are over.
type failureState struct {
	failures   int           // consecutive
	refusals   int           // consecutive PutLogEvents refused as invalid
	round      int           // failures so far; requests that started in an earlier round fail together with the last one
	failedAt   time.Time     // time of the last failure
	backoff    time.Duration // backoff after it
	serverHint bool          // the server asked for this backoff
	throttling bool          // the backoff is for throttling: another request's success does not end it
	dropBudget budget

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
	w.failedAt = time.Now()
	w.backoff = backoff(c, a.op, w.failures)
	asked := hint(a.err)
	w.serverHint = asked > w.backoff
	w.backoff = max(w.backoff, asked)
	w.throttling = c == throttled
	if credentialsRejected(a.err) {
		w.cfg.NewKeys()
	}
	// Further throttling in a row belongs to the same burst, which the backoff handles.
	if c == throttled && a.op == putLogEvents && w.failures <= maxSlowDowns {
		w.pace.throttled(w.failedAt)
	}
}

// recovered records a successful PutLogEvents.
func (w *Worker) recovered() {
	w.failures, w.refusals = 0, 0
	if !w.throttling {
		w.backoff = 0
	}
}

// nextAttempt returns the earliest time of the next request: soon while a caller waits in Flush or
// Shutdown, unless the server asked for the backoff.
func (t *failureState) nextAttempt(awaited bool) time.Time {
	pause := t.backoff
	switch {
	case t.serverHint || !awaited:
	case t.throttling:
		pause = min(pause, awaitedMax<<min(max(t.failures-1, 0), 2))
	default:
		pause = min(pause, awaitedMax)
	}
	return t.failedAt.Add(pause)
}
