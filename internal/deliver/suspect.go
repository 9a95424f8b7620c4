package deliver

import (
	"math"
	"math/rand/v2"
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

// What stands between us and the service refuses requests as well: for what is in an event,
// for the size, or for no reason in them. Its refusals are weaker evidence, so an event must
// be refused alone several times, with something else taken before each time, and none is
// given up shortly after one of them was taken after all. While somebody waits in Flush or
// Shutdown there may be nothing else to send: then once is enough, and they come fast.
const (
	maxForeign   = 8                      // refusals of an event alone until it may be given up
	foreignHurry = 250 * time.Millisecond // between two of them while somebody waits
	foreignPause = probeMin               // otherwise, with a random part of it more
)

// suspect enters that the request of a job was refused: something in it is invalid, or
// something on the way does not let it pass, by the class of the answer.
func (w *Worker) suspect(j *job, a answer, c class, now time.Time, o *account.Outcome) {
	if !j.suspected {
		j.suspected, j.takenBefore = true, w.taken
	}
	w.pace.answered()
	w.cfg.Refused(withoutText(a.err))
	if !j.waits() { // one that is sent again now and then says nothing new
		w.refusals++
	}
	j.needed = neededBy(c)
	needed := never
	if j.counts = !j.byForeign() || w.queue.Awaited() || w.taken > j.countedAt; j.counts {
		j.countedAt, needed = w.taken, j.needed
	}
	j.refused(w.taken > j.takenBefore, needed)
	w.judge(j, now, o)
	w.persist(a, j.waits())
}

// A request that fails again and again, while others get through, is bisected as well:
// something on the way may cut connections, or answer with HTTP 5xx, because of what is in
// one event. But such failures are no refusal, so no event is ever given up for them.
const (
	stubborn    = 2 // failures in a row until others get a turn
	maxStubborn = 4 // jobs that are kept meanwhile, beside those in flight: their events cannot be dropped
	maxFails    = 5 // failures until it is bisected, if as many others as passed got through
	passed      = 3
	never       = math.MaxInt
)

// neededBy returns how often an event must be refused alone to be given up, by the class of
// the answers.
func neededBy(c class) int {
	switch c {
	case refused:
		return 1
	case foreign, tooLarge:
		return maxForeign
	}
	return never
}

// failsAlone counts a failure of a job, and reports whether it fails while others get through.
func (w *Worker) failsAlone(j *job, c class) bool {
	if j.item == nil || c != transient {
		return false
	}
	if j.fails++; j.fails == 1 {
		j.failedSince = w.taken
	}
	return j.fails >= maxFails && w.taken >= j.failedSince+passed
}

// persist makes slow probes of requests once too many in a row were refused, and reports
// that, or each refusal.
func (w *Worker) persist(a answer, report bool) {
	slow := w.refusals > maxRefusals
	if slow || report {
		w.cfg.Failed(string(a.op), withoutText(a.err))
	}
	if slow {
		w.pauseAfter(a, environment)
	}
}

// contradicted notes that an event was taken that had been refused alone by something on
// the way: its refusals are not about what is in events. So what they have told is forgotten
// for all that wait.
func (w *Worker) contradicted(j *job, now time.Time) {
	w.contradictedAt = now
	j.forget()
	for _, other := range w.jobs {
		if other.byForeign() {
			other.forget()
		}
	}
}

// judge decides about the events of a job that a search has found.
func (w *Worker) judge(j *job, now time.Time, o *account.Outcome) {
	tooMany := false
	fickle := j.byForeign() && now.Sub(w.contradictedAt) < freshFor
	j.review(func(proved bool) bool {
		proved = proved && !fickle
		drop := proved && w.mayDrop.take(now)
		tooMany = tooMany || proved && !drop
		return drop
	}, o)
	j.triedAt = now
	switch {
	case j.item == nil || !j.waits():
		return
	case tooMany:
		j.retryAt = now.Add(mayDropEvery * time.Duration(1+len(w.jobs))) // all that wait share the allowance
	case w.taken > j.takenBefore && j.needed == maxForeign && j.counts && !fickle:
		j.retryAt = now.Add(foreignPause + rand.N(foreignPause))
		if w.queue.Awaited() {
			j.retryAt = now.Add(foreignHurry)
		}
	case w.taken > j.takenBefore && j.needed == 1:
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
