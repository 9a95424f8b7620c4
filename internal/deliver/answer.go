package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// AttemptTimeout is the deadline of one request. PutLogEvents gets more time for its body,
// assuming an uplink of slowestUplink bytes per second. The SDK's client sets no deadline:
// without one a hanging connection would block delivery forever.
const (
	AttemptTimeout = 30 * time.Second
	slowestUplink  = 8 << 10
)

// operation is the AWS name of an API operation.
type operation string

const (
	putLogEvents       operation = "PutLogEvents"
	createLogStream    operation = "CreateLogStream"
	createLogGroup     operation = "CreateLogGroup"
	putRetentionPolicy operation = "PutRetentionPolicy"
	opLoad             operation = "load" // read a batch back from the store
)

// answer is the result of a request.
type answer struct {
	op    operation
	err   error
	round int // failureState.round when the request started

	// Set by a load from the store.
	item    *queue.Item
	reading *queue.Reading

	// Set by PutLogEvents.
	job  *job
	info *types.RejectedLogEventsInfo
	date time.Time // of the service; zero if missing or not trusted

	jumped bool // the Date of the response is far from the last trusted one
}

// call starts a request other than PutLogEvents in a goroutine.
func (w *Worker) call(op operation, timeout time.Duration, do func(context.Context) error) {
	w.creating = w.creating || op != putRetentionPolicy
	a := answer{op: op, round: w.round}
	w.count(func(t *Traffic) { t.Requests++ })
	go func() {
		ctx, end := w.beginAttempt(timeout)
		a.err = end(do(ctx))
		a.jumped = attemptOf(ctx).jumped
		w.answers <- a
	}()
}

// beginAttempt returns the context of a request with that timeout. end must be called with the
// request's error; it returns the error, with a [StalledError] if the request was interrupted.
func (w *Worker) beginAttempt(timeout time.Duration) (ctx context.Context, end func(err error) error) {
	ctx, cancel := context.WithTimeout(w.ctx, timeout)
	ctx, known := w.cfg.Reach.begin(ctx, !w.cfg.Creation.Never)
	return ctx, func(err error) error {
		defer cancel()
		return known(err)
	}
}

// send sends the next request of a job in a goroutine.
func (w *Worker) send(j *job, now time.Time) {
	var o account.Outcome
	if j.screen(now, &o) {
		w.record(j, &o)
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
	w.inFlight++
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
		ctx, end := w.beginAttempt(AttemptTimeout + time.Duration(len(j.ready.body))*time.Second/slowestUplink)
		a.info, a.date, a.err = put(ctx, w.cfg.Client, w.cfg.Endpoint, j.ready)
		a.err = end(a.err)
		a.jumped = attemptOf(ctx).jumped
		w.answers <- a
	}()
}

// load reads a batch back from the store in a goroutine.
func (w *Worker) load(it *queue.Item) {
	w.inFlight++
	go func() {
		w.answers <- answer{op: opLoad, item: it, reading: w.queue.Read(it, w.cfg.Load)}
	}()
}

// encode returns the request for a body.
func (w *Worker) encode(body []byte, compress bool) *request {
	if compress {
		if compressed := w.compressors.compress(body); compressed != nil {
			return newRequest(compressed, "gzip")
		}
	}
	return newRequest(body, "")
}

// handle handles the result of a request.
func (w *Worker) handle(a answer) {
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
	case opLoad:
		w.inFlight--
		if w.ending() { // the store may be closed, so events that were not found are not lost
			return
		}
		if w.queue.Loaded(a.item, a.reading) {
			w.keep(newJob(a.item, w.timestampPolicy()))
		}
		w.cfg.Lost() // events of damaged records
	case putLogEvents:
		w.inFlight--
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

// putAnswered handles the result of PutLogEvents.
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
		w.acknowledged++
		w.recovered()
		w.pace.answered()
		w.streamMissing = false
		alone := j.refusedByForeign() && j.quarantined()
		if !j.refusedByForeign() {
			j.fails = 0
		}
		j.acknowledged(a.info, now, &o)
		if alone {
			w.contradicted(j, now)
		}
		w.decide(j, now, &o)
		w.settle(j, &o)
		w.releaseQuarantined()
		w.retain(now, false)
	case w.ctx.Err() != nil: // the batch stays in the queue
	case plain:
		w.keep(j)
	case c == missing && !w.cfg.Creation.Never:
		w.needStream = true
		if w.streamMissing { // a new stream may take a moment to become visible
			w.failed(a, transient)
		}
		w.streamMissing = true // a new stream is discovered this way: not an error yet
		w.keep(j)
	case c == refused && j.item == nil:
		w.cfg.Failed(string(a.op), withoutMessage(a.err))
		w.noticeAnswered(j, noticeRefused)
	case j.item == nil && (c == foreign || c == tooLarge):
		w.failed(a, c)
		w.noticeAnswered(j, noticeRefused)
	case c == tooLarge && w.shrink(j, now):
		w.refusals++
		w.reportRefusal(a, true)
		w.keep(j)
	case c == refused, c == foreign, c == tooLarge, w.failsWhileOthersPass(j, c):
		w.bisect(j, a, c, now, &o)
		w.settle(j, &o)
	default:
		if c == environment && a.jumped { // one of the clocks is wrong; the next request is signed with the corrected time
			c = transient
		}
		w.countReset(j, a.err, now)
		w.failed(a, c)
		w.keep(j)
	}
}

// settle records the outcome of some of a job's events, and keeps the job if others are left.
func (w *Worker) settle(j *job, o *account.Outcome) {
	w.record(j, o)
	if !j.done() {
		w.keep(j)
	}
}

// record records the outcome of some of a job's events.
func (w *Worker) record(j *job, o *account.Outcome) {
	switch {
	case j.item != nil:
		w.queue.Settle(j.item, o, j.done())
		if *o != (account.Outcome{}) {
			w.cfg.Settled()
		}
	case !j.done():
	case o.Delivered > 0:
		w.noticeAnswered(j, noticeDelivered)
	default:
		w.noticeAnswered(j, noticeOutOfRange)
	}
}

// keep queues a job to be sent before the batches still in the queue.
func (w *Worker) keep(j *job) { w.jobs = append(w.jobs, j) }
