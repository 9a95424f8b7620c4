package pipeline

import (
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

const (
	reportPause = time.Second      // between two rounds of calls to OnError
	lossPause   = 10 * time.Second // between two rounds of loss reports
	maxNotices  = 16               // that wait to be reported
)

// Loss is a notice that events of one reason were lost.
type Loss struct {
	Reason account.Reason
	account.Loss
	Err error // the response that refused a request, or why events are undelivered; else nil
}

// DeliveryFailure is a notice that a request failed and is retried.
type DeliveryFailure struct {
	Operation string
	Failures  int       // failed requests in a row
	Since     time.Time // when the first of them failed
	Err       error     // an *explain.Failure
}

// reporter calls OnError, or prints to standard error if the program has none. It does so in its
// own goroutine: neither log calls nor delivery wait for the program's code or standard error.
type reporter struct {
	onError func(error)
	public  func(notice any) error
	stderr  *stderr       // nil if the program has an OnError
	queue   *queue.Queue  // counts losses; set by start
	wake    chan struct{} // capacity 1: something may be due
	stop    chan struct{} // closed by close
	done    chan struct{} // closed when the goroutine has ended

	lossesAt time.Time // last round of loss reports; used by the goroutine only

	mu       sync.Mutex
	lastErr  error // of the request that failed last
	lastAt   time.Time
	failures int       // failed requests in a row
	since    time.Time // when the first of them failed
	repeats  repeats   // kinds of failures, by operation and error code
	failure  *DeliveryFailure
	notices  []any        // other notices
	refusal  error        // response to the request that was refused last
	obstacle error        // why events are left at the end
	left     *Undelivered // what Shutdown returns
	foundAt  time.Time    // when the last notice came
}

// newReporter returns a reporter that only collects until start.
func newReporter(cfg *Config) *reporter {
	r := &reporter{
		onError: cfg.OnError,
		public:  cfg.Public,
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if r.onError == nil {
		r.stderr = &stderr{advice: cfg.Advice}
		r.onError = r.stderr.print
	}
	return r
}

// start starts the goroutine. Losses are those of the queue.
func (r *reporter) start(q *queue.Queue) {
	r.queue = q
	go r.run()
}

// failed records a failed request.
func (r *reporter) failed(err *explain.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.failures == 0 {
		r.since = now
	}
	r.failures++
	r.lastErr, r.lastAt = err, now
	if r.repeats.due(err.Operation+" "+deliver.Code(err), now) {
		r.failure = &DeliveryFailure{err.Operation, r.failures, r.since, err}
		r.foundAt = now
		r.wakeUp()
	}
}

// refused records the response to a request that was refused as invalid. It is reported with the
// events that are lost for it.
func (r *reporter) refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastErr, r.lastAt = err, time.Now()
	r.refusal = err
}

// acknowledged records that a request succeeded.
func (r *reporter) acknowledged() {
	r.wakeUp()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = 0
}

// notify reports a notice that is not about a request. Beyond maxNotices it is discarded.
func (r *reporter) notify(notice any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notifyLocked(notice)
}

func (r *reporter) notifyLocked(notice any) {
	if len(r.notices) < maxNotices {
		r.notices = append(r.notices, notice)
	}
	r.foundAt = time.Now()
	r.wakeUp()
}

// waiting prints what delivery waits for, unless something was reported since the given time.
// It is for standard error only: OnError gets what has happened, and a program with an OnError
// gets the same from Close.
func (r *reporter) waiting(since time.Time, what error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stderr != nil && r.foundAt.Before(since) {
		r.notifyLocked(what)
	}
}

// last returns when and why a request last failed.
func (r *reporter) last() (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lastAt, r.lastErr
}

// failing returns why the last request failed, nil if events were acknowledged since.
func (r *reporter) failing() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == 0 {
		return nil
	}
	return r.lastErr
}

// wakeUp wakes the goroutine: something may be due. It never blocks.
func (r *reporter) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) run() {
	defer close(r.done)
	for {
		select {
		case <-r.wake:
		case <-r.stop:
			r.round(true)
			if r.stderr != nil && r.left != nil { // once for all callers of Shutdown
				r.emit(r.left)
			}
			return
		}
		if !r.round(false) {
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

func (r *reporter) emit(notice any) { r.onError(r.public(notice)) }

// round reports what is new, and returns whether there was anything. Losses wait for lossPause
// after the last ones, or until the last round.
func (r *reporter) round(last bool) bool {
	r.mu.Lock()
	failure, refusal, obstacle, notices := r.failure, r.refusal, r.obstacle, r.notices
	r.failure, r.notices = nil, nil
	r.mu.Unlock()
	if failure != nil {
		r.emit(failure)
	}
	for _, notice := range notices {
		r.emit(notice)
	}
	if r.queue.Untold(queue.Program) == 0 {
		return failure != nil || len(notices) > 0
	}
	if !last && time.Since(r.lossesAt) < lossPause {
		r.wakeUp() // again after the pause
		return true
	}
	r.lossesAt = time.Now()
	losses := r.queue.Tell(queue.Program)
	for reason := range losses {
		if losses[reason].Events > 0 {
			r.emitLoss(&Loss{Reason: account.Reason(reason), Loss: losses[reason]}, refusal, obstacle)
		}
	}
	return true
}

// emitLoss reports a loss. On standard error another line covers some: the error of Shutdown, or
// the line about the first event after Close.
func (r *reporter) emitLoss(loss *Loss, refusal, obstacle error) {
	switch loss.Reason {
	case account.Refused:
		loss.Err = refusal
	case account.Undelivered:
		loss.Err = obstacle
	}
	if r.stderr == nil || loss.Reason != account.Undelivered && loss.Reason != account.Closed {
		r.emit(loss)
	}
}

// close reports what is left and waits for the goroutine to end. Once over is closed, and always
// for standard error, it waits only for the grace time: OnError may not return, and standard
// error may block. obstacle is why events are left, and left what Shutdown returns.
func (r *reporter) close(obstacle error, left *Undelivered, over <-chan struct{}, grace time.Duration) {
	r.mu.Lock()
	r.obstacle, r.left = obstacle, left
	r.mu.Unlock()
	close(r.stop)
	if r.stderr == nil {
		select {
		case <-r.done:
			return
		case <-over:
		}
	}
	wait(r.done, grace)
}

// wait waits for done, for at most the given time.
func wait(done <-chan struct{}, limit time.Duration) {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
