package recovery

import (
	"slices"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// replayerBytes is the memory for the events of a replayer, in addition to that for the
// program's own.
const replayerBytes = 4 << 20

// replayer sends leftover segments to one log stream.
//
// It is the store of its queue: the events are already on disk, in their source segments. Those
// stay open, and thus locked, until all of their events are acknowledged.
type replayer struct {
	r      *Recovery
	queue  *queue.Queue
	begin  func() Worker // starts delivery, once, with the first event
	worker Worker        // nil before that; set only by feed

	changed chan struct{} // capacity 1: events were acknowledged
	over    chan struct{} // closed when no more can be
	ended   chan struct{} // closed when the replayer has ended

	mu       sync.Mutex
	sources  []*source
	position uint64 // position of the last event added to the queue
	unfed    int64  // events found but not yet in the queue
	note     Note
	stopped  bool
	gaveBack bool // stopped for lack of progress: its events wait for another round
}

// source is a source segment of a replayer.
type source struct {
	*spool.Orphan
	runs     []run          // positions of its events in the queue
	acked    segment.Ranges // sequence numbers acknowledged but not persisted yet
	left     int64          // unacknowledged events in the queue
	read     bool           // all readable events are in the queue
	complete bool           // and there are no unreadable ones
}

// run maps the events in (after, to] to consecutive sequence numbers.
type run struct {
	after, to uint64
	seq       uint64 // of the first event
}

func newReplayer(r *Recovery, stream string) *replayer {
	rp := &replayer{
		r:       r,
		changed: make(chan struct{}, 1),
		over:    make(chan struct{}),
		ended:   make(chan struct{}),
		note:    Note{Stream: stream},
	}
	rp.queue = queue.New(queue.Config{
		Head:     batch.Head(r.cfg.Destination.Group, stream),
		MaxBytes: replayerBytes,
		OnFull:   queue.Block,
		Interval: r.cfg.Interval,
		Store:    rp,
	})
	rp.begin = func() Worker { return r.cfg.Deliver(stream, rp.queue) }
	r.mu.Lock()
	r.replayers = append(r.replayers, rp)
	r.mu.Unlock()
	go rp.keep()
	return rp
}

// start starts delivery, unless the replayer was stopped.
func (rp *replayer) start() {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	if rp.worker == nil && !rp.stopped {
		rp.worker = rp.begin()
	}
}

// stop stops the replayer and cancels requests in flight.
func (rp *replayer) stop() { rp.shutDown(false) }

// giveBack stops a replayer whose log stream cannot be written to, because a permission is
// missing or its only event is refused. Others must not wait for it.
func (rp *replayer) giveBack() { rp.shutDown(true) }

func (rp *replayer) shutDown(returned bool) {
	rp.mu.Lock()
	rp.gaveBack = rp.gaveBack || returned && !rp.stopped
	rp.stopped = true
	worker := rp.worker
	rp.mu.Unlock()
	rp.queue.Close()
	if worker != nil {
		worker.Stop()
	}
	signal(rp.r.progress)
}

// feed puts the events of a segment into the queue; unfed of them are already counted. It
// returns true when all are in the queue, false if the replayer was stopped.
func (rp *replayer) feed(o *spool.Orphan, unfed int64) bool {
	s := &source{Orphan: o}
	rp.mu.Lock()
	rp.sources = append(rp.sources, s)
	if rp.note.Processes == 0 || rp.note.Producer != o.Header.Producer {
		rp.note.Processes++
	}
	rp.note.Producer, rp.note.Program = o.Header.Producer, o.Header.Program
	rp.mu.Unlock()
	stopped, held := false, 0
	damaged, err := o.Scan(func(seq uint64, e batch.Event) bool {
		rp.start()
		if held += e.Held(); held >= shareBytes/16 {
			rp.share()
			held = 0
		}
		rp.expect(s, seq)
		stopped = rp.queue.Append(e) != nil
		if !stopped && unfed > 0 {
			unfed--
			rp.countFed(1)
		}
		return !stopped
	})
	// Unreadable events stay and are read again in each round. Count them only once.
	state := rp.r.about(o.Name)
	if damaged -= state.damaged; damaged > 0 && !stopped {
		state.damaged += damaged
		rp.start()
		rp.miss(s, damaged)
	}
	if emptied := o.Emptied(); emptied != nil {
		rp.r.cfg.Report("read segment", o.Name, emptied)
	}
	rp.r.reportOnce("read segment", o.Name, err)
	rp.mu.Lock()
	defer rp.mu.Unlock()
	if o.Newest().After(rp.note.Ended) {
		rp.note.Ended = o.Newest()
	}
	if !stopped {
		rp.unfed -= unfed
	}
	s.read, s.complete = !stopped, !stopped && err == nil
	if s.left == 0 {
		signal(rp.changed)
	}
	return !stopped
}

// miss counts unreadable events as damaged.
func (rp *replayer) miss(s *source, damaged int) {
	ms := max(s.Newest().UnixMilli(), 0) // they are not later than that; nothing else is known
	loss := account.Loss{Events: int64(damaged), First: ms, Last: ms}
	loss.Levels[account.None] = loss.Events
	rp.queue.Missed(&loss)
}

// share waits until the events of all replayers together are few enough, or this is the only
// replayer.
func (rp *replayer) share() {
	rp.r.wait(func() bool { return len(rp.r.replayers) == 1 || rp.r.pendingBytes() < shareBytes || rp.isStopped() })
}

func (rp *replayer) countFed(n int64) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.unfed -= n
}

