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
	reportPause = time.Second      // between two rounds of calls to OnError
	lossPause   = 10 * time.Second // between two rounds about losses
	repeatAfter = time.Minute      // a failure that lasts is told again
)

// Why events were lost, by the reason they are counted under. An empty message
// is no loss: nothing was in it.
var (
	rejections = [account.Rejections]LossReason{
		account.TooOld: LossTooOld, account.Expired: LossExpired, account.TooNew: LossTooNew, account.Refused: LossRefused,
	}
	drops = [account.Drops]LossReason{
		account.Full: LossBufferFull, account.Oversize: LossOversize, account.Unformatted: LossUnformatted,
		account.Closed: LossClosed, account.Undelivered: LossUndelivered,
	}
)

// report tells OnError what goes wrong. Its goroutine makes the calls, so that
// neither log calls nor delivery wait for the program's code.
type report struct {
	onError func(error)        // may be nil, then there is no goroutine
	state   func() queue.State // where losses are counted
	wake    chan struct{}      // capacity 1: there may be something to tell
	stop    chan struct{}      // closed by close
	done    chan struct{}      // closed when the goroutine has ended

	// The goroutine's own.
	told   account.Ledger // losses told so far
	toldAt time.Time      // when

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
		r.refusal = err // told as the loss it is: nothing is tried again
		r.look()
		return
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
			r.tell(true)
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
	failure, refusal := r.untold, r.refusal
	r.untold = nil
	r.mu.Unlock()
	if failure != nil {
		r.onError(failure)
	}
	now := r.state().Ledger
	losses := lossesBetween(r.told, now, refusal)
	if len(losses) == 0 {
		return failure != nil
	}
	if !end && time.Since(r.toldAt) < lossPause {
		r.look() // look again after the pause
		return true
	}
	r.told, r.toldAt = now, time.Now()
	for _, loss := range losses {
		r.onError(loss)
	}
	return true
}

// lossesBetween returns what was lost from one time to another, by reason.
func lossesBetween(before, now account.Ledger, refusal error) (losses []*LossError) {
	for reason, text := range rejections {
		if n := now.Rejected[reason] - before.Rejected[reason]; n > 0 {
			loss := &LossError{Events: n, Reason: text}
			if text == LossRefused {
				loss.Err = refusal
			}
			losses = append(losses, loss)
		}
	}
	for reason, text := range drops {
		if n := now.Dropped[reason] - before.Dropped[reason]; n > 0 && text != "" {
			losses = append(losses, &LossError{Events: n, Reason: text})
		}
	}
	return losses
}

// close tells what is left to tell and waits for the end; once time is over only
// for the grace, since an OnError that does not return is not ours.
func (r *report) close(over <-chan struct{}, grace time.Duration) {
	close(r.stop)
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
