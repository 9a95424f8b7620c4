package cloudwatch

import (
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// How often the same trouble is told.
const (
	reportPause = time.Second      // between two rounds of calls to OnError
	lossPause   = 10 * time.Second // between two rounds about losses
	repeatAfter = time.Minute      // a kind of failure that lasts is told again; the time doubles
	repeatMax   = time.Hour        // up to this
)

// report calls OnError when something goes wrong, or prints it where the program has none.
// Its goroutine does that, so that neither log calls nor delivery wait for the program's
// code or for standard error.
type report struct {
	onError func(error)   // prints if the program has none
	stderr  *stderr       // nil if the program has an OnError
	queue   *queue.Queue  // where losses are counted; set by start
	wake    chan struct{} // capacity 1: there may be something to tell
	stop    chan struct{} // closed by close
	done    chan struct{} // closed when the goroutine has ended

	toldAt time.Time // when losses were told last; the goroutine's own

	mu       sync.Mutex
	lastErr  error
	lastAt   time.Time
	failures int             // requests that failed in a row
	since    time.Time       // when the first of them failed
	kinds    map[string]told // of failures, by operation and code
	untold   *DeliveryError  // to be told
	others   []error         // to be told as well
	refusal  error           // the response to the request last refused
	obstacle error           // why events are left at the end
	left     error           // what Shutdown returns
	foundAt  time.Time       // when there was last something new to report
}

// told says of a kind of failure when it was seen last, when it was told, and how
// long after that it is told again.
type told struct {
	seen, at time.Time
	after    time.Duration
}

// maxKinds bounds how many of them are remembered.
const maxKinds = 16

// newReport returns a report that only collects until it is started.
func newReport(onError func(error)) *report {
	r := &report{
		onError: onError,
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if onError == nil {
		r.stderr = new(stderr)
		r.onError = r.stderr.print
	}
	return r
}

// start has the report call OnError from now on. Losses are those of the queue.
func (r *report) start(q *queue.Queue) {
	r.queue = q
	go r.run()
}

// failed notes a failed request.
func (r *report) failed(err *explain.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.failures == 0 {
		r.since = now
	}
	r.failures++
	r.lastErr, r.lastAt = err, now
	kind := err.Operation + " " + deliver.Code(err)
	t := r.kinds[kind]
	lasts := now.Sub(t.seen) < repeatAfter
	t.seen = now
	switch {
	case !lasts:
		t.at, t.after = now, repeatAfter
	case now.Sub(t.at) >= t.after:
		t.at, t.after = now, min(2*t.after, repeatMax)
	default:
		r.kinds[kind] = t
		return
	}
	if r.kinds == nil || len(r.kinds) == maxKinds { // codes come from outside
		r.kinds = make(map[string]told)
	}
	r.kinds[kind] = t
	r.untold = &DeliveryError{err.Operation, r.failures, r.since, err}
	r.foundAt = now
	r.look()
}

// refused notes the answer to a request that was refused as invalid. What is lost
// for it is told with that.
func (r *report) refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastErr, r.lastAt = err, time.Now()
	r.refusal = err
}

// settled notes that events are done with.
func (r *report) settled() {
	r.look()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = 0
}

// later has an error told that is not about a request. Of many only some are.
func (r *report) later(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(err)
}

// add is later under the lock.
func (r *report) add(err error) {
	if len(r.others) < maxKinds {
		r.others = append(r.others, err)
	}
	r.foundAt = time.Now()
	r.look()
}

// waiting prints what delivery waits for, unless there has been something to report since
// that time. It is for standard error only: OnError is for what has happened, and a program
// that has one gets the same from Close.
func (r *report) waiting(since time.Time, what error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stderr != nil && r.foundAt.Before(since) {
		r.add(what)
	}
}

// last returns when and why a request last failed.
func (r *report) last() (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lastAt, r.lastErr
}

// failing returns why the last request failed, nil if events were acknowledged since.
func (r *report) failing() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == 0 {
		return nil
	}
	return r.lastErr
}

// look says that there may be something to tell. It never waits.
func (r *report) look() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *report) run() {
	defer close(r.done)
	for {
		select {
		case <-r.wake:
		case <-r.stop:
			r.tell(true)
			if r.stderr != nil && r.left != nil { // once, however many call Shutdown
				r.onError(r.left)
			}
			return
		}
		if !r.tell(false) {
			continue
		}
		pause := time.NewTimer(reportPause)
		select {
		case <-pause.C:
		case <-r.stop:
			pause.Stop()
		}
	}
}

// tell tells what is new. Losses wait until the last ones were told long enough
// ago, or until the end. It reports whether there was anything.
func (r *report) tell(end bool) bool {
	r.mu.Lock()
	failure, refusal, obstacle, others := r.untold, r.refusal, r.obstacle, r.others
	r.untold, r.others = nil, nil
	r.mu.Unlock()
	if failure != nil {
		r.onError(failure)
	}
	for _, err := range others {
		r.onError(err)
	}
	if r.queue.Untold(queue.Program) == 0 {
		return failure != nil || len(others) > 0
	}
	if !end && time.Since(r.toldAt) < lossPause {
		r.look() // look again after the pause
		return true
	}
	r.toldAt = time.Now()
	losses := r.queue.Tell(queue.Program)
	for _, loss := range lossErrors(&losses, refusal, obstacle) {
		if r.stderr == nil || !printedElsewhere(loss.Reason) {
			r.onError(loss)
		}
	}
	return true
}

// printedElsewhere reports whether another line on standard error is about the same loss: the
// error of Shutdown, or the line about the first event after it.
func printedElsewhere(reason LossReason) bool {
	return reason == LossUndelivered || reason == LossClosed
}

// close tells what is left to tell and waits for the end; once time is over only
// for the grace time, since OnError may not return and standard error may block. obstacle is
// why events are left, if any are, and left is what Shutdown returns.
func (r *report) close(obstacle, left error, over <-chan struct{}, grace time.Duration) {
	r.mu.Lock()
	r.obstacle, r.left = obstacle, left
	r.mu.Unlock()
	close(r.stop)
	if r.stderr != nil {
		wait(r.done, grace)
		return
	}
	select {
	case <-r.done:
	case <-over:
		wait(r.done, grace)
	}
}

// wait waits for done, at most so long.
func wait(done <-chan struct{}, atMost time.Duration) {
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
