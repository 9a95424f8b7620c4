package cloudwatch

import (
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// How often the same trouble is told.
const (
	reportPause = 10 * time.Second // between two rounds of calls to OnError
	repeatAfter = time.Minute      // a failure that lasts is told again
)

// report tells OnError what goes wrong. Its goroutine makes the calls, so that
// neither log calls nor delivery wait for the program's code.
type report struct {
	onError func(error)        // may be nil, then there is no goroutine
	state   func() queue.State // where losses are counted
	wake    chan struct{}      // capacity 1: there may be something to tell
	stop    chan struct{}      // closed by close
	done    chan struct{}      // closed when the goroutine has ended
	told    account.Ledger     // losses told so far; the goroutine's own

	mu       sync.Mutex
	lastErr  error
	lastAt   time.Time
	failures int            // requests that failed in a row
	since    time.Time      // when the first of them failed
	kind     string         // of the failure last told in this row
	kindAt   time.Time      // when it was told
	untold   *DeliveryError // to be told
	refusal  error          // the answer to the request last refused
}

func newReport(onError func(error), state func() queue.State) *report {
	r := &report{
		onError: onError,
		state:   state,
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if onError == nil {
		close(r.done)
	} else {
		go r.run()
	}
	return r
}

// failed notes a failed request.
func (r *report) failed(operation string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.failures == 0 {
		r.since = now
	}
	r.failures++
	r.lastErr, r.lastAt = err, now
	if operation == "PutLogEvents" && deliver.Refused(err) {
		r.refusal = err
	}
	if kind := operation + " " + deliver.Code(err); kind != r.kind || now.Sub(r.kindAt) >= repeatAfter {
		r.kind, r.kindAt = kind, now
		r.untold = &DeliveryError{operation, r.failures, r.since, err}
	}
	r.look()
}

// settled notes that a batch is done with.
func (r *report) settled() {
	r.look()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures, r.kind = 0, ""
}

// last returns when and why a request last failed.
func (r *report) last() (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lastAt, r.lastErr
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
			r.tell()
			return
		}
		if !r.tell() {
			continue
		}
		pause := time.NewTimer(reportPause)
		select {
		case <-pause.C:
		case <-r.stop:
			pause.Stop()
			r.tell()
			return
		}
	}
}

// tell tells what is new, and reports whether anything was.
func (r *report) tell() bool {
	r.mu.Lock()
	failure, refusal := r.untold, r.refusal
	r.untold = nil
	r.mu.Unlock()
	var news []error
	if failure != nil {
		news = append(news, failure)
	}
	lost := func(events int64, reason string, cause error) {
		if events > 0 {
			news = append(news, &LossError{events, reason, cause})
		}
	}
	now := r.state().Ledger
	for reason := range account.Rejections {
		var cause error
		if reason == account.Refused {
			cause = refusal
		}
		lost(now.Rejected[reason]-r.told.Rejected[reason], reason.String(), cause)
	}
	for reason := range account.Drops {
		if reason != account.Empty { // nothing was in it
			lost(now.Dropped[reason]-r.told.Dropped[reason], reason.String(), nil)
		}
	}
	r.told = now
	for _, err := range news {
		r.onError(err)
	}
	return len(news) > 0
}

// close tells what is left to tell and waits for the end, but not for ever: an
// OnError that does not return is not ours.
func (r *report) close(grace time.Duration) {
	close(r.stop)
	wait(r.done, grace)
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
