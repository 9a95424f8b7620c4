// Package deliver sends batches to CloudWatch Logs until the service has acknowledged them or
// refused them permanently.
package deliver

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// Config configures a [Worker]. [Start] reads it; it must not change afterwards.
type Config struct {
	Client      *cloudwatchlogs.Client // without the SDK's retries
	Group       string
	Stream      string
	Creation    Creation
	Compress    bool          // gzip bodies, unless the endpoint refuses them
	MaxInFlight int           // concurrent PutLogEvents requests while more than one batch is due
	Interval    time.Duration // between requests when nothing fails
	StartDelay  time.Duration // the first request is delayed by a random part of it
	Reach       *Reach        // reachability of the service; nil: a private one
	Endpoint    *Endpoint     // what all workers of the process know about the endpoint; nil: a private one
	Restamp     bool          // resend events whose timestamps are out of range with the current time; otherwise they are lost

	// Load reads events back that are only in the store. Required if the queue has a
	// [queue.Replica].
	Load queue.Reader
	// NewKeys is called before the next attempt when credentials are missing or rejected. It must
	// not make a request.
	NewKeys func()
	// Announce returns the event of a loss notice. The number makes it unique.
	Announce func(number int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event
	// Failed is called for each failed request that lost no events, Refused for each request
	// refused as invalid, Settled when events are delivered or lost, and Lost when events could
	// not be loaded. None of them may block.
	Failed  func(operation string, err error)
	Refused func(err error)
	Settled func()
	Lost    func()
}

// Traffic counts requests.
type Traffic struct {
	Requests     int64 // of every operation
	Retries      int64 // PutLogEvents requests that repeated an earlier one
	Bytes        int64 // sum of PutLogEvents bodies, as sent
	InFlight     int   // PutLogEvents requests in flight
	LastDelivery time.Time
}

// Worker owns delivery. Its one goroutine takes batches from the queue, decides which request
// comes next and records the outcomes. Each request runs in a goroutine that only waits for the
// response.
type Worker struct {
	cfg   Config
	queue *queue.Queue
	ctx   context.Context // canceled when delivery must stop
	stop  context.CancelFunc
	done  chan struct{} // closed when the goroutine has returned

	answers     chan answer // buffered for every request that can be in flight
	compressors compressors // idle ones; buffered for all that can exist

	// Used only by the worker's goroutine.
	jobs     []*job    // taken from the queue, not in flight; sent before other batches
	inFlight int       // PutLogEvents requests and loads in flight
	creating bool      // CreateLogStream or CreateLogGroup is in flight
	endsAt   time.Time // delivery stops waiting for creation then; zero: not ending yet
	ended    bool      // nothing is left to do
	plain    bool      // bodies are not compressed: turned off, or refused by the endpoint

	gzipAccepted bool // the endpoint has accepted a compressed body
	creation
	failureState
	pace         pace
	clock        serviceClock
	acknowledged int64         // PutLogEvents requests that succeeded
	noticeAt     time.Time     // earliest time of the next loss notice
	notices      int           // loss notices made
	lastNotice   noticeOutcome // outcome of the last loss notice

	noticesRefused int // loss notices refused in a row
	finalRounds    int // rounds of loss notices since nothing else was left to deliver

	mu      sync.Mutex
	traffic Traffic
}

// Start starts delivery from q. Delivery ends when q is closed and empty, or on [Worker.Stop].
func Start(cfg Config, q *queue.Queue) *Worker {
	if cfg.Reach == nil {
		cfg.Reach = NewReach()
	}
	if cfg.Endpoint == nil {
		cfg.Endpoint = new(Endpoint)
	}
	w := &Worker{
		cfg:         cfg,
		queue:       q,
		done:        make(chan struct{}),
		answers:     make(chan answer, cfg.MaxInFlight+2), // plus one creation and one PutRetentionPolicy
		compressors: make(compressors, cfg.MaxInFlight),
		plain:       !cfg.Compress,
		creation:    creation{needStream: cfg.Creation.First && !cfg.Creation.Never},
		pace:        newPace(cfg.Interval),
	}
	if cfg.StartDelay > 0 {
		w.failureState = failureState{failedAt: time.Now(), backoff: rand.N(cfg.StartDelay)}
	}
	w.ctx, w.stop = context.WithCancel(context.WithValue(context.Background(), deliveryKey{}, true))
	go w.run()
	return w
}

// Done returns a channel that is closed when delivery has ended.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Stop ends delivery. Requests in flight are canceled; their batches stay in the queue.
func (w *Worker) Stop() { w.stop() }

// ending reports whether no new request may start.
func (w *Worker) ending() bool { return w.ctx.Err() != nil }

// Stopped returns a channel that is closed when Stop was called or delivery has ended.
func (w *Worker) Stopped() <-chan struct{} { return w.ctx.Done() }

// Traffic returns a snapshot of the request counters.
func (w *Worker) Traffic() Traffic {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.traffic
}

// count updates the request counters.
func (w *Worker) count(change func(t *Traffic)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.traffic)
}

