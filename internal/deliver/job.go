package deliver

import (
	"slices"
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// job is a batch being delivered, until the outcome of its last event is recorded. It makes no
// requests; it decides which events are sent next and what an answer means for them.
type job struct {
	item       *queue.Item     // nil for a loss notice
	parts      []*part         // the unacknowledged events; the first part is sent first
	ready      *request        // the next request; nil: not encoded yet
	timestamps timestampPolicy // what to do with timestamps out of range
	gzip       gzipTrial

	// Of a loss notice.
	reason account.Reason
	loss   *account.Loss

	acknowledgedBefore int64     // successful requests of the worker when this job was first refused
	everRefused        bool      // acknowledgedBefore is set
	needed             int       // how often an event must be refused alone before it is dropped, after the last refusal; 0: never refused
	counts             bool      // the last refusal counts as evidence
	countedAt          int64     // successful requests of the worker at the last refusal that counted
	resets             int       // consecutive connection resets while it was sent
	fails              int       // consecutive failures
	failedSince        int64     // successful requests of the worker at the first of these failures
	probes             int       // requests made for quarantined events
	triedAt            time.Time // time of the last one
	retryAt            time.Time // when to retry; only while nothing but quarantined events is left
}

// part is a sealed batch and which of its events are unacknowledged.
type part struct {
	*batch.Batch
	bisection
	// Of restamped events: their original timestamps, how often they were restamped, and the
	// clock difference used. original is nil for all others.
	original []int64
	times    int
	ahead    time.Duration
}

// maxRestamps limits how often events are restamped. More than once is needed if the service's
// clock turns out to differ.
const maxRestamps = 3

// loss sums up lost events with their original timestamps.
func (p *part) loss(from, to int) account.Loss {
	l := p.Loss(from, to)
	if p.original != nil {
		l.First, l.Last = p.original[from], p.original[to-1]
	}
	return l
}

// timestampPolicy says what to do with events whose timestamps are out of range.
type timestampPolicy struct {
	restamp bool // resend them with the current time; otherwise they are lost
	clock   *serviceClock
}

func (w *Worker) timestampPolicy() timestampPolicy { return timestampPolicy{w.cfg.Restamp, &w.clock} }

func newJob(it *queue.Item, timestamps timestampPolicy) *job {
	it.Seal()
	return &job{item: it, parts: []*part{{Batch: it.Batch, bisection: newBisection(0, it.Len())}}, timestamps: timestamps}
}

// done reports whether no events are left.
func (j *job) done() bool { return len(j.parts) == 0 }

// quarantined reports whether only quarantined events are left.
func (j *job) quarantined() bool { return !j.done() && j.parts[0].quarantined() }

// body returns the body of the next request.
func (j *job) body() []byte { return j.parts[0].Body(j.parts[0].next()) }

// advance moves on to the next events. Quarantined parts go last: the others may provide the
// evidence they wait for.
func (j *job) advance() {
	j.ready = nil
	j.parts = slices.DeleteFunc(j.parts, func(p *part) bool { return p.done() })
	ready := slices.IndexFunc(j.parts, func(p *part) bool { return !p.quarantined() })
	if ready > 0 {
		j.parts = slices.Concat(j.parts[ready:], j.parts[:ready])
	}
}

// screen takes out events whose timestamps are known to be out of range at the time now, before
// they are sent, and reports whether there were any. If the service's clock is not known, the
// service decides.
func (j *job) screen(now time.Time, o *account.Outcome) bool {
	p := j.parts[0]
	if p.original != nil || j.item == nil || !j.timestamps.clock.fresh(now) {
		return false
	}
	oldest, newest, _ := j.timestamps.clock.window(now)
	if p.Oldest() >= oldest && p.Newest() <= newest {
		return false
	}
	from, to := p.Within(oldest, newest)
	runs := p.limitTo(from, to)
	if len(runs) == 0 { // their outcome is recorded already
		return false
	}
	for _, r := range runs {
		reason := account.TooNew
		if r.from < from {
			reason = account.TooOld
		}
		j.outOfRange(p, r, reason, now, o)
	}
	j.advance()
	return true
}

// outOfRange restamps events whose timestamps are out of range, or records them as lost.
func (j *job) outOfRange(p *part, r run, reason account.Reason, now time.Time, o *account.Outcome) {
	clock := j.timestamps.clock
	retry := p.original == nil || p.times < maxRestamps && (clock.doubted || (p.ahead-clock.ahead).Abs() >= minSkew)
	if !j.timestamps.restamp || !retry {
		loss := p.loss(r.from, r.to)
		o.Lost[reason].Merge(&loss)
		o.Settled.Merge(&loss)
		return
	}
	var events []batch.Event
	var original []int64
	for i := r.from; i < r.to; i++ {
		e := p.Event(i)
		events, original = append(events, e), append(original, e.Time)
	}
	if p.original != nil {
		original = p.original[r.from:r.to]
	}
	_, _, at := clock.window(now)
	for _, b := range restamp(p.Head(), events, at, p.original != nil) {
		n := b.Len()
		j.parts = append(j.parts, &part{
			Batch: b, bisection: newBisection(0, n),
			original: original[:n:n], times: p.times + 1, ahead: clock.ahead,
		})
		original = original[n:]
	}
}

// acknowledged records that the service acknowledged the request, except for the events in info.
func (j *job) acknowledged(info *types.RejectedLogEventsInfo, now time.Time, o *account.Outcome) {
	p := j.parts[0]
	from, to := p.next()
	p.bisection.acknowledged()
	tooOld, expired, tooNew := rejected(to-from, info)
	for _, refused := range []struct {
		run
		reason account.Reason
	}{
		{run{0, tooOld}, account.TooOld},
		{run{tooOld, expired}, account.Expired},
		{run{tooNew, to - from}, account.TooNew},
	} {
		if refused.from < refused.to {
			j.outOfRange(p, run{from + refused.from, from + refused.to}, refused.reason, now, o)
		}
	}
	from, to = from+expired, from+tooNew
	o.Delivered = to - from
	o.Bytes = p.Counted(from, to)
	if p.original != nil {
		o.Restamped = to - from
	}
	j.advance()
	if !j.done() { // otherwise the caller does not need the sum
		delivered := p.Loss(from, to)
		o.Settled.Merge(&delivered)
	}
}

// refused records that the last request was refused.
func (j *job) refused(evidence bool, needed int) {
	j.parts[0].bisection.refused(evidence, needed)
	j.ready = nil
}

// refusedByForeign reports whether the last refusal came from an intermediary, not from the
// service.
func (j *job) refusedByForeign() bool { return j.needed > 1 }

// forget discards what refusals have shown about the remaining events.
func (j *job) forget() {
	j.fails, j.needed, j.everRefused, j.probes, j.retryAt, j.ready = 0, 0, false, 0, time.Time{}, nil
	for _, p := range j.parts {
		p.bisection.forget()
	}
}

// size returns the length of the next body, before compression.
func (j *job) size() int { return j.parts[0].BodySize(j.parts[0].next()) }

// fit reduces the next request to the events that fit into most bytes, at least one; 0 means no
// limit is known.
func (j *job) fit(most int) {
	if most == 0 || j.size() <= most {
		return
	}
	p := j.parts[0]
	from, to := p.next()
	more := sort.Search(to-from-1, func(i int) bool { return p.BodySize(from, from+i+2) > most })
	if end := from + 1 + more; end < to {
		p.truncate(end)
		j.ready = nil
	}
}

// review continues the bisection until an event must be sent. drop decides about each event it
// isolates: true drops the event, false quarantines it.
func (j *job) review(drop func(proved bool) bool, o *account.Outcome) {
	for !j.done() {
		p := j.parts[0]
		if !p.halve() {
			return
		}
		if i, _ := p.next(); drop(p.proved()) {
			loss := p.loss(i, i+1)
			o.Lost[account.Refused].Merge(&loss)
			o.Settled.Merge(&loss)
			p.drop()
		} else {
			p.quarantine()
		}
		j.advance()
	}
}
