package cloudwatch

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// recoverEvery is how often the spool is searched for what processes that died have
// left. Where the process of a file seems to live, that may be for a moment only: a
// program that is being started has the files of its parent until it is another one. So
// the first pauses after that are shorter, from recoverSoon on, each twice as long.
const (
	recoverEvery = 30 * time.Second
	recoverSoon  = 100 * time.Millisecond
)

// rhythm says when to look again.
type rhythm struct {
	pause time.Duration
	known map[string]bool // processes whose files were locked before
}

// next returns the pause after a round that has found these files locked.
func (r *rhythm) next(locked []string) time.Duration {
	soon := false
	for _, name := range locked {
		if process := spool.ProcessOf(name); !r.known[process] {
			r.known[process] = true
			soon = true
		}
	}
	switch {
	case soon:
		r.pause = recoverSoon
	case len(locked) == 0:
		r.pause = recoverEvery
	default:
		r.pause = min(2*r.pause, recoverEvery)
	}
	return r.pause
}

// soon has the next pause be short, if the file is among those locked.
func (r *rhythm) soon(name string) { delete(r.known, spool.ProcessOf(name)) }

// recovery sends what processes that have ended left in the spool, each to its own
// log stream, beside what is logged now. Its one goroutine does that one segment after
// the other.
type recovery struct {
	p     *pipeline
	spool *spool.Spool
	own   destination
	stop  chan struct{} // closed by end
	done  chan struct{} // closed when the goroutine has ended

	// Only the goroutine uses these.
	look   rhythm
	known  map[string]bool   // files that are held, or were told of
	failed map[string]string // what was told of a file or the directory, as long as it is so

	mu   sync.Mutex
	sum  Recovered // of what is over
	lane *lane     // what is being sent; nil if nothing is; only the goroutine sets it
}

// Recovered counts the events that processes which died had left in the spool, and
// that this process found there. They are not in the other counts of Stats.
//
//	Events == Delivered + Pending + Lost
type Recovered struct {
	Events    int64 // found so far
	Delivered int64 // to the log streams of those processes
	Pending   int64 // being sent; others may still be found
	Lost      int64 // rejected by the service, or damaged
	Damaged   int64 // those among Lost that could not be read
	Held      int64 // bytes of segments that are not sent: for another log group, region or endpoint, or unreadable
}

func startRecovery(p *pipeline, own destination) *recovery {
	r := newRecovery(p, own)
	go r.run()
	return r
}

func newRecovery(p *pipeline, own destination) *recovery {
	return &recovery{
		p:     p,
		spool: p.spool,
		own:   own,
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		look:  rhythm{recoverEvery, make(map[string]bool)},
		known: make(map[string]bool), failed: make(map[string]string),
	}
}

// end stops sending, but for what is under way. What is not acknowledged stays in the
// spool.
func (r *recovery) end() {
	close(r.stop)
	r.inLane((*lane).leave)
}

// abort does not wait for what is under way, after end.
func (r *recovery) abort() { r.inLane((*lane).abort) }

func (r *recovery) inLane(do func(*lane)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lane != nil {
		do(r.lane)
	}
}

func (r *recovery) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// counts returns a snapshot.
func (r *recovery) counts() Recovered {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := r.sum
	if r.lane != nil {
		sum.add(r.lane.counts())
	}
	return sum
}

func (s *Recovered) add(other Recovered) {
	s.Events += other.Events
	s.Delivered += other.Delivered
	s.Pending += other.Pending
	s.Lost += other.Lost
	s.Damaged += other.Damaged
	s.Held += other.Held
}

func (r *recovery) run() {
	defer close(r.done)
	for {
		again := time.NewTimer(r.look.next(r.round()))
		select {
		case <-again.C:
		case <-r.stop:
			again.Stop()
			return
		}
	}
}