func (w *Worker) run() {
	defer close(w.done)
	defer w.stop()
	for {
		next := w.dispatch()
		if idle := w.inFlight == 0 && !w.creating && !w.retaining; idle && (w.ended || w.ending()) {
			return
		}
		w.wait(next)
	}
}

// wait returns when dispatch may have work: after an answer, a change of the queue, or at the
// time next unless that is zero.
func (w *Worker) wait(next time.Time) {
	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	stopped := w.ctx.Done()
	if w.ending() {
		stopped = nil // only requests in flight are waited for
	}
	select {
	case a := <-w.answers:
		w.handle(a)
	case <-timer:
	case <-w.queue.Wake():
	case <-stopped:
	}
}

// dispatch starts every request that may start now. It returns when another one may; zero if that
// depends on an answer or the queue.
func (w *Worker) dispatch() (next time.Time) {
	if !w.ending() && w.finished() {
		return w.end(time.Now())
	}
	for !w.ending() && !w.creating {
		now, awaited := time.Now(), w.queue.Awaited()
		if again := w.nextAttempt(awaited); now.Before(again) {
			return again
		}
		if w.needStream || w.needGroup {
			if w.inFlight == 0 {
				w.create()
			}
			return time.Time{}
		}
		if w.inFlight >= w.limit() {
			return time.Time{}
		}
		if free := w.pace.nextStart(awaited); now.Before(free) {
			return free
		}
		j, next := w.nextJob(now)
		if j == nil {
			return next
		}
		w.send(j, now)
	}
	return time.Time{}
}

// limit returns how many PutLogEvents requests may be in flight: one until the first has
// succeeded, and one while requests fail.
func (w *Worker) limit() int {
	if w.acknowledged == 0 || w.failures > 0 {
		return 1
	}
	return w.cfg.MaxInFlight
}

// nextJob returns the job to send now, or nil and when the next one is due if that is known.
// While requests fail, every second attempt sends a job that has not failed before: if the
// failures are caused by the content of one request, the others get through.
func (w *Worker) nextJob(now time.Time) (j *job, next time.Time) {
	if w.failures%2 == 1 {
		if j, next := w.pick(now, true); j != nil || w.inFlight >= w.limit() {
			return j, next
		}
	}
	return w.pick(now, false)
}

// pick implements nextJob. others skips jobs that have failed several times in a row.
func (w *Worker) pick(now time.Time, others bool) (j *job, next time.Time) {
	awaited := w.queue.Awaited()
	for i, j := range w.jobs {
		if others && j.fails >= failsToYield {
			continue
		}
		at := j.retryAt
		if sooner := j.triedAt.Add(awaitedMax); awaited && sooner.Before(at) {
			at = sooner
		}
		if !j.quarantined() || !now.Before(at) {
			w.jobs = slices.Delete(w.jobs, i, i+1)
			return j, time.Time{}
		}
		next = earliest(next, at)
	}
	if w.failures == 0 {
		j, at := w.nextNotice(now)
		if j != nil {
			return j, time.Time{}
		}
		next = earliest(next, at)
	}
	// Quarantined jobs must let later batches overtake them: their success is the evidence.
	if len(w.jobs) >= maxQuarantined || others && len(w.jobs) >= maxYielding {
		return nil, next
	}
	it, due, ended := w.queue.Next(now)
	for it != nil {
		if !it.Away() {
			return newJob(it, w.timestampPolicy()), time.Time{}
		}
		if w.load(it); w.inFlight >= w.limit() {
			return nil, next
		}
		it, due, ended = w.queue.Next(now)
	}
	next = earliest(next, due)
	if w.inFlight > 0 || len(w.jobs) > 0 {
		return nil, next
	}
	// Nothing else is left, so a notice probes whether requests still fail.
	j, at := w.nextNotice(now)
	if j != nil || !ended || !at.IsZero() {
		return j, earliest(next, at)
	}
	return nil, w.end(now)
}

// finished reports whether nothing is left to send, and nothing can be added.
func (w *Worker) finished() bool {
	return w.queue.Ended() && w.inFlight == 0 && len(w.jobs) == 0 && w.queue.Untold(queue.Stream) == 0
}

// end records that delivery is complete, whether or not the service is reachable. If a group or
// stream is being created, it returns when to check again, at most endTimeout after its first
// call.
func (w *Worker) end(now time.Time) (again time.Time) {
	if w.creating {
		if w.endsAt.IsZero() {
			w.endsAt = now.Add(endTimeout)
		}
		if now.Before(w.endsAt) {
			return w.endsAt
		}
		w.stop()
	} else if !w.ended {
		w.retain(now, true)
	}
	w.ended = true
	return time.Time{}
}

// earliest returns the earlier of two times; zero means not set.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
