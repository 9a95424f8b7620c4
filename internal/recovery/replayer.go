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

// laneBytes is the memory for events of a lane, beside that for the program's own.
const laneBytes = 4 << 20

// lane sends events of processes that have ended to one log stream.
//
// It is the store of its queue: the events are on disk already, in the segments they
// come from. Those stay open, and so locked, until all of their events are settled.
type lane struct {
	r      *Recovery
	queue  *queue.Queue
	begin  func() Worker // starts delivery, once: without events there is none
	worker Worker        // nil before that; only feed sets it

	changed chan struct{} // capacity 1: something was settled
	over    chan struct{} // closed when nothing else can be
	ended   chan struct{} // closed when everything has ended

	mu       sync.Mutex
	sources  []*source
	position uint64 // of the event that was put into the queue last
	unfed    int64  // events that are found, and not in the queue yet
	note     Note
	stopped  bool
	returned bool // it was, since it got nowhere: what it has is for another round
}

// source is a segment whose events were put into the queue of a lane, or are being so.
type source struct {
	*spool.Orphan
	runs    []run          // where its events are in the queue
	settled segment.Ranges // sequence numbers, not acknowledged yet
	left    int64          // events that are not settled
	read    bool           // all of its events that can be read are in the queue
	whole   bool           // and nothing says that there are more
}

// run says that the events after a position, up to another, have sequence numbers in
// a row.
type run struct {
	after, to uint64
	seq       uint64 // of the first one
}

func newLane(r *Recovery, stream string) *lane {
	l := &lane{
		r:       r,
		changed: make(chan struct{}, 1),
		over:    make(chan struct{}),
		ended:   make(chan struct{}),
		note:    Note{Stream: stream},
	}
	l.queue = queue.New(queue.Config{
		Head:     batch.Head(r.cfg.Destination.Group, stream),
		MaxBytes: laneBytes,
		OnFull:   queue.Block,
		Interval: r.cfg.Interval,
		Store:    l,
	})
	l.begin = func() Worker { return r.cfg.Deliver(stream, l.queue) }
	r.mu.Lock()
	r.lanes = append(r.lanes, l)
	r.mu.Unlock()
	go l.keep()
	return l
}

// start starts delivery, unless the lane was stopped.
func (l *lane) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker == nil && !l.stopped {
		l.worker = l.begin()
	}
}

// stop ends the lane: requests under way are given up.
func (l *lane) stop() { l.halt(false) }

// giveBack is stop for a lane whose log stream cannot be written to, for want of a
// permission or since its only event is refused: others must not wait for it.
func (l *lane) giveBack() { l.halt(true) }

func (l *lane) halt(returned bool) {
	l.mu.Lock()
	l.returned = l.returned || returned && !l.stopped
	l.stopped = true
	worker := l.worker
	l.mu.Unlock()
	l.queue.Close()
	if worker != nil {
		worker.Stop()
	}
	signal(l.r.progress)
}

// feed puts the events of a segment into the queue, of which so many are counted already.
// It returns when they are there, or, with false, when the lane was stopped.
func (l *lane) feed(o *spool.Orphan, unfed int64) bool {
	s := &source{Orphan: o}
	l.mu.Lock()
	l.sources = append(l.sources, s)
	if l.note.Processes == 0 || l.note.Producer != o.Header.Producer {
		l.note.Processes++
	}
	l.note.Producer, l.note.Program = o.Header.Producer, o.Header.Program
	l.mu.Unlock()
	stopped, held := false, 0
	damaged, err := o.Scan(func(seq uint64, e batch.Event) bool {
		l.start()
		if held += e.Held(); held >= shareBytes/16 {
			l.share()
			held = 0
		}
		l.expect(s, seq)
		stopped = l.queue.Append(e) != nil
		if !stopped && unfed > 0 {
			unfed--
			l.fed(1)
		}
		return !stopped
	})
	// What could not be read stays, and is read again in each round. It is lost only once.
	known := l.r.about(o.Name)
	if damaged -= known.missed; damaged > 0 && !stopped {
		known.missed += damaged
		l.start()
		l.miss(s, damaged)
	}
	if emptied := o.Emptied(); emptied != nil {
		l.r.cfg.Report("read segment", o.Name, emptied)
	}
	l.r.reportOnce("read segment", o.Name, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Ended().After(l.note.Ended) {
		l.note.Ended = o.Ended()
	}
	if !stopped {
		l.unfed -= unfed
	}
	s.read, s.whole = !stopped, !stopped && err == nil
	if s.left == 0 {
		signal(l.changed)
	}
	return !stopped
}

// miss counts events that cannot be read.
func (l *lane) miss(s *source, damaged int) {
	ms := max(s.Ended().UnixMilli(), 0) // nothing is known of them but that they were not later
	loss := account.Loss{Events: int64(damaged), First: ms, Last: ms}
	loss.Levels[account.None] = loss.Events
	l.queue.Missed(&loss)
}

// share waits until the events of all lanes together are few enough, or this lane is the
// only one.
func (l *lane) share() {
	l.r.wait(func() bool { return len(l.r.lanes) == 1 || l.r.underWay() < shareBytes || l.isStopped() })
}

func (l *lane) fed(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unfed -= n
}

// expect notes which sequence number the next event in the queue has.
func (l *lane) expect(s *source, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position++
	s.left++
	if n := len(s.runs); n > 0 {
		last := &s.runs[n-1]
		if seq-last.seq == last.to-last.after {
			last.to++
			return
		}
	}
	s.runs = append(s.runs, run{l.position - 1, l.position, seq})
}

// end says that no other segment comes.
func (l *lane) end() {
	l.queue.Close()
	l.mu.Lock()
	worker := l.worker
	l.mu.Unlock()
	if worker == nil {
		close(l.over)
		return
	}
	go func() {
		<-worker.Done()
		close(l.over)
	}()
}

// isStopped reports whether nothing more can be fed.
func (l *lane) isStopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopped
}

