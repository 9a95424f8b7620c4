// Package deliver sends batches to CloudWatch Logs until the service has them
// or has refused them for good.
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

// Config is read by Start and never changed.
type Config struct {
	Client      *cloudwatchlogs.Client // without retries of its own
	Group       string
	Stream      string
	Creation    Creation
	Compress    bool          // bodies with gzip, unless the endpoint refuses that
	MaxInFlight int           // PutLogEvents requests at once, while more than one batch waits
	Interval    time.Duration // between requests when all is well
	StartDelay  time.Duration // the first request comes after a random part of it
	Reach       *Reach        // is told of each request; nil: one of its own
	Endpoint    *Endpoint     // what the workers of a process know of it together; nil: one of its own
	Restamp     bool          // events of times the service does not take get the present one; otherwise they are lost

	// Load reads events back that are only in the store. Only a queue with a Replica
	// needs it.
	Load queue.Reader
	// NewKeys is called when the service does not take the credentials, or there
	// are none, before the next attempt. It does not ask a server.
	NewKeys func()
	// Announce makes the event that tells the stream of a loss. The number tells
	// it from every other one.
	Announce func(number int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event
	// Failed is told of each request that failed and of which nothing was
	// lost, Refused of each that was refused as invalid, Settled that events
	// are done with, and Lost that some could not be loaded. None may block.
	Failed  func(operation string, err error)
	Refused func(err error)
	Settled func()
	Lost    func()
}

// Traffic counts requests.
type Traffic struct {
	Requests     int64 // of every operation
	Retries      int64 // PutLogEvents requests that repeated an earlier one
	Bytes        int64 // of the bodies of PutLogEvents requests
	InFlight     int   // PutLogEvents requests under way
	LastDelivery time.Time
}

// Worker owns delivery. Its one goroutine takes batches from the queue, decides
// which request comes next, and settles what the answers say. The requests
// themselves run beside it, each in a goroutine that only waits for the answer.
type Worker struct {
	cfg   Config
	queue *queue.Queue
	ctx   context.Context // ends when delivery must stop
	stop  context.CancelFunc
	done  chan struct{} // closed when the goroutine has ended

	answers     chan answer // to requests; has room for all that can be under way
	compressors compressors // free ones; has room for all there can be

	// Only the goroutine uses these.
	jobs     []*job    // taken from the queue and not under way, to be sent before others
	flying   int       // PutLogEvents under way, and batches being loaded
	creating bool      // a request that makes stream or group is under way
	endsAt   time.Time // when the end does not wait for that any more; zero before it
	ended    bool      // there is nothing left to be done
	plain    bool      // bodies are not compressed: that is off, or the endpoint does not take it

	gzipTaken bool // it has taken a compressed body
	creation
	trouble
	pace       pace
	clock      serviceClock
	taken      int64     // PutLogEvents that the service took
	announceAt time.Time // not before this is the stream told of losses again
	numbered   int       // announcements made
	lastHeard  hearing   // what became of the last one

	refusedRecords int // announcements refused in a row
	roundsAtEnd    int // of announcements, since there is nothing else to deliver

	mu      sync.Mutex
	traffic Traffic
}

// Start starts delivery from q. It ends by itself when q is closed and empty.
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
		answers:     make(chan answer, cfg.MaxInFlight+2), // and one to create, one for the retention
		compressors: make(compressors, cfg.MaxInFlight),
		plain:       !cfg.Compress,
		creation:    creation{needStream: cfg.Creation.First && !cfg.Creation.Never},
		pace:        newPace(cfg.Interval),
	}
	if cfg.StartDelay > 0 {
		w.trouble = trouble{at: time.Now(), pause: rand.N(cfg.StartDelay)}
	}
	w.ctx, w.stop = context.WithCancel(context.WithValue(context.Background(), ownKey{}, true))
	go w.run()
	return w
}

// Done is closed when delivery has ended.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Stop ends delivery: requests under way are given up, their batches stay in the
// queue.
func (w *Worker) Stop() { w.stop() }

// ending reports whether nothing new is to be done.
func (w *Worker) ending() bool { return w.ctx.Err() != nil }

// Stopped is closed when Stop was called or delivery has ended.
func (w *Worker) Stopped() <-chan struct{} { return w.ctx.Done() }

// Traffic returns a snapshot.
func (w *Worker) Traffic() Traffic {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.traffic
}

