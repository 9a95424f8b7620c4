package deliver

import (
	"context"
	"errors"
	"time"
)

// trouble is what the worker knows of requests that fail. It is about the way to
// the service, so all requests share it: while it lasts, one at a time finds out
// whether it is over.
type trouble struct {
	failures int           // in a row
	refusals int           // of PutLogEvents as invalid, in a row
	round    int           // failures so far; requests made before the last one count with it
	at       time.Time     // of the last failure
	pause    time.Duration // after it
	hinted   bool          // the server asked for that pause
	slower   bool          // the pause is for throttling: success of another request does not end it
	mayDrop  allowance

	contradictedAt time.Time // when what something on the way had refused alone was taken
}

// failed enters a failed request and reports it.
func (w *Worker) failed(a answer, c class) {
	w.reportFailure(a)
	w.pauseAfter(a, c)
}

// reportFailure reports a failed request. That Stop cut it off says nothing about the
// service, and must not hide what failed before.
func (w *Worker) reportFailure(a answer) {
	if errors.Is(a.err, context.Canceled) && w.ending() {
		return
	}
	w.cfg.Failed(string(a.op), a.err)
}

// pauseAfter sets the pause after a failed request. Requests that were under way
// together and fail together are one failure.
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
	// A row of them is one burst. The pauses see to the rest of it.
	if c == throttled && a.op == putLogEvents && w.failures <= maxSlowDowns {
		w.pace.throttled(w.at)
	}
}

// recovered enters that a PutLogEvents was taken.
func (w *Worker) recovered() {
	w.failures, w.refusals = 0, 0
	if !w.slower {
		w.pause = 0
	}
}

// again returns when the next request may be made. While somebody waits in Flush
// or Shutdown that is soon, unless the server asked for the pause.
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
