// Package recovery replays what dead processes left in a spool: it sends each event to the log
// stream it was meant for, beside the events that the program logs now.
//
// It works in rounds. A round first surveys everything in the spool: it moves hot files to the
// disk, and counts the events of each segment and trims it (survey.go). Then it replays the
// segments, with one replayer per log stream, which has a queue and a worker (replay.go,
// replayer.go). Segments are read in the order in which their processes began, so that one request
// carries many small ones.
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

// Config is read by [Start] and never changed.
type Config struct {
	Spool        *spool.Spool
	Path         string // path of the spool, for reports
	Destination  Destination
	MaxReplayers int           // maximum number of concurrent replayers, while all of their events are few
	Interval     time.Duration // see queue.Config
	StartDelay   time.Duration // upper bound of a random delay before the first event is sent
	Patience     time.Duration // a log stream that accepts nothing for this long waits for the next round

	// First returns which of n log streams is replayed first. It should be random: otherwise
	// one that cannot be written to would block the others in every one of many short programs.
	// nil: the one with the oldest segments.
	First func(n int) int
	// Deliver starts the delivery of a queue to a log stream, with one request at a time.
	Deliver func(stream string, q *queue.Queue) Worker
	// Report reports what in the spool cannot be used, and Lost events that are lost for good.
	// Neither may block.
	Report func(op, path string, err error)
	Lost   func(reason account.Reason, loss *account.Loss)
	// Note reports what was recovered for each log stream.
	Note func(Note)
}

// Worker is implemented by *deliver.Worker.
type Worker interface {
	Done() <-chan struct{} // closed when delivery has ended
	Stop()                 // stops delivery at once
}

// Destination is the destination of events. Only segments of the same destination are replayed.
type Destination struct{ Region, Endpoint, Group string }

// Counts counts events in leftover segments of the destination. In each snapshot Events ==
// Delivered + Pending + Lost.
type Counts struct {
	Events    int64
	Delivered int64
	Pending   int64 // found and not yet delivered
	Lost      int64 // rejected by the service, or damaged
	Damaged   int64 // unreadable events, included in Lost
	Held      int64 // bytes of segments that are not sent, by their size when found
}

func (c *Counts) add(other Counts) {
	c.Events += other.Events
	c.Delivered += other.Delivered
	c.Pending += other.Pending
	c.Lost += other.Lost
	c.Damaged += other.Damaged
	c.Held += other.Held
}

// Note describes what was recovered for a log stream.
type Note struct {
	Stream    string
	Producer  uint64 // the process that ended last
	Program   string // its name
	Processes int
	Ended     time.Time // time of the newest event
	Counts
}

// Recovery replays the leftover segments of a spool. One goroutine does everything but the
// deliveries.
type Recovery struct {
	cfg       Config
	finish    chan struct{} // closed by Finish
	waitFirst <-chan struct{}
	stop      chan struct{} // closed by Stop
	done      chan struct{} // closed when recovery has ended
	asked     chan struct{} // capacity 1: Await requests a round

	finishOnce, stopOnce sync.Once

	// Used only by the goroutine.
	rescan     rescan
	fileStates map[string]*fileState // by file name or by the path of the directory; see about
	untidy     []spool.Leftover      // segments that the survey has not counted or trimmed
	segments   map[string]*leftover  // segments to replay, by name
	delayed    bool                  // StartDelay is over

	progress chan struct{} // capacity 1: a replayer has made progress or has ended

	mu        sync.Mutex
	sum       Counts      // of replayers that have ended; Held of all
	waiting   int64       // events of segments without a replayer
	unmoved   int64       // events of hot files that could not be moved to the disk
	returned  int64       // events that replayers gave back, until the next survey counts them
	replayers []*replayer // running replayers
	begun     int         // rounds started
	waiters   []waiter
}

// fileState is what is remembered about a file between rounds.
type fileState struct {
	held    bool   // left alone and reported
	failing string // last error reported for it, while it persists
	foreign bool   // it has another destination
	counted bool   // its events were counted
	damaged int    // events counted as damaged while the file stays
}

// waiter is a call of [Recovery.Await].
type waiter struct {
	round int // first round that sees everything present at the call
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
		cfg:        cfg,
		finish:     make(chan struct{}),
		stop:       make(chan struct{}),
		done:       make(chan struct{}),
		asked:      make(chan struct{}, 1),
		progress:   make(chan struct{}, 1),
		rescan:     newRescan(),
		fileStates: make(map[string]*fileState),
		segments:   make(map[string]*leftover),
	}
}

// Finish makes recovery end after one more round and the delivery of everything that can be
// sent. Replays that have not started wait until first is closed.
func (r *Recovery) Finish(first <-chan struct{}) {
	r.finishOnce.Do(func() {
		r.waitFirst = first
		close(r.finish)
	})
}

// Stop ends recovery and cancels requests in flight. Unacknowledged events stay in the spool;
// they are still counted, which may take a moment.
func (r *Recovery) Stop() {
	r.stopOnce.Do(func() { close(r.stop) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rp := range r.replayers {
		rp.stop()
	}
}

// Done returns a channel that is closed when recovery has ended.
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
	for _, rp := range r.replayers {
		sum.add(rp.counts())
	}
	return sum
}

// ErrEnded is returned by [Recovery.Await] if recovery ended before everything was delivered.
var ErrEnded = errors.New("recovery has ended")

// Await waits until everything present at the call is delivered. It returns the error of the
// context, or [ErrEnded], if that comes first.
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
		r.completeWaiters(round)
		if last || r.stopped() {
			return
		}
		again := time.NewTimer(r.rescan.next(locked))
		select {
		case <-again.C:
		case <-r.asked:
		case <-r.finish:
		case <-r.stop: // no time for another round
		}
		again.Stop()
	}
}

// completeWaiters completes the waiting calls of Await if everything is delivered.
func (r *Recovery) completeWaiters(round int) {
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

// yield waits for the program's own events, which go first at the end.
func (r *Recovery) yield() {
	if !isClosed(r.finish) || r.waitFirst == nil {
		return
	}
	select {
	case <-r.waitFirst:
	case <-r.stop:
	}
}

// about returns what is known about a file.
func (r *Recovery) about(name string) *fileState {
	k := r.fileStates[name]
	if k == nil {
		k = new(fileState)
		r.fileStates[name] = k
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

// hold records that bytes of a segment are left alone, and reports the cause once.
func (r *Recovery) hold(op, name string, bytes int64, cause error) {
	k := r.about(name)
	if k.held {
		return
	}
	k.held = true
	r.cfg.Report(op, name, cause)
	r.addHeld(bytes)
}

func (r *Recovery) addHeld(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Held += bytes
}