// count changes the traffic.
func (w *Worker) count(change func(t *Traffic)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.traffic)
}

func (w *Worker) run() {
	defer close(w.done)
	defer w.stop()
	for {
		next := w.start()
		if idle := w.flying == 0 && !w.creating && !w.retaining; idle && (w.ended || w.ending()) {
			return
		}
		w.wait(next)
	}
}

// wait returns when start may find something to do: there was an answer, the
// queue has changed, or it is the time next, if that is set.
func (w *Worker) wait(next time.Time) {
	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	stopped := w.ctx.Done()
	if w.ending() {
		stopped = nil // only the answers to what is under way are waited for
	}
	select {
	case a := <-w.answers:
		w.answered(a)
	case <-timer:
	case <-w.queue.Wake():
	case <-stopped:
	}
}

// start makes every request that can be made now. It returns when there may be
// more, the zero time if only an answer or the queue can tell.
func (w *Worker) start() (next time.Time) {
	if !w.ending() && w.over() {
		return w.end(time.Now())
	}
	for !w.ending() && !w.creating {
		now, awaited := time.Now(), w.queue.Awaited()
		if again := w.again(awaited); now.Before(again) {
			return again
		}
		if w.needStream || w.needGroup {
			if w.flying == 0 {
				w.create()
			}
			return time.Time{}
		}
		if w.flying >= w.limit() {
			return time.Time{}
		}
		if free := w.pace.free(awaited); now.Before(free) {
			return free
		}
		j, next := w.nextJob(now)
		if j == nil {
			return next
		}
		w.put(j, now)
	}
	return time.Time{}
}

// limit returns how many PutLogEvents may be under way. As long as nothing is
// known to work, one finds out.
func (w *Worker) limit() int {
	if w.taken == 0 || w.failures > 0 {
		return 1
	}
	return w.cfg.MaxInFlight
}

// nextJob returns what is to be sent now, or nil and the time of the next one if
// that is known. While requests fail, each other one is of a job that has not failed
// before: where only what is in one request does not get through, others do.
func (w *Worker) nextJob(now time.Time) (j *job, next time.Time) {
	if w.failures%2 == 1 {
		if j, next := w.pick(now, true); j != nil || w.flying >= w.limit() {
			return j, next
		}
	}
	return w.pick(now, false)
}

// pick is nextJob; others leaves out what has failed several times in a row.
func (w *Worker) pick(now time.Time, others bool) (j *job, next time.Time) {
	awaited := w.queue.Awaited()
	for i, j := range w.jobs {
		if others && j.fails >= stubborn {
			continue
		}
		at := j.retryAt
		if hurried := j.triedAt.Add(hurriedMax); awaited && hurried.Before(at) {
			at = hurried
		}
		if !j.waits() || !now.Before(at) {
			w.jobs = slices.Delete(w.jobs, i, i+1)
			return j, time.Time{}
		}
		next = earliest(next, at)
	}
	if w.failures == 0 {
		j, at := w.announcement(now)
		if j != nil {
			return j, time.Time{}
		}
		next = earliest(next, at)
	}
	// What waits must not keep out those that can speak for it.
	if len(w.jobs) >= maxWaiting || others && len(w.jobs) >= maxStubborn {
		return nil, next
	}
	it, due, ended := w.queue.Next(now)
	for it != nil {
		if !it.Away() {
			return newJob(it, w.timing()), time.Time{}
		}
		if w.load(it); w.flying >= w.limit() {
			return nil, next
		}
		it, due, ended = w.queue.Next(now)
	}
	next = earliest(next, due)
	if w.flying > 0 || len(w.jobs) > 0 {
		return nil, next
	}
	// There is nothing else, so this finds out whether requests still fail.
	j, at := w.announcement(now)
	if j != nil || !ended || !at.IsZero() {
		return j, earliest(next, at)
	}
	return nil, w.end(now)
}

// over reports whether there is nothing for the stream any more, and never will be.
func (w *Worker) over() bool {
	return w.queue.Ended() && w.flying == 0 && len(w.jobs) == 0 && w.queue.Untold(queue.Stream) == 0
}

// end enters that there is nothing left to be done, whether or not the service can be
// reached. If group or stream are just being made, it returns when to come back: nobody
// waits for longer than that.
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

// earliest returns the earlier one of two times of which either may not be set.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
