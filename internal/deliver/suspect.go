package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// The service refuses a request as a whole because of one bad event, and does not
// say which. But it may also be the service that is out of order, and then every
// event that is given up is lost for nothing. So an event is given up only if it
// was refused alone after the service had taken another one, and only few are
// given up in a short time. Beyond that, refusals are like missing
// permission: events are kept, and now and then one request finds out.
const (
	maxRefusals  = 16              // in a row, before requests become slow probes: one search
	mayDropMax   = 10              // events that may be given up at once
	mayDropEvery = 6 * time.Second // and one more each time so long
	maxWaiting   = 64              // batches in which an event waits for the decision
)

// allowance says how many events may be given up now. The zero value is full.
type allowance struct {
	used float64
	at   time.Time // when used was right
}

// take uses the allowance up by one event, if there is enough of it.
func (a *allowance) take(now time.Time) bool {
	a.used = max(0, a.used-now.Sub(a.at).Seconds()/mayDropEvery.Seconds())
	a.at = now
	if a.used > mayDropMax-1 {
		return false
	}
	a.used++
	return true
}

// suspect enters that something in the request of a job was refused as invalid.
func (w *Worker) suspect(j *job, a answer, now time.Time, o *account.Outcome) {
	if !j.suspected {
		j.suspected, j.takenBefore = true, w.taken
	}
	w.pace.answered()
	a.err = withoutText(a.err)
	w.cfg.Refused(a.err)
	if !j.waits() { // one that is sent again now and then says nothing new
		w.refusals++
	}
	j.refused(w.taken > j.takenBefore)
	w.judge(j, now, o)
	if w.refusals > maxRefusals || j.waits() {
		w.cfg.Failed(string(a.op), a.err)
	}
	if w.refusals > maxRefusals {
		w.pauseAfter(a, environment)
	}
}

// judge decides about the events of a job that a search has found.
func (w *Worker) judge(j *job, now time.Time, o *account.Outcome) {
	tooMany := false
	j.review(func(proved bool) bool {
		drop := proved && w.mayDrop.take(now)
		tooMany = tooMany || proved && !drop
		return drop
	}, o)
	switch {
	case j.item == nil || !j.waits():
		return
	case tooMany:
		j.retryAt = now.Add(mayDropEvery * time.Duration(1+len(w.jobs))) // all that wait share the allowance
	case w.taken > j.takenBefore:
		j.retryAt = time.Time{} // to make sure
	default:
		j.probes++
		j.retryAt = now.Add(backoff(environment, putLogEvents, j.probes))
	}
	w.queue.Yield(j.item) // it must not keep back those that may speak for it
}

// free lets the events be sent that waited for the service to take something.
func (w *Worker) free() {
	for _, j := range w.jobs {
		if j.waits() && j.takenBefore == w.taken-1 {
			j.retryAt = time.Time{}
		}
	}
}
