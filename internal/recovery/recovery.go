// Package recovery sends what processes that have ended left in a spool, each event to
// the log stream it was meant for, beside what the program logs now.
//
// It works in rounds. A round looks at everything that is there: it moves hot files to
// the disk, counts the events of each segment and trims it (survey.go). Then it replays
// the segments, those of one log stream through one lane: a queue and a worker of its own
// (replay.go, replayer.go). Segments are read in the order in which their processes began, so
// that one request carries many small ones.
package recovery

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Config is read by Start and never changed.
type Config struct {
	Spool       *spool.Spool
	Path        string // of the spool, for reports
	Destination Destination
	Lanes       int           // log streams that are sent to at once, while all of that is little
	Interval    time.Duration // see queue.Config
	StartDelay  time.Duration // nothing is sent before a random part of it has passed
	Patience    time.Duration // a log stream that takes nothing for so long waits for the next round

	// First says which of n log streams is sent to first: at random, or one that takes
	// nothing would keep the others waiting in each of many short programs. nil: the one
	// whose segments are the oldest.
	First func(n int) int
	// Deliver starts delivery from a queue to a log stream, one request at a time.
	Deliver func(stream string, q *queue.Queue) Worker
	// Report is told what of the spool could not be used, and Lost which events are lost
	// for good. Neither may block.
	Report func(op, path string, err error)
	Lost   func(reason account.Reason, loss *account.Loss)
	// Note is told what was recovered of each log stream.
	Note func(Note)
}

// Worker is a *deliver.Worker.
type Worker interface {
	Done() <-chan struct{} // closed when delivery has ended
	Stop()                 // ends it at once
}

// Destination is where events go. Only segments of the same destination are sent.
type Destination struct{ Region, Endpoint, Group string }

// Counts are events in segments of the destination that processes which ended had left.
// In each snapshot Events == Delivered + Pending + Lost.
type Counts struct {
	Events    int64
	Delivered int64
	Pending   int64 // found and not yet delivered
	Lost      int64 // rejected by the service, or damaged
	Damaged   int64 // those among Lost that could not be read
	Held      int64 // bytes of segments that are not sent, as they were found
}

func (c *Counts) add(other Counts) {
	c.Events += other.Events
	c.Delivered += other.Delivered
	c.Pending += other.Pending
	c.Lost += other.Lost
	c.Damaged += other.Damaged
	c.Held += other.Held
}

// Note says what was recovered of a log stream.
type Note struct {
	Stream    string
	Producer  uint64 // of the process that ended last
	Program   string // its name
	Processes int
	Ended     time.Time // time of the newest event
	Counts
}

// Recovery is the recovery of a spool. Its one goroutine does everything but the
// deliveries.
type Recovery struct {
	cfg    Config
	finish chan struct{} // closed by Finish
	first  <-chan struct{}
	stop   chan struct{} // closed by Stop
	done   chan struct{} // closed when everything has ended
	asked  chan struct{} // capacity 1: somebody waits for a round

	finishOnce, stopOnce sync.Once

	// Only the goroutine uses these.
	rescan   rescan
	known    map[string]*known    // by the name of a file, or the path of the directory; see about
	untidy   []spool.Leftover     // segments that the survey has not counted or trimmed
	segments map[string]*leftover // that are ours, by name
	delayed  bool                 // StartDelay is over

	progress chan struct{} // capacity 1: a lane has got on, or has ended

	mu       sync.Mutex
	sum      Counts  // of lanes that have ended; Held of all
	waiting  int64   // events of segments that are in no lane
	unmoved  int64   // events of hot files that could not be moved to the disk
	returned int64   // events that lanes gave back, until the next survey counts them
	lanes    []*lane // that have not ended
	begun    int     // rounds
	waiters  []waiter
}

// known is what is remembered of a file from one round to the next.
type known struct {
	held      bool   // left where it is, which was reported
	failing   string // what was reported of it, as long as it is so
	elsewhere bool   // it is not for this destination
	counted   bool   // its events were
	missed    int    // of its events, counted as damaged while it stays
}

// waiter is a caller of Await.
type waiter struct {
	round int // it has seen everything that was there
	done  chan struct{}
}

// Start starts recovery.
func Start(cfg Config) *Recovery {
	r := newRecovery(cfg)
	go r.run()
	return r
}

