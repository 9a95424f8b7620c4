package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// AttemptTimeout is the deadline of one request, and slowest what the body of
// PutLogEvents adds to it: the slowest line we wait for, in bytes a second. The
// SDK's client has no deadline of its own, so a connection that hangs would hold
// delivery for ever.
const (
	AttemptTimeout = 30 * time.Second
	slowest        = 8 << 10
)

// operation is the AWS name of one.
type operation string

const (
	putLogEvents       operation = "PutLogEvents"
	createLogStream    operation = "CreateLogStream"
	createLogGroup     operation = "CreateLogGroup"
	putRetentionPolicy operation = "PutRetentionPolicy"
	load               operation = "load" // of a batch, from the store
)

// answer is what came of a request.
type answer struct {
	op    operation
	err   error
	round int // of trouble, when the request was made

	// Of loading, which is a request to the store.
	item    *queue.Item
	reading *queue.Reading

	// Of PutLogEvents.
	job  *job
	info *types.RejectedLogEventsInfo
	date time.Time // of the service; zero if it told none, or one that is not believed

	jumped bool // the service told a date far from the last one believed
}

// request makes a request that is not PutLogEvents, beside the worker.
func (w *Worker) request(op operation, timeout time.Duration, do func(context.Context) error) {
	w.creating = w.creating || op != putRetentionPolicy
	a := answer{op: op, round: w.round}
	w.count(func(t *Traffic) { t.Requests++ })
	go func() {
		ctx, end := w.attempt(timeout)
		a.err = end(do(ctx))
		a.jumped = attemptOf(ctx).jumped
		w.answers <- a
	}()
}

// attempt returns the context of a request that may take so long. end must be called with
// its error, and returns it with what the request waited for if it was cut off.
func (w *Worker) attempt(timeout time.Duration) (ctx context.Context, end func(err error) error) {
	ctx, cancel := context.WithTimeout(w.ctx, timeout)
	ctx, known := w.cfg.Reach.begin(ctx, !w.cfg.Creation.Never)
	return ctx, func(err error) error {
		defer cancel()
		return known(err)
	}
}

// put makes the next request of a job, beside the worker.
func (w *Worker) put(j *job, now time.Time) {
	var o account.Outcome
	if j.screen(now, &o) {
		w.enter(j, &o)
		if j.done() {
			return
		}
	}
	j.fit(w.cfg.Endpoint.maxBody(now))
	repeated := j.ready != nil
	compress := !w.plain && !j.gzip.plain
	if repeated && j.ready.encoding != "" && !compress {
		j.ready = nil
	}
	a := answer{op: putLogEvents, round: w.round, job: j}
	var body []byte
	if j.ready == nil {
		body = j.body()
	}
	w.flying++
	w.pace.started(now)
	w.count(func(t *Traffic) {
		t.Requests++
		t.InFlight++
		if repeated {
			t.Retries++
		}
	})
	go func() {
		if body != nil {
			j.ready = w.encode(body, compress)
		}
		ctx, end := w.attempt(AttemptTimeout + time.Duration(len(j.ready.body))*time.Second/slowest)
		a.info, a.date, a.err = put(ctx, w.cfg.Client, w.cfg.Endpoint, j.ready)
		a.err = end(a.err)
		a.jumped = attemptOf(ctx).jumped
		w.answers <- a
	}()
}

// load has a batch read from the store, beside the worker.
func (w *Worker) load(it *queue.Item) {
	w.flying++
	go func() {
		w.answers <- answer{op: load, item: it, reading: w.queue.Read(it, w.cfg.Load)}
	}()
}

// encode makes a request of a body.
func (w *Worker) encode(body []byte, compress bool) *request {
	if compress {
		if compressed := w.compressors.compress(body); compressed != nil {
			return newRequest(compressed, "gzip")
		}
	}
	return newRequest(body, "")
}

// answered enters an answer.
func (w *Worker) answered(a answer) {
	now := time.Now()
	switch a.op {
	case createLogStream:
		w.creating = false
		w.streamAnswered(a)
	case createLogGroup:
		w.creating = false
		w.groupAnswered(a)
	case putRetentionPolicy:
		w.retentionAnswered(a, now)
	case load:
		w.flying--
		if w.ending() { // the store may be closed: what was not found may be there
			return
		}
		if w.queue.Loaded(a.item, a.reading) {
			w.keep(newJob(a.item, w.timing()))
		}
		w.cfg.Lost() // what was damaged
	case putLogEvents:
		w.flying--
		w.putCounted(a, now)
		w.putAnswered(a, now)
	}
}

func (w *Worker) putCounted(a answer, now time.Time) {
	var unsent *CredentialsError
	w.count(func(t *Traffic) {
		t.InFlight--
		if !errors.As(a.err, &unsent) {
			t.Bytes += int64(len(a.job.ready.body))
		}
		if a.err == nil {
			t.LastDelivery = now
		}
	})
}

// putAnswered enters the answer to PutLogEvents.
func (w *Worker) putAnswered(a answer, now time.Time) {
	j := a.job
	if w.clock.doubted = a.jumped && a.date.IsZero(); !a.date.IsZero() {
		w.clock.learn(a.date, now)
	}
	var o account.Outcome
	c := classify(a.err)
	plain := w.learnGzip(j, c, a.err)
	switch {
	case c == delivered:
		w.taken++
		w.recovered()
		w.pace.answered()
		w.missedStream = false
		alone := j.byForeign() && j.waits()
		if !j.byForeign() {
			j.fails = 0
		}
		j.taken(a.info, now, &o)
		if alone {
			w.contradicted(j, now)
		}
		w.judge(j, now, &o)
		w.settle(j, &o)
		w.free()
		w.retain(now, false)
	case w.ctx.Err() != nil: // it stays in the queue
	case plain:
		w.keep(j)
	case c == missing && !w.cfg.Creation.Never:
		w.needStream = true
		if w.missedStream { // it may take a moment to be seen
			w.failed(a, transient)
		}
		w.missedStream = true // how a new stream is found out about: nothing to report
		w.keep(j)
	case c == refused && j.item == nil:
		w.cfg.Failed(string(a.op), withoutText(a.err))
		w.announced(j, refusedRecord)
	case j.item == nil && (c == foreign || c == tooLarge):
		w.failed(a, c)
		w.announced(j, refusedRecord)
	case c == tooLarge && w.smaller(j, now):
		w.refusals++
		w.persist(a, true)
		w.keep(j)
	case c == refused, c == foreign, c == tooLarge, w.failsAlone(j, c):
		w.suspect(j, a, c, now, &o)
		w.settle(j, &o)
	default:
		if c == environment && a.jumped { // one clock is wrong, and the next request knows it
			c = transient
		}
		w.cutOff(j, a.err, now)
		w.failed(a, c)
		w.keep(j)
	}
}

// settle enters what became of events of a job, and keeps the job if there are
// more.
func (w *Worker) settle(j *job, o *account.Outcome) {
	w.enter(j, o)
	if !j.done() {
		w.keep(j)
	}
}

// enter enters what became of events of a job.
func (w *Worker) enter(j *job, o *account.Outcome) {
	switch {
	case j.item != nil:
		w.queue.Settle(j.item, o, j.done())
		if *o != (account.Outcome{}) {
			w.cfg.Settled()
		}
	case !j.done():
	case o.Delivered > 0:
		w.announced(j, heard)
	default:
		w.announced(j, untimelyRecord)
	}
}

// keep has a job sent before what is still in the queue.
func (w *Worker) keep(j *job) { w.jobs = append(w.jobs, j) }
