package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// Close is Shutdown within Options.CloseTimeout. Without Options.OnError, what Shutdown
// returns is also printed to standard error, once for all callers; so a program only sets
// its exit code:
//
//	if err := h.Close(); err != nil {
//		os.Exit(1)
//	}
func (p *pipeline) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.settings.CloseTimeout)
	defer cancel()
	return p.Shutdown(ctx)
}

// Shutdown accepts no more events and delivers those it has; with a spool also those that
// processes which have ended had left there for the same log group, region and endpoint.
// nil means that none of them is left. When the context ends first, it gives up and
// returns an *UndeliveredError with the number of events that are left: lost, or kept in
// the spool, see ErrSpooled.
//
// With a spool, it also gives up when everything is on the disk and the service cannot be
// reached: for 1.75 seconds no request succeeded, and requests fail or find no connection.
// A service that answers slowly, or throttles, is waited for.
//
// It may be called several times and by several goroutines: the first context
// to end ends it for all, every caller waits for the real end, and all get the
// same answer. It takes up to two seconds longer than the context if an HTTP
// client ignores its own, OnError does not return or standard error blocks.
func (p *pipeline) Shutdown(ctx context.Context) error {
	p.shutdown.once.Do(func() {
		if p.recovery == nil {
			p.partials.take(true, p.queue.Close)
		} else {
			p.partials.take(true, p.queue.Stop) // what is recovered is still noted
		}
		go p.finish(time.Now())
	})
	select {
	case <-p.shutdown.done:
	case <-ctx.Done():
		p.giveUp(ctx.Err())
		<-p.shutdown.done
	}
	return p.shutdown.err
}

// shutdown is the state of Shutdown.
type shutdown struct {
	once sync.Once
	done chan struct{} // closed at the real end
	err  error         // the answer; written before done is closed
	over chan struct{} // closed when it is given up

	mu       sync.Mutex
	cause    error // why it was given up, the first one; nil if it was not
	obstacle error // why events were left then
}

func (s *shutdown) giveUp(cause, obstacle error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause, s.obstacle = cause, obstacle
		close(s.over)
	}
}

// obstacleThen returns why events were left when it was given up.
func (s *shutdown) obstacleThen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.obstacle
}

func (s *shutdown) gaveUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause != nil
}

// giveUp ends delivery.
func (p *pipeline) giveUp(cause error) {
	p.shutdown.giveUp(cause, p.obstacle()) // before Stop cuts off what is in flight
	p.worker.Stop()
	if p.recovery != nil {
		p.recovery.Stop()
	}
}

// graceTime bounds the wait for code that is not ours, once time is over: a
// custom HTTP client that ignores its context, an OnError that does not return.
const graceTime = time.Second

// finish runs in its own goroutine from the first Shutdown until all is over.
func (p *pipeline) finish(began time.Time) {
	defer close(p.shutdown.done)
	defer time.AfterFunc(waitingAfter, func() { p.stillWaiting(began) }).Stop()
	if p.recovery != nil {
		p.recover(began)
	}
	var waited time.Duration
	select {
	case <-p.worker.Done():
	case <-p.worker.Stopped():
		stopped := time.Now()
		wait(p.worker.Done(), graceTime)
		waited = time.Since(stopped)
	}
	p.client.Close(graceTime - waited)
	if p.spool != nil {
		p.spool.Close(graceTime)
	}
	kept, dropped := p.queue.Abandon()
	obstacle := cmp.Or(p.report.failing(), p.shutdown.obstacleThen())
	if err := p.undelivered(kept, dropped, obstacle); err != nil {
		p.shutdown.err = err
	}
	p.report.close(obstacle, p.shutdown.err, p.shutdown.over, graceTime)
}

// undelivered returns the error of a Shutdown that has left events, else nil.
func (p *pipeline) undelivered(kept, dropped queue.Left, obstacle error) *UndeliveredError {
	leftover := int64(0)
	if p.recovery != nil {
		leftover = p.recovery.Counts().Pending
	}
	p.shutdown.mu.Lock()
	defer p.shutdown.mu.Unlock()
	unknown := p.shutdown.cause != nil && p.recovery != nil && !isDone(p.recovery.Done())
	if kept.Events+dropped.Events+leftover == 0 && !unknown {
		return nil
	}
	return &UndeliveredError{
		Events:   kept.Events + dropped.Events + leftover,
		Bytes:    kept.Bytes + dropped.Bytes,
		Spooled:  kept.Events + leftover,
		Leftover: leftover,
		Err:      p.shutdown.cause,
		Last:     obstacle,
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// manyBytes of the program's own events go before what others have left; fewer share the
// line with that.
const manyBytes = 1 << 20

// recover waits until everything is delivered that can be, or it is given up. Nothing is
// noted in the log stream after that.
func (p *pipeline) recover(began time.Time) {
	var first <-chan struct{}
	if p.queue.State().PendingBytes > manyBytes {
		first = p.queue.Flush()
	}
	p.recovery.Finish(first)
	p.watch(began, p.recovery.Done())
	if p.shutdown.gaveUp() { // what is left is still counted
		wait(p.recovery.Done(), graceTime)
	}
	p.queue.Close()
	p.watch(began, p.worker.Done())
}

// watch gives up if the service cannot be reached, until something has ended.
func (p *pipeline) watch(began time.Time, ended <-chan struct{}) {
	if p.unreachable(began, ended) {
		p.giveUp(errUnreachable)
	}
}

// unreachable waits until the service cannot be reached and everything is on the disk. It
// returns false when something has ended before, or Shutdown is given up.
func (p *pipeline) unreachable(began time.Time, ended <-chan struct{}) bool {
	timer := time.NewTimer(hopelessAfter)
	defer timer.Stop()
	for {
		changed, now := p.reach.Changed(), time.Now() // before State, or a change between them goes unnoticed
		switch at, hopeless := giveUpAt(p.reach.State(), began); {
		case !hopeless:
			timer.Reset(time.Hour)
		case now.Before(at):
			timer.Reset(at.Sub(now))
		case p.queue.Unsafe() == 0:
			return true
		default: // not yet: it is being written
			timer.Reset(hopelessPause)
		}
		select {
		case <-ended:
			return false
		case <-p.shutdown.over:
			return false
		case <-changed:
		case <-timer.C:
		}
	}
}

var errUnreachable = errors.New("the service cannot be reached")

const (
	hopelessAfter = 1750 * time.Millisecond // without a request that succeeds
	hopelessPause = 50 * time.Millisecond   // while what is left is not on the disk
)

// giveUpAt returns when a Shutdown that began at a time need not wait any longer if
// nothing changes. hopeless: requests fail, or have not found a connection. If they have
// been failing for long when it begins, one more attempt is enough to know. Where the last
// one has not failed, the next one has as long to find a connection: it may come late,
// after credentials, or the pause that a busy service asks for.
func giveUpAt(s deliver.ReachState, began time.Time) (at time.Time, hopeless bool) {
	if s.Failing.IsZero() && s.Dialed.After(began) {
		began = s.Dialed
	}
	switch {
	case s.Waiting > 0 || s.Dialing == 0 && s.Failing.IsZero():
		return time.Time{}, false
	case s.Answered.After(began):
		return s.Answered.Add(hopelessAfter), true
	case s.Dialing == 0 && s.Failing.Before(began) && !s.Last.Before(began):
		return s.Failing.Add(hopelessAfter), true
	default:
		return began.Add(hopelessAfter), true
	}
}