// expect records the sequence number of the next event in the queue.
func (rp *replayer) expect(s *source, seq uint64) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.position++
	s.left++
	if n := len(s.runs); n > 0 {
		last := &s.runs[n-1]
		if seq-last.seq == last.to-last.after {
			last.to++
			return
		}
	}
	s.runs = append(s.runs, run{rp.position - 1, rp.position, seq})
}

// end marks the last segment as fed.
func (rp *replayer) end() {
	rp.queue.Close()
	rp.mu.Lock()
	worker := rp.worker
	rp.mu.Unlock()
	if worker == nil {
		close(rp.over)
		return
	}
	go func() {
		<-worker.Done()
		close(rp.over)
	}()
}

// isStopped reports whether the replayer accepts no more events.
func (rp *replayer) isStopped() bool {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	return rp.stopped
}

// open returns the number of open segments.
func (rp *replayer) open() int {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	return len(rp.sources)
}

// keep persists acknowledgements in the source segments, and removes finished ones. It runs
// until the replayer has ended.
func (rp *replayer) keep() {
	defer close(rp.ended)
	patience := time.NewTimer(rp.r.cfg.Patience)
	defer patience.Stop()
	for over := false; !over; {
		select {
		case <-rp.changed:
			patience.Reset(rp.r.cfg.Patience)
		case <-rp.over:
			over = true
		case <-patience.C:
			rp.giveBack()
			continue
		}
		rp.acknowledge(over)
		losses := rp.queue.Tell(queue.Program)
		for reason := range losses {
			if account.Reason(reason) != account.Closed && losses[reason].Events > 0 { // those are still on disk
				rp.r.cfg.Lost(account.Reason(reason), &losses[reason])
			}
		}
		signal(rp.r.progress)
	}
	rp.finish()
}

// finish removes the replayer from the list, and reports the result.
func (rp *replayer) finish() {
	counts := rp.counts()
	rp.mu.Lock()
	note, stopped, returned := rp.note, rp.stopped, rp.gaveBack
	rp.mu.Unlock()
	if note.Counts = counts; counts.Events > 0 && !stopped {
		rp.r.cfg.Note(note) // while the replayer is listed: afterwards the program may end its log stream
	}
	rp.r.mu.Lock()
	if returned { // the next survey counts it again
		rp.r.returned += counts.Pending
		counts.Events -= counts.Pending
		counts.Pending = 0
	}
	rp.r.sum.add(counts)
	rp.r.replayers = slices.DeleteFunc(rp.r.replayers, func(other *replayer) bool { return other == rp })
	rp.r.mu.Unlock()
	signal(rp.r.progress)
}

// acknowledge persists acknowledgements, and removes finished segments. It releases segments
// without readable events left, and all others when over is set.
func (rp *replayer) acknowledge(over bool) {
	type work struct {
		*source
		acked    segment.Ranges
		finished bool // no longer needed
		leaves   bool // still needed, but not by this replayer
	}
	var list []work
	rp.mu.Lock()
	for _, s := range rp.sources {
		w := work{s, s.acked, s.complete && s.left == 0, false}
		w.leaves = !w.finished && (over || s.read && s.left == 0)
		if w.finished || w.leaves || len(w.acked) > 0 {
			s.acked = nil
			list = append(list, w)
		}
	}
	rp.mu.Unlock()
	closed := make(map[*source]bool)
	for _, w := range list {
		switch {
		case w.finished:
			_ = w.Remove() // if this fails, the next round finds it again
		case len(w.acked) > 0:
			w.Acknowledge(w.acked)
		}
		if w.leaves {
			w.Release()
		}
		closed[w.source] = w.finished || w.leaves
	}
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.sources = slices.DeleteFunc(rp.sources, func(s *source) bool { return closed[s] })
}

// counts returns a snapshot.
func (rp *replayer) counts() Counts {
	rp.mu.Lock()
	unfed := rp.unfed
	rp.mu.Unlock()
	s := rp.queue.State()
	c := Counts{
		Delivered: s.Delivered,
		Pending:   s.Pending + unfed,
		Damaged:   s.Lost[account.Damaged],
	}
	for reason, n := range s.Lost {
		if account.Reason(reason) != account.Closed { // those are still on disk
			c.Lost += n
		}
	}
	c.Events = c.Delivered + c.Pending + c.Lost
	return c
}

// Unsafe implements queue.Store: all events are on disk.
func (rp *replayer) Unsafe() segment.Ranges { return nil }

// Settled implements queue.Store. It marks the records of acknowledged events.
func (rp *replayer) Settled(after, to, _ uint64) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	for _, s := range rp.sources {
		for _, r := range s.runs {
			from, end := max(after, r.after), min(to, r.to)
			if from < end {
				s.acked.Add(r.seq+from-r.after, r.seq+end-r.after)
				s.left -= int64(end - from)
			}
		}
	}
	signal(rp.changed)
}
