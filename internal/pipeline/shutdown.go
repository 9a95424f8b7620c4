package pipeline

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// Undelivered says what is left when Flush, Shutdown or AwaitRecovery gave up.
type Undelivered struct {
	Events   int64
	Bytes    int64 // without those of ended processes
	Spooled  int64 // those of Events that are in the spool
	Leftover int64 // those of Events that ended processes left
	Err      error // why the wait ended
	Last     error // why they are not delivered; nil if not known
}

// expose returns an error in the form that the program gets.
func (p *Pipeline) expose(err error) error {
	if err == nil {
		return nil
	}
	return p.cfg.Public(err)
}

// Flush sends everything accepted before the call and waits until all of it is acknowledged or
// lost. It returns what is left if the context ends first, and the result of Shutdown after
// Shutdown was called.
func (p *Pipeline) Flush(ctx context.Context) *Undelivered {
	if p == nil {
		return nil
	}
	return p.flush(ctx, context.Context.Err)
}

// flush is Flush. why returns the reason why the context ended.
func (p *Pipeline) flush(ctx context.Context, why func(context.Context) error) *Undelivered {
	var flushed <-chan struct{}
	p.partials.take(false, func(events ...batch.Event) { flushed = p.queue.Flush(events...) })
	defer p.queue.Leave(flushed)
	if p.queue.Closed() {
		flushed = p.shutdown.done
	}
	select {
	case <-flushed:
	case <-ctx.Done():
		state := p.queue.State()
		if state.Pending == 0 { // the last event was acknowledged at the same moment
			break
		}
		return &Undelivered{
			Events:  state.Pending,
			Bytes:   state.PendingBytes,
			Spooled: state.Pending - p.memoryOnly(),
			Err:     why(ctx),
			Last:    p.expose(p.obstacle()),
		}
	}
	if p.shutdown.gaveUp() { // flushed is also closed when the rest is counted as lost
		<-p.shutdown.done
		return p.shutdown.left
	}
	return nil
}

// Sync is Flush within Config.CloseTimeout. With a spool, it gives up early as Shutdown does.
func (p *Pipeline) Sync() *Undelivered {
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.CloseTimeout)
	defer cancel()
	if p.spool == nil {
		return p.Flush(ctx)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if p.unreachable(time.Now(), ctx.Done()) {
			giveUp(ErrUnreachable)
		}
	}()
	left := p.flush(ctx, context.Cause)
	giveUp(nil)
	<-watched
	return left
}

// Close is Shutdown within Config.CloseTimeout.
func (p *Pipeline) Close() *Undelivered {
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.CloseTimeout)
	defer cancel()
	return p.Shutdown(ctx)
}

// Shutdown stops accepting events and delivers the pending ones. It returns what is left. Several
// calls are safe: the first context to end ends it for all, and all get the same result.
func (p *Pipeline) Shutdown(ctx context.Context) *Undelivered {
	if p == nil {
		return nil
	}
	p.shutdown.once.Do(func() {
		if p.recovery == nil {
			p.partials.take(true, p.queue.Close)
		} else {
			p.partials.take(true, p.queue.Stop) // notices of replays are still accepted
		}
		go p.finish(time.Now())
	})
	select {
	case <-p.shutdown.done:
	case <-ctx.Done():
		p.giveUp(ctx.Err())
		<-p.shutdown.done
	}
	return p.shutdown.left
}

// Closed reports whether Shutdown was called.
func (p *Pipeline) Closed() bool { return p != nil && p.queue.Closed() }

// shutdown is the state of Shutdown.
type shutdown struct {
	once sync.Once
	done chan struct{} // closed at the end
	left *Undelivered  // the result; written before done is closed
	over chan struct{} // closed when Shutdown gives up

	mu       sync.Mutex
	cause    error // why it gave up first; nil: it did not
	obstacle error // why events were undelivered then
}

func newShutdown() shutdown {
	return shutdown{done: make(chan struct{}), over: make(chan struct{})}
}

func (s *shutdown) giveUp(cause, obstacle error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause, s.obstacle = cause, obstacle
		close(s.over)
	}
}

// obstacleThen returns why events were undelivered when Shutdown gave up.
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

// giveUp stops delivery.
func (p *Pipeline) giveUp(cause error) {
	p.shutdown.giveUp(cause, p.obstacle()) // before Stop cancels the requests in flight
	p.worker.Stop()
	if p.recovery != nil {
		p.recovery.Stop()
	}
}

// graceTime bounds the wait for code of the program after Shutdown gave up: an HTTP client that
// ignores its context, an OnError that does not return.
const graceTime = time.Second

// finish completes Shutdown in its own goroutine.
func (p *Pipeline) finish(began time.Time) {
	defer close(p.shutdown.done)
	defer time.AfterFunc(waitingAfter, func() { p.stillWaiting(began) }).Stop()
	if p.recovery != nil {
		p.finishRecovery(began)
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
	p.shutdown.left = p.undelivered(kept, dropped, obstacle)
	p.report.close(obstacle, p.shutdown.left, p.shutdown.over, graceTime)
}

// undelivered returns the result of Shutdown, nil if no events are left.
func (p *Pipeline) undelivered(kept, dropped queue.Left, obstacle error) *Undelivered {
	leftover := int64(0)
	if p.recovery != nil {
		leftover = p.recovery.Counts().Pending
	}
	p.shutdown.mu.Lock()
	defer p.shutdown.mu.Unlock()
	uncounted := p.shutdown.cause != nil && p.recovery != nil && !isDone(p.recovery.Done())
	if kept.Events+dropped.Events+leftover == 0 && !uncounted {
		return nil
	}
	return &Undelivered{
		Events:   kept.Events + dropped.Events + leftover,
		Bytes:    kept.Bytes + dropped.Bytes,
		Spooled:  kept.Events + leftover,
		Leftover: leftover,
		Err:      p.shutdown.cause,
		Last:     p.expose(obstacle),
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

// manyBytes pending in this process are sent before leftover segments; fewer are sent beside
// them.
const manyBytes = 1 << 20

// finishRecovery waits until everything that can be delivered is, or Shutdown gave up. No notice of
// a replay is accepted afterwards.
func (p *Pipeline) finishRecovery(began time.Time) {
	var first <-chan struct{}
	if p.queue.State().PendingBytes > manyBytes {
		first = p.queue.Flush()
	}
	p.recovery.Finish(first)
	p.giveUpIfUnreachable(began, p.recovery.Done())
	if p.shutdown.gaveUp() { // what is left is still counted
		wait(p.recovery.Done(), graceTime)
	}
	p.queue.Close()
	p.giveUpIfUnreachable(began, p.worker.Done())
}

// giveUpIfUnreachable gives up if the service becomes unreachable before ended is closed.
func (p *Pipeline) giveUpIfUnreachable(began time.Time, ended <-chan struct{}) {
	if p.unreachable(began, ended) {
		p.giveUp(ErrUnreachable)
	}
}
