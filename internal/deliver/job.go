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

// job is a batch on its way: what is left to be done until the last of its
// events is settled. It makes no request, it only knows which events come next
// and what an answer means for them.
type job struct {
	item  *queue.Item // nil for an announcement
	parts []*part     // what is not settled; the first one is sent first
	ready *request    // with the next events; nil = to be made
	timed timing      // what to do with events whose times the service does not take
	gzip  gzipTrial

	// What an announcement tells.
	reason account.Reason
	loss   *account.Loss

	takenBefore int64     // requests the worker had seen taken when the first one of this job was refused
	suspected   bool      // that has happened
	needed      int       // how often an event must be refused alone to be given up, by the last refusal; 0 = there is none
	counts      bool      // the last refusal does
	countedAt   int64     // requests the worker had seen taken when one last did
	cutOffs     int       // connections that were reset while it was sent, in a row
	fails       int       // failures in a row, of whatever was sent of it
	failedSince int64     // requests the worker had seen taken at the first of them
	probes      int       // requests that waited events were in
	triedAt     time.Time // when that was
	retryAt     time.Time // while nothing but such events is left: when to try again
}

// part is a sealed batch, and which of its events are not settled.
type part struct {
	*batch.Batch
	search
	// Of events that got another time: their own ones, how often that was, and
	// what the time was taken from. restamped is nil for all others.
	restamped []int64
	times     int
	ahead     time.Duration
}

// maxRestamps is how often events get another time. More than once that is if the
// clock of the service proves to be another one.
const maxRestamps = 3

// loss sums up events as lost, with their own times.
func (p *part) loss(from, to int) account.Loss {
	l := p.Loss(from, to)
	if p.restamped != nil {
		l.First, l.Last = p.restamped[from], p.restamped[to-1]
	}
	return l
}

// timing says what to do with events whose times the service does not take.
type timing struct {
	restamp bool // send them with the present time; otherwise they are lost
	clock   *serviceClock
}

func (w *Worker) timing() timing { return timing{w.cfg.Restamp, &w.clock} }

func newJob(it *queue.Item, timed timing) *job {
	it.Seal()
	return &job{item: it, parts: []*part{{Batch: it.Batch, search: all(0, it.Len())}}, timed: timed}
}

// done reports whether nothing is left.
func (j *job) done() bool { return len(j.parts) == 0 }

// waits reports whether nothing is left but events that were refused while
// nothing spoke for their being the reason.
func (j *job) waits() bool { return !j.done() && j.parts[0].waits() }

// body returns the body of the next request.
func (j *job) body() []byte { return j.parts[0].Body(j.parts[0].next()) }

// advance goes on to what comes next. A part that waits lets the others go first:
// they may give the evidence it waits for.
func (j *job) advance() {
	j.ready = nil
	j.parts = slices.DeleteFunc(j.parts, func(p *part) bool { return p.done() })
	ready := slices.IndexFunc(j.parts, func(p *part) bool { return !p.waits() })
	if ready > 0 {
		j.parts = slices.Concat(j.parts[ready:], j.parts[:ready])
	}
}

// screen sorts out events that are known to be too old or too new at the time
// now, before they are sent. It reports whether there were any. What is not known
// the service decides.
func (j *job) screen(now time.Time, o *account.Outcome) bool {
	p := j.parts[0]
	if p.restamped != nil || j.item == nil || !j.timed.clock.fresh(now) {
		return false
	}
	oldest, newest, _ := j.timed.clock.window(now)
	if p.Oldest() >= oldest && p.Newest() <= newest {
		return false
	}
	from, to := p.Within(oldest, newest)
	runs := p.keep(from, to)
	if len(runs) == 0 { // they are settled already
		return false
	}
	for _, r := range runs {
		reason := account.TooNew
		if r.from < from {
			reason = account.TooOld
		}
		j.untimely(p, r, reason, now, o)
	}
	j.advance()
	return true
}

// untimely deals with events whose times the service does not take.
func (j *job) untimely(p *part, r run, reason account.Reason, now time.Time, o *account.Outcome) {
	clock := j.timed.clock
	again := p.restamped == nil || p.times < maxRestamps && (clock.doubted || (p.ahead-clock.ahead).Abs() >= minSkew)
	if !j.timed.restamp || !again {
		loss := p.loss(r.from, r.to)
		o.Lost[reason].Merge(&loss)
		o.Settled.Merge(&loss)
		return
	}
	var events []batch.Event
	var own []int64
	for i := r.from; i < r.to; i++ {
		e := p.Event(i)
		events, own = append(events, e), append(own, e.Time)
	}
	if p.restamped != nil {
		own = p.restamped[r.from:r.to]
	}
	_, _, at := clock.window(now)
	for _, b := range restamp(p.Head(), events, at, p.restamped != nil) {
		n := b.Len()
		j.parts = append(j.parts, &part{
			Batch: b, search: all(0, n),
			restamped: own[:n:n], times: p.times + 1, ahead: clock.ahead,
		})
		own = own[n:]
	}
}

// taken enters the answer that the service has what was sent, but for the events
// it names as rejected.
func (j *job) taken(info *types.RejectedLogEventsInfo, now time.Time, o *account.Outcome) {
	p := j.parts[0]
	from, to := p.next()
	p.search.taken()
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
			j.untimely(p, run{from + refused.from, from + refused.to}, refused.reason, now, o)
		}
	}
	from, to = from+expired, from+tooNew
	o.Delivered = to - from
	o.Bytes = p.Counted(from, to)
	if p.restamped != nil {
		o.Restamped = to - from
	}
	j.advance()
	if !j.done() { // otherwise nobody asks which ones they were
		delivered := p.Loss(from, to)
		o.Settled.Merge(&delivered)
	}
}

// refused enters the answer that something in what was sent is invalid.
func (j *job) refused(evidence bool, needed int) {
	j.parts[0].search.refused(evidence, needed)
	j.ready = nil
}

// byForeign reports whether something on the way has refused the last request, not the
// service.
func (j *job) byForeign() bool { return j.needed > 1 }

// forget forgets what refusals have told of the events that are left.
func (j *job) forget() {
	j.fails, j.needed, j.suspected, j.probes, j.retryAt, j.ready = 0, 0, false, 0, time.Time{}, nil
	for _, p := range j.parts {
		p.search.forget()
	}
}

// size returns the length of the body of the next request, before compression.
func (j *job) size() int { return j.parts[0].BodySize(j.parts[0].next()) }

// fit has the next request carry fewer events if its body is larger than most; 0 means that
// no limit is known. There is at least one event.
func (j *job) fit(most int) {
	if most == 0 || j.size() <= most {
		return
	}
	p := j.parts[0]
	from, to := p.next()
	more := sort.Search(to-from-1, func(i int) bool { return p.BodySize(from, from+i+2) > most })
	if end := from + 1 + more; end < to {
		p.cut(end)
		j.ready = nil
	}
}

// review looks for the event that is to blame, as far as the answers tell. mayDrop
// decides about it: it is dropped, or sent once more later, alone.
func (j *job) review(mayDrop func(proved bool) bool, o *account.Outcome) {
	for !j.done() {
		p := j.parts[0]
		if !p.halve() {
			return
		}
		if i, _ := p.next(); mayDrop(p.proved()) {
			loss := p.loss(i, i+1)
			o.Lost[account.Refused].Merge(&loss)
			o.Settled.Merge(&loss)
			p.drop()
		} else {
			p.postpone()
		}
		j.advance()
	}
}
