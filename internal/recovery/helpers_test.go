package recovery

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

var here = Destination{Region: "r", Endpoint: "e", Group: "g"}

// scene is a spool on the disk, and a service that accepts what recovery sends.
type scene struct {
	testing.TB
	path  string
	spool *spool.Spool
	cfg   Config

	mu       sync.Mutex
	gate     chan struct{} // requests wait until it is closed; nil: they do not
	messages map[string][]string
	requests int
	atOnce   int // requests in flight
	most     int // maximum of atOnce
	reports  []string
	lost     map[account.Reason]int64
	notes    []Note
}

func newScene(t testing.TB) *scene {
	t.Helper()
	return newSceneWith(t, func(*spool.Config) {})
}

// newSceneWith is like newScene with a changed spool configuration.
func newSceneWith(t testing.TB, change func(*spool.Config)) *scene {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spool")
	dir, err := spool.OnDisk(path, func() (*disk.Dir, error) { return disk.OpenDir(path, disk.Options{AllowRemote: true}) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{TB: t, path: path, messages: make(map[string][]string), lost: make(map[account.Reason]int64)}
	cfg := spool.Config{
		Dir: dir, Header: segment.Header{Producer: 1 << 60},
		MaxBytes: 1 << 30, SegmentBytes: 1 << 20, MaxStall: time.Second, SyncEvery: time.Second, SpillAfter: time.Second,
		Failed: func(op, path string, err error) { s.report(op, path, err) },
	}
	change(&cfg)
	s.spool = spool.New(cfg)
	own := queue.New(queue.Config{MaxBytes: 1 << 20, Interval: time.Second, Store: s.spool})
	s.spool.Start(own)
	t.Cleanup(func() { s.spool.Close(time.Minute) })
	s.cfg = Config{
		Patience: time.Hour,
		Spool:    s.spool, Path: path, Destination: here, MaxReplayers: 4, Interval: time.Second,
		Deliver: s.deliver,
		Report:  s.report,
		Lost: func(reason account.Reason, loss *account.Loss) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lost[reason] += loss.Events
		},
		Note: func(n Note) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.notes = append(s.notes, n)
		},
	}
	return s
}

func (s *scene) report(op, path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, fmt.Sprintf("%s %s: %v", op, filepath.Base(path), err))
}

// shut blocks requests until the returned function is called.
func (s *scene) shut() (open func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gate = nil
		close(gate)
	})
}

// start starts recovery. It is stopped at the end of the test.
func (s *scene) start() *Recovery {
	s.Helper()
	r := Start(s.cfg)
	s.Cleanup(func() {
		r.Stop()
		<-r.Done()
		for _, l := range r.segments {
			if l.events < 0 {
				s.Errorf("%s has %d events", l.name, l.events)
			}
		}
	})
	return r
}

// sink is a worker.
type sink struct {
	s          *scene
	stream     string
	q          *queue.Queue
	done, stop chan struct{}
	once       sync.Once
}

func (s *scene) deliver(stream string, q *queue.Queue) Worker {
	w := &sink{s: s, stream: stream, q: q, done: make(chan struct{}), stop: make(chan struct{})}
	go w.run()
	return w
}

func (w *sink) Done() <-chan struct{} { return w.done }
func (w *sink) Stop()                 { w.once.Do(func() { close(w.stop) }) }

func (w *sink) run() {
	defer close(w.done)
	for {
		it, due, ended := w.q.Next(time.Now())
		switch {
		case ended:
			return
		case it != nil:
			if !w.request(it) {
				return
			}
			continue
		}
		later := time.Minute
		if !due.IsZero() {
			later = time.Until(due)
		}
		select {
		case <-w.q.Wake():
		case <-time.After(later):
		case <-w.stop:
			return
		}
	}
}

func (w *sink) request(it *queue.Item) bool {
	s := w.s
	s.mu.Lock()
	s.requests++
	s.atOnce++
	s.most = max(s.most, s.atOnce)
	gate := s.gate
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.atOnce--
	}()
	if gate != nil {
		select {
		case <-gate:
		case <-w.stop:
			return false
		}
	}
	it.Seal()
	s.mu.Lock()
	for i := range it.Len() {
		s.messages[w.stream] = append(s.messages[w.stream], string(batch.Message(it.Event(i).Wire)))
	}
	s.mu.Unlock()
	w.q.Settle(it, &account.Outcome{Delivered: it.Len(), Bytes: it.Bytes()}, true)
	return true
}

// file is a leftover segment.
type file struct {
	producer uint64
	number   uint32
	stream   string // "": s
	created  int64  // in seconds
	change   func(h *segment.Header)
	acks     segment.Acks
	first    int // sequence number of the first event
	events   int
	size     int // bytes of the messages; 0: a few
	missing  []int
	tail     int // zeros after the last record
}

func (f file) name() string { return fmt.Sprintf("%016x-%08x.seg", f.producer, f.number) }

// leave creates the file.
func (s *scene) leave(f file) {
	s.Helper()
	h := segment.Header{
		ID: f.producer<<20 + uint64(f.number), Producer: f.producer, Number: f.number, Grows: true, Size: segment.Start,
		Created: time.Unix(f.created, 0), Region: here.Region, Endpoint: here.Endpoint, Group: here.Group, Stream: "s", Program: "test",
	}
	if f.stream != "" {
		h.Stream = f.stream
	}
	if f.change != nil {
		f.change(&h)
	}
	data, err := h.Encode()
	if err != nil {
		s.Fatal(err)
	}
	data = append(data, make([]byte, segment.AcksBytes)...)
	if f.acks.Generation > 0 {
		copy(data[segment.SlotOffset(f.acks.Generation):], f.acks.EncodeSlot(h.ID))
	}
	number := uint32(0)
	for n := f.first; n < f.first+f.events; n++ {
		number++
		text := fmt.Sprintf("%x %d %s", f.producer, n, strings.Repeat("x", f.size))
		if at := int64(len(data)); slices.Contains(f.missing, n) {
			data = append(data, make([]byte, segment.Length(len(text)))...)
		} else {
			data = segment.AppendRecord(data, h.ID, at, number, segment.Record{Seq: uint64(n), Time: f.created*1000 + int64(n), Size: len(text), Payload: []byte(text)})
		}
	}
	data = append(data, make([]byte, 8+f.tail)...)
	if err := os.WriteFile(filepath.Join(s.path, f.name()), data, 0o600); err != nil {
		s.Fatal(err)
	}
}

// left returns the segments of other processes.
func (s *scene) left() (names []string) {
	s.Helper()
	found, err := filepath.Glob(filepath.Join(s.path, "*.seg"))
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range found {
		if name = filepath.Base(name); !strings.HasPrefix(name, "1000000000000000-") {
			names = append(names, name)
		}
	}
	return names
}

// eventually waits until cond holds.
func (s *scene) eventually(what string, cond func() bool) {
	s.Helper()
	for began := time.Now(); !cond(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Fatalf("not reached: %s; %d requests, reports %q, left %q", what, s.requests, s.reports, s.left())
		}
	}
}

func (s *scene) sent(stream string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages[stream])
}

func (s *scene) wantReports(parts ...string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := len(s.reports) == len(parts)
	for i := range parts {
		ok = ok && strings.Contains(s.reports[i], parts[i])
	}
	if !ok {
		s.Errorf("reports %q, want %q", s.reports, parts)
	}
}
