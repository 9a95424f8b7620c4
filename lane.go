package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// laneBytes is the memory for events of a process that has ended, beside that for
// the program's own.
const laneBytes = 4 << 20

// lane sends the events of a process that has ended to its log stream: a queue and
// a worker of its own, with one request at a time, so that at least half of what a
// slow connection takes is left for what is logged now.
//
// It is the store of its queue: the events are on disk already, in the segments they
// come from.
type lane struct {
	p      *pipeline
	stream string
	queue  *queue.Queue
	worker *deliver.Worker

	changed chan struct{} // capacity 1: something was settled
	over    chan struct{} // closed when nothing else can be
	kept    chan struct{} // closed when the goroutine that acknowledges has ended

	mu       sync.Mutex
	segments []*feed
	position uint64    // of the event that was put into the queue last
	ended    time.Time // time of the newest event
	producer uint64
	program  string
}

// feed is a segment that was put into the queue of a lane, or is being so.
type feed struct {
	*spool.Orphan
	runs    []run          // where its events are in the queue
	settled segment.Ranges // sequence numbers, not acknowledged yet
	left    int64          // events that are not settled
	whole   bool           // all of its events are in the queue
}

// run says that the events after a position, up to another, have sequence numbers in
// a row.
type run struct {
	after, to uint64
	seq       uint64 // of the first one
}

func newLane(p *pipeline, stream string) *lane {
	l := &lane{
		p:       p,
		stream:  stream,
		changed: make(chan struct{}, 1),
		over:    make(chan struct{}),
		kept:    make(chan struct{}),
	}
	l.queue = queue.New(queue.Config{
		Head:     batch.Head(p.settings.group, stream),
		MaxBytes: laneBytes,
		OnFull:   queue.Block,
		Interval: p.settings.FlushInterval,
		Store:    l,
	})
	cfg := p.delivery
	cfg.Stream = stream
	cfg.Creation.First = false
	cfg.MaxInFlight = 1
	l.worker = deliver.Start(cfg, l.queue)
	go l.keep()
	return l
}

// feed puts the events of a segment into the queue. It returns when they are there, or
// the lane was left.
func (l *lane) feed(o *spool.Orphan) {
	f := &feed{Orphan: o}
	l.mu.Lock()
	l.segments = append(l.segments, f)
	l.producer, l.program = o.Header.Producer, o.Header.Program
	l.mu.Unlock()
	stopped := false
	damaged, err := o.Scan(func(seq uint64, e batch.Event) bool {
		l.expect(f, seq)
		stopped = l.queue.Append(e) != nil
		return !stopped
	})
	if damaged > 0 && !stopped {
		ms := millis(o.Ended()) // nothing is known of them but that they were not later
		loss := account.Loss{Events: int64(damaged), First: ms, Last: ms}
		loss.Levels[account.None] = loss.Events
		l.queue.Missed(&loss)
	}
	if err != nil {
		l.p.report.later(&SpoolError{"read segment", o.Name, err})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Ended().After(l.ended) {
		l.ended = o.Ended()
	}
	f.whole = !stopped && err == nil
	l.signal()
}

// expect notes which sequence number the next event in the queue has.
func (l *lane) expect(f *feed, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position++
	f.left++
	if n := len(f.runs); n > 0 {
		last := &f.runs[n-1]
		if seq-last.seq == last.to-last.after {
			last.to++
			return
		}
	}
	f.runs = append(f.runs, run{l.position - 1, l.position, seq})
}

// finish waits until everything is settled, or the lane was left.
func (l *lane) finish() {
	l.queue.Close()
	<-l.worker.Done()
	close(l.over)
	<-l.kept
}

// leave ends the lane after the answers to what is under way: without them its events
// would be delivered twice. abort does not wait for those.
func (l *lane) leave() {
	l.queue.Close()
	l.worker.Finish()
}

func (l *lane) abort() { l.worker.Stop() }

// keep acknowledges what is settled in the segments, and removes those that are
// wholly.
func (l *lane) keep() {
	defer close(l.kept)
	for over := false; !over; {
		select {
		case <-l.changed:
		case <-l.over:
			over = true
		}
		l.acknowledge(over)
		losses := l.queue.Tell(queue.Program)
		for reason := range losses {
			if account.Reason(reason) != account.Closed { // that is still on disk
				l.p.queue.Untell(queue.Program, account.Reason(reason), &losses[reason])
			}
		}
		l.p.report.look()
	}
}

func (l *lane) acknowledge(over bool) {
	l.mu.Lock()
	segments := slices.Clone(l.segments)
	l.mu.Unlock()
	for _, f := range segments {
		l.mu.Lock()
		settled, finished := f.settled, f.whole && f.left == 0
		f.settled = nil
		if finished {
			l.segments = slices.DeleteFunc(l.segments, func(other *feed) bool { return other == f })
		}
		l.mu.Unlock()
		switch {
		case finished:
			_ = f.Remove() // what stays is found again
		case len(settled) > 0:
			f.Acknowledge(settled)
		}
		if over && !finished {
			f.Release()
		}
	}
}

func (l *lane) signal() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// counts returns a snapshot.
func (l *lane) counts() Recovered {
	s := l.queue.State()
	c := Recovered{
		Events:    s.Accepted - s.Lost[account.Closed], // those are still on disk
		Delivered: s.Delivered,
		Pending:   s.Pending,
		Damaged:   s.Lost[account.Damaged],
	}
	c.Lost = c.Events - c.Delivered - c.Pending
	return c
}

// The methods of queue.Store.

// Unsafe: all is on disk.
func (l *lane) Unsafe() segment.Ranges { return nil }

// Settled notes which records that was.
func (l *lane) Settled(after, to, _ uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.segments {
		for _, r := range f.runs {
			from, end := max(after, r.after), min(to, r.to)
			if from < end {
				f.settled.Add(r.seq+from-r.after, r.seq+end-r.after)
				f.left -= int64(end - from)
			}
		}
	}
	l.signal()
}

// recoveredRecord is what the log stream is told of the events of a process that has
// ended.
type recoveredRecord struct {
	Time     string `json:"time"`
	Level    string `json:"level"`
	Message  string `json:"msg"`
	Producer string `json:"producer"`
	Program  string `json:"program"`
	Stream   string `json:"stream"`
	Ended    string `json:"ended"`
	Events   int64  `json:"events"`
	Damaged  int64  `json:"damaged"`
	Lost     int64  `json:"lost"`
}

// noteRecovered logs that events were recovered: an event like any other.
func (p *pipeline) noteRecovered(l *lane, c Recovered) {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	now := time.Now()
	r := recoveredRecord{
		Time:     now.UTC().Format(layout),
		Level:    "INFO",
		Message:  "log events recovered",
		Producer: fmt.Sprintf("%016x", l.producer),
		Program:  l.program,
		Stream:   l.stream,
		Ended:    l.ended.Format(layout),
		Events:   c.Events - c.Lost,
		Damaged:  c.Damaged,
		Lost:     c.Lost,
	}
	level := account.Info
	if c.Lost > 0 {
		r.Level, level = "ERROR", account.Error
	}
	text, err := json.Marshal(r)
	if err != nil { // it has nothing that could not be written
		return
	}
	_ = p.events(text, now, level, func(e batch.Event) error {
		p.queue.Note(e)
		return nil
	})
}