func newRecovery(cfg Config) *Recovery {
	return &Recovery{
		cfg:      cfg,
		finish:   make(chan struct{}),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		asked:    make(chan struct{}, 1),
		progress: make(chan struct{}, 1),
		rescan:   newRescan(),
		known:    make(map[string]*known),
		segments: make(map[string]*leftover),
	}
}

// Finish has recovery end when everything that can be sent was, after one more round.
// What is not being sent yet waits for first to be closed.
func (r *Recovery) Finish(first <-chan struct{}) {
	r.finishOnce.Do(func() {
		r.first = first
		close(r.finish)
	})
}

// Stop ends recovery: requests under way are given up. What is not acknowledged stays in
// the spool; it is still counted, which may take a moment.
func (r *Recovery) Stop() {
	r.stopOnce.Do(func() { close(r.stop) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		l.stop()
	}
}

// Done is closed when recovery has ended.
func (r *Recovery) Done() <-chan struct{} { return r.done }

// Counts returns a snapshot.
func (r *Recovery) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts()
}

func (r *Recovery) counts() Counts {
	sum := r.sum
	elsewhere := r.waiting + r.unmoved + r.returned
	sum.Pending += elsewhere
	sum.Events += elsewhere
	for _, l := range r.lanes {
		sum.add(l.counts())
	}
	return sum
}

// ErrEnded is returned by Await if recovery ended before everything was delivered.
var ErrEnded = errors.New("recovery has ended")

// Await returns nil when everything that was there when it was called is delivered, and
// otherwise why it did not wait any longer: the error of the context, or ErrEnded.
func (r *Recovery) Await(ctx context.Context) error {
	r.mu.Lock()
	w := waiter{r.begun + 1, make(chan struct{})}
	r.waiters = append(r.waiters, w)
	r.mu.Unlock()
	signal(r.asked)
	select {
	case <-w.done:
		return nil
	case <-r.done:
		if r.Counts().Pending > 0 || r.stopped() {
			return ErrEnded
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (r *Recovery) stopped() bool { return isClosed(r.stop) }

func (r *Recovery) run() {
	defer close(r.done)
	for {
		last := isClosed(r.finish)
		r.mu.Lock()
		r.begun++
		round := r.begun
		r.mu.Unlock()
		locked := r.survey()
		locked = append(locked, r.replay()...)
		r.answer(round)
		if last || r.stopped() {
			return
		}
		again := time.NewTimer(r.rescan.next(locked))
		select {
		case <-again.C:
		case <-r.asked:
		case <-r.finish:
		case <-r.stop: // there is no time for another round
		}
		again.Stop()
	}
}

// answer tells those who wait that everything is delivered, if it is.
func (r *Recovery) answer(round int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts().Pending > 0 {
		return
	}
	var left []waiter
	for _, w := range r.waiters {
		if w.round <= round {
			close(w.done)
		} else {
			left = append(left, w)
		}
	}
	r.waiters = left
}

// delay waits for a random part of StartDelay, once.
func (r *Recovery) delay() {
	if r.delayed || r.cfg.StartDelay <= 0 {
		return
	}
	r.delayed = true
	t := time.NewTimer(rand.N(r.cfg.StartDelay))
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.finish:
	case <-r.stop:
	}
}

// yield waits for what the program itself has logged, which goes first at the end.
func (r *Recovery) yield() {
	if !isClosed(r.finish) || r.first == nil {
		return
	}
	select {
	case <-r.first:
	case <-r.stop:
	}
}

// about returns what is known of a file.
func (r *Recovery) about(name string) *known {
	k := r.known[name]
	if k == nil {
		k = new(known)
		r.known[name] = k
	}
	return k
}

// reportOnce reports an error that may pass, unless the last round reported the same.
func (r *Recovery) reportOnce(op, path string, err error) {
	k := r.about(path)
	if err == nil {
		k.failing = ""
		return
	}
	if text := err.Error(); text != k.failing {
		k.failing = text
		r.cfg.Report(op, path, err)
	}
}

// hold notes that so much of a segment is left where it is, and reports why, once.
func (r *Recovery) hold(op, name string, bytes int64, why error) {
	k := r.about(name)
	if k.held {
		return
	}
	k.held = true
	r.cfg.Report(op, name, why)
	r.held(bytes)
}

func (r *Recovery) held(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Held += bytes
}
