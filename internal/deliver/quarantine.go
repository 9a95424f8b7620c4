package deliver

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// The service refuses a whole request because of one bad event without naming it. But the service
// itself may be failing, and then every dropped event is lost for nothing. An event is therefore
// dropped only if it was refused alone after the service had accepted another one, and only a few
// events may be dropped in a short time. Beyond that, refusals are treated like a missing
// permission: events are kept and probed slowly.
const (
	maxRefusals    = 16              // consecutive refusals before requests become slow probes: one bisection
	dropBurst      = 10              // events that may be dropped at once
	dropInterval   = 6 * time.Second // one more may be dropped after each such interval
	maxQuarantined = 64              // batches with quarantined events
)

// budget limits how many events may be dropped: a token bucket. The zero value is full.
type budget struct {
	used float64
	at   time.Time // when used was updated
}

// take uses one token, if there is one.
func (b *budget) take(now time.Time) bool {
	b.used = max(0, b.used-now.Sub(b.at).Seconds()/dropInterval.Seconds())
	b.at = now
	if b.used > dropBurst-1 {
		return false
	}
	b.used++
	return true
}

// Intermediaries refuse requests as well: for the content of an event, for the size, or for no
// reason in the request. Their refusals are weaker evidence, so an event must be refused alone
// several times, with another request accepted before each of them, and none is dropped shortly
// after an event refused this way was accepted after all. While a caller waits in Flush or
// Shutdown there may be nothing else to send: then one accepted request is enough, and the
// attempts follow quickly.
const (
	maxForeign          = 8                      // refusals of a single event before it may be dropped
	foreignPauseAwaited = 250 * time.Millisecond // between two of them while a caller waits
	foreignPause        = probeMin               // otherwise, plus jitter of up to the same length
)

// bisect records that a job's request was refused and bisects its events. The class says whether
// the service or an intermediary refused it.
func (w *Worker) bisect(j *job, a answer, c class, now time.Time, o *account.Outcome) {
	if !j.everRefused {
		j.everRefused, j.acknowledgedBefore = true, w.acknowledged
	}
	w.pace.answered()
	w.cfg.Refused(withoutMessage(a.err))
	if !j.quarantined() { // a repeated probe is no new evidence
		w.refusals++
	}
	j.needed = neededBy(c)
	needed := never
	if j.counts = !j.refusedByForeign() || w.queue.Awaited() || w.acknowledged > j.countedAt; j.counts {
		j.countedAt, needed = w.acknowledged, j.needed
	}
	j.refused(w.acknowledged > j.acknowledgedBefore, needed)
	w.decide(j, now, o)
	w.reportRefusal(a, j.quarantined())
}

// A request that keeps failing while others succeed is bisected as well: an intermediary may
// reset connections, or answer HTTP 5xx, because of one event's content. But these failures are
// not refusals, so no event is ever dropped for them.
const (
	failsToYield  = 2 // consecutive failures after which other jobs get a turn
	maxYielding   = 4 // such jobs kept beside those in flight: their events cannot be evicted
	failsToBisect = 5 // failures before bisection, if othersPassed other requests succeeded meanwhile
	othersPassed  = 3
	never         = math.MaxInt
)

// neededBy returns how often a single event must be refused before it is dropped, by the class of
// the answer.
func neededBy(c class) int {
	switch c {
	case refused:
		return 1
	case foreign, tooLarge:
		return maxForeign
	}
	return never
}

// failsWhileOthersPass counts a failure of a job and reports whether it fails while others succeed.
func (w *Worker) failsWhileOthersPass(j *job, c class) bool {
	if j.item == nil || c != transient {
		return false
	}
	if j.fails++; j.fails == 1 {
		j.failedSince = w.acknowledged
	}
	return j.fails >= failsToBisect && w.acknowledged >= j.failedSince+othersPassed
}

// reportRefusal reports a refusal, and switches to slow probes after too many consecutive ones.
func (w *Worker) reportRefusal(a answer, report bool) {
	slow := w.refusals > maxRefusals
	if slow || report {
		w.cfg.Failed(string(a.op), withoutMessage(a.err))
	}
	if slow {
		w.pauseAfter(a, environment)
	}
}

// contradicted records that an event was accepted that an intermediary had refused alone: its
// refusals do not depend on the content. What they have shown about other jobs is discarded.
func (w *Worker) contradicted(j *job, now time.Time) {
	w.contradictedAt = now
	j.forget()
	for _, other := range w.jobs {
		if other.refusedByForeign() {
			other.forget()
		}
	}
}

// decide decides about the events that bisection of a job has isolated.
func (w *Worker) decide(j *job, now time.Time, o *account.Outcome) {
	tooMany := false
	contradicted := j.refusedByForeign() && now.Sub(w.contradictedAt) < freshFor
	j.review(func(proved bool) bool {
		proved = proved && !contradicted
		drop := proved && w.dropBudget.take(now)
		tooMany = tooMany || proved && !drop
		return drop
	}, o)
	j.triedAt = now
	switch {
	case j.item == nil || !j.quarantined():
		return
	case tooMany:
		j.retryAt = now.Add(dropInterval * time.Duration(1+len(w.jobs))) // all quarantined jobs share the budget
	case w.acknowledged > j.acknowledgedBefore && j.needed == maxForeign && j.counts && !contradicted:
		j.retryAt = now.Add(foreignPause + rand.N(foreignPause))
		if w.queue.Awaited() {
			j.retryAt = now.Add(foreignPauseAwaited)
		}
	case w.acknowledged > j.acknowledgedBefore && j.needed == 1:
		j.retryAt = time.Time{} // to confirm
	default:
		j.probes++
		j.retryAt = now.Add(backoff(environment, putLogEvents, j.probes))
	}
	w.queue.Yield(j.item) // must let later batches overtake it: their success is the evidence
}

// releaseQuarantined retries quarantined events as soon as the service has accepted another
// request.
func (w *Worker) releaseQuarantined() {
	for _, j := range w.jobs {
		if j.quarantined() && j.acknowledgedBefore == w.acknowledged-1 {
			j.retryAt = time.Time{}
		}
	}
}