// round looks once at everything that is there, and sends what it can. It returns files
// whose processes seem to live.
func (r *recovery) round() (locked []string) {
	locked, err := r.spool.Adopt(func(name string, bytes int64, why error) { r.hold("move hot file to disk", name, bytes, why) })
	names, listing := r.spool.Orphans()
	r.tellOnce("recover", r.p.settings.Spool, errors.Join(err, listing))
	for len(names) > 0 && !r.stopped() {
		n := 1 // those of one process are in a row
		for n < len(names) && spool.SameProcess(names[n], names[0]) {
			n++
		}
		locked = append(locked, r.process(names[:n])...)
		names = names[n:]
	}
	return locked
}

// process sends the segments of one process, in their order: if one is locked, as it is
// while another process sends it, the others have to wait as well.
func (r *recovery) process(names []string) (locked []string) {
	for _, name := range names {
		if r.stopped() || len(locked) > 0 {
			break
		}
		o, err := spool.OpenOrphan(r.spool.Directory(), name)
		switch {
		case errors.Is(err, disk.ErrLocked):
			locked = append(locked, name)
		case errors.Is(err, fs.ErrNotExist): // another process was faster
		case errors.Is(err, spool.ErrHeader):
			if !r.setAside(name, err) {
				locked = append(locked, name)
			}
		case err != nil && !spool.Stays(err): // the disk fails
			r.tellOnce("read segment", name, err)
		case err != nil: // another version's, or somebody else's
			r.hold("send segment", name, r.spool.SizeOf(name), err)
		case r.own != destination{o.Header.Region, o.Header.Endpoint, o.Header.Group}:
			r.hold("send segment", name, o.Size(), fmt.Errorf("%w: log group %q, region %q, endpoint %q", errElsewhere, o.Header.Group, o.Header.Region, o.Header.Endpoint))
			o.Release()
		case r.spool.Awaits(name): // it has died since this round began
			o.Release()
			locked = append(locked, name)
			r.look.soon(name)
		default:
			if err := o.Short(); err != nil { // how much was behind nobody may know
				r.hold("read segment", name, 0, err)
			}
			r.send(o)
		}
	}
	r.finish()
	return locked
}

var errElsewhere = errors.New("its events belong elsewhere")

// send gives a segment to the lane of its process.
func (r *recovery) send(o *spool.Orphan) {
	if r.lane != nil && r.lane.stream != o.Header.Stream { // somebody has sent some of them elsewhere
		r.finish()
	}
	if r.lane == nil {
		l := newLane(r.p, o.Header.Stream)
		r.mu.Lock()
		r.lane = l
		r.mu.Unlock()
		if r.stopped() { // end may have missed it
			l.leave()
		}
	}
	r.lane.feed(o)
}

// finish waits until everything of a process is delivered, and says so in the log
// stream.
func (r *recovery) finish() {
	l := r.lane
	if l == nil {
		return
	}
	l.finish()
	counts := l.counts()
	r.mu.Lock()
	r.sum.add(counts)
	r.lane = nil
	r.mu.Unlock()
	if counts.Events > 0 && !r.stopped() {
		r.p.noteRecovered(l, counts)
	}
}

// setAside keeps a segment that cannot be read from being tried again and again. It
// reports false if somebody has it locked just now.
func (r *recovery) setAside(name string, why error) bool {
	bytes, removed, err := r.spool.SetAside(name)
	for _, old := range removed {
		r.tell("keep what cannot be read", old, spool.ErrTooMany)
	}
	switch {
	case errors.Is(err, disk.ErrLocked):
		return false
	case err != nil:
		r.hold("set segment aside", name, bytes, err)
		return true
	}
	r.tell("read segment", name, fmt.Errorf("%w; it is set aside", why))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Held += bytes
	return true
}

// hold notes that so much of a segment is left where it is, and tells why, once.
func (r *recovery) hold(op, name string, bytes int64, why error) {
	if r.known[name] {
		return
	}
	r.known[name] = true
	r.tell(op, name, why)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Held += bytes
}

// tellOnce tells of an error that may pass, unless the last round was told the same.
func (r *recovery) tellOnce(op, path string, err error) {
	if err == nil {
		delete(r.failed, path)
		return
	}
	if text := err.Error(); text != r.failed[path] {
		r.failed[path] = text
		r.tell(op, path, err)
	}
}

func (r *recovery) tell(op, path string, err error) {
	r.p.report.later(&SpoolError{op, path, err})
}