// open returns how many segments are.
func (l *lane) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sources)
}

// keep acknowledges what is settled in the segments, and removes those that are
// wholly. It is the last one to leave the lane.
func (l *lane) keep() {
	defer close(l.ended)
	patience := time.NewTimer(l.r.cfg.Patience)
	defer patience.Stop()
	for over := false; !over; {
		select {
		case <-l.changed:
			patience.Reset(l.r.cfg.Patience)
		case <-l.over:
			over = true
		case <-patience.C:
			l.giveBack()
			continue
		}
		l.acknowledge(over)
		losses := l.queue.Tell(queue.Program)
		for reason := range losses {
			if account.Reason(reason) != account.Closed && losses[reason].Events > 0 { // those are still on disk
				l.r.cfg.Lost(account.Reason(reason), &losses[reason])
			}
		}
		signal(l.r.progress)
	}
	l.leave()
}

// leave takes the lane out of the list, and says what came of it.
func (l *lane) leave() {
	counts := l.counts()
	l.mu.Lock()
	note, stopped, returned := l.note, l.stopped, l.returned
	l.mu.Unlock()
	if note.Counts = counts; counts.Events > 0 && !stopped {
		l.r.cfg.Note(note) // before the lane is gone: the log stream of the program may end then
	}
	l.r.mu.Lock()
	if returned { // the next survey counts it again
		l.r.returned += counts.Pending
		counts.Events -= counts.Pending
		counts.Pending = 0
	}
	l.r.sum.add(counts)
	l.r.lanes = slices.DeleteFunc(l.r.lanes, func(other *lane) bool { return other == l })
	l.r.mu.Unlock()
	signal(l.r.progress)
}

// acknowledge writes down what was settled, and removes what is finished. It leaves what
// could not be read altogether, and all others when it is over.
func (l *lane) acknowledge(over bool) {
	type work struct {
		*source
		settled  segment.Ranges
		finished bool // nothing in it is needed any more
		leaves   bool // something is, but not by this lane
	}
	var list []work
	l.mu.Lock()
	for _, s := range l.sources {
		w := work{s, s.settled, s.whole && s.left == 0, false}
		w.leaves = !w.finished && (over || s.read && s.left == 0)
		if w.finished || w.leaves || len(w.settled) > 0 {
			s.settled = nil
			list = append(list, w)
		}
	}
	l.mu.Unlock()
	closed := make(map[*source]bool)
	for _, w := range list {
		switch {
		case w.finished:
			_ = w.Remove() // what stays is found again
		case len(w.settled) > 0:
			w.Acknowledge(w.settled)
		}
		if w.leaves {
			w.Release()
		}
		closed[w.source] = w.finished || w.leaves
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources = slices.DeleteFunc(l.sources, func(s *source) bool { return closed[s] })
}

// counts returns a snapshot.
func (l *lane) counts() Counts {
	l.mu.Lock()
	unfed := l.unfed
	l.mu.Unlock()
	s := l.queue.State()
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

// Unsafe is for queue.Store: everything is on the disk.
func (l *lane) Unsafe() segment.Ranges { return nil }

// Settled is for queue.Store. It enters which records of the sources are settled.
func (l *lane) Settled(after, to, _ uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sources {
		for _, r := range s.runs {
			from, end := max(after, r.after), min(to, r.to)
			if from < end {
				s.settled.Add(r.seq+from-r.after, r.seq+end-r.after)
				s.left -= int64(end - from)
			}
		}
	}
	signal(l.changed)
}
