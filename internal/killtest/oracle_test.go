//go:build unix

package killtest_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// oracle stands outside the processes and holds the library to its word: every event
// whose log call had returned arrives, in order, unaltered, and not more often than
// kills explain.
type oracle struct {
	mu        sync.Mutex
	processes map[int]*process   // those that are not settled
	order     uint32             // of events, as they are stored
	failures  map[string]int     // how often each was seen
	totals    map[string]*totals // of the processes that are settled, by mode
}

// totals sum up what became of processes.
type totals struct {
	kills      int
	witnessed  int64         // events whose log call had returned
	delivered  int64         // different events
	lost       int64         // witnessed, but not delivered
	duplicates int64         // deliveries beyond the first one
	inFlight   int64         // of those whose earlier request had no answer when its process was killed
	lag        time.Duration // how long before the death of its process the answer to any of the others came, at most
	atRisk     int64         // log calls that returned while their event was in memory only
}

// process is what is known of one.
type process struct {
	killtest.Params
	witness *killtest.Witness
	about   string // how it was treated, for messages

	mortal   bool      // it may be dead from now on
	killed   time.Time // zero: it ended by itself
	tracks   [killtest.MaxGoroutines][]delivery
	requests []*request // PutLogEvents and others, in the order in which they arrived
}

// delivery is what is known of an event.
type delivery struct {
	time  int64    // as stored, in ms
	order uint32   // of the first time; 0: it has not been delivered
	hash  uint32   // of the whole message
	by    *request // that has delivered it last
}

// request is one of a process.
type request struct {
	by       *process
	arrived  time.Time
	answered time.Time // zero: there was no answer
	stored   int       // events
	repeated int64     // of those that another process has delivered as well, since this one was killed
}

func newOracle() *oracle {
	return &oracle{processes: make(map[int]*process), failures: make(map[string]int), totals: make(map[string]*totals)}
}

// failf enters that an obligation was broken.
func (o *oracle) failf(obligation, format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail(obligation, format, args...)
}

func (o *oracle) fail(obligation, format string, args ...any) {
	const most = 20 // different ones
	text := obligation + ": " + fmt.Sprintf(format, args...)
	if o.failures[text] > 0 || len(o.failures) < most {
		o.failures[text]++
	}
}

// add enters a process that is about to start.
func (o *oracle) add(p *process) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.processes[p.Run] = p
}

// kills enters that a process is about to be killed.
func (o *oracle) kills(p *process) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.mortal, p.killed = true, time.Now()
}

// arrived enters a request of a process. It returns nil if that is unknown.
func (o *oracle) arrived(run int) *request {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.processes[run]
	if p == nil {
		o.fail("well formed", "a request of process %d", run)
		return nil
	}
	r := &request{by: p, arrived: time.Now()}
	p.requests = append(p.requests, r)
	return r
}

func (o *oracle) answered(r *request) {
	if r == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r.answered = time.Now()
}

// delivered enters what a request has brought, in the order in which it is stored.
func (o *oracle) delivered(r *request, stream string, events []cloudwatchtest.Event) {
	if r == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r.stored = len(events)
	for i := range events {
		o.event(r, stream, &events[i])
	}
}

func (o *oracle) event(by *request, stream string, e *cloudwatchtest.Event) {
	o.order++
	event, err := killtest.Parse(e.Message)
	if err != nil {
		o.note(e.Message)
		return
	}
	p := o.processes[event.Run]
	switch {
	case p == nil:
		o.fail("nothing invented", "an event of process %d, which is unknown or settled: %.200q", event.Run, e.Message)
		return
	case stream != fmt.Sprintf(killtest.Stream, event.Run):
		o.fail("its own stream", "%.200q is in %s", e.Message, stream)
	case event.Goroutine >= p.Goroutines || event.Seq == 0 || event.Seq > p.witness.Tracks[event.Goroutine].Tried.Load():
		o.fail("nothing invented", "%v was never logged: %.200q", event, e.Message)
		return
	}
	track := &p.tracks[event.Goroutine]
	for uint64(len(*track)) < event.Seq {
		*track = append(*track, delivery{})
	}
	d := &(*track)[event.Seq-1]
	now := delivery{e.Timestamp.UnixMilli(), o.order, crc32.ChecksumIEEE([]byte(e.Message)), by}
	if d.order != 0 {
		o.again(p, d, &now)
		now.order = d.order
	}
	*d = now
}

// again judges an event that is delivered once more.
func (o *oracle) again(p *process, before, now *delivery) {
	o.of(p).duplicates++
	if now.hash != before.hash || now.time != before.time {
		o.fail("duplicates are identical", "an event of process %d (%s) came again as another message or with another time", p.Run, p.about)
	}
	last, by := before.by.by, now.by.by
	switch {
	case last == by:
		o.fail("duplicates", "an event of process %d (%s) was delivered twice by process %d (%s)", p.Run, p.about, by.Run, by.about)
	case by.mortal: // what it had sent took its time
		now.by.repeated++
	case last.mortal:
		before.by.repeated++
	default:
		o.fail("one owner", "an event of process %d (%s) was delivered by process %d (%s) and by %d (%s), both alive", p.Run, p.about, last.Run, last.about, by.Run, by.about)
	}
}

// note looks at an event that the library has made itself.
func (o *oracle) note(message string) {
	var n struct {
		Msg           string
		Damaged, Lost int64
	}
	if err := json.Unmarshal([]byte(message), &n); err != nil || n.Msg != "log events recovered" || n.Damaged != 0 || n.Lost != 0 {
		o.fail("nothing lost, nothing altered", "an event that was never logged: %.300q", message)
	}
}

// complete reports whether every event of a process whose log call has returned was
// delivered.
func (o *oracle) complete(p *process) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for g := range p.Goroutines {
		returned := p.witness.Tracks[g].Returned.Load()
		if uint64(len(p.tracks[g])) < returned {
			return false
		}
		for _, d := range p.tracks[g][:returned] {
			if d.order == 0 {
				return false
			}
		}
	}
	return true
}

// stored returns how many events a process has delivered.
func (o *oracle) stored(p *process) (events int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range p.requests {
		events += r.stored
	}
	return events
}

// settle checks what has become of all processes, and forgets them. All are dead,
// and what they left has been delivered.
func (o *oracle) settle(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.processes {
		o.settleProcess(p)
		if err := p.witness.Close(); err != nil {
			t.Error(err)
		}
	}
	clear(o.processes)
	for text, n := range o.failures {
		t.Errorf("%d times: %s", n, text)
	}
	clear(o.failures)
}

func (o *oracle) settleProcess(p *process) {
	sum := o.of(p)
	if !p.killed.IsZero() {
		sum.kills++
	}
	for g := range p.Goroutines {
		o.settleTrack(p, g)
	}
	if n := p.witness.WereAtRisk.Load(); n > 0 {
		sum.atRisk += n
		o.fail("nothing at risk", "process %d (%s): %d log calls have returned early", p.Run, p.about, n)
	}
	for _, r := range p.requests {
		switch {
		case r.repeated == 0 || p.killed.IsZero(): // when it died is not known
		case r.answered.IsZero() || r.answered.After(p.killed):
			sum.inFlight += r.repeated
		default:
			lag := p.killed.Sub(r.answered)
			sum.lag = max(sum.lag, lag)
			if lag > mostLag {
				o.fail("duplicates", "process %d (%s): %d events were delivered again although it had had the answer %v before it was killed", p.Run, p.about, r.repeated, lag)
			}
		}
	}
}

// of returns where a process is summed up.
func (o *oracle) of(p *process) *totals {
	mode := p.mode()
	if o.totals[mode] == nil {
		o.totals[mode] = new(totals)
	}
	return o.totals[mode]
}

func (p *process) mode() string {
	if p.Direct {
		return "direct"
	}
	return "hot"
}

// mostLag is how long it may take from an answer until it is on disk that the events
// are done with: some milliseconds, but not while the disk is busy.
const mostLag = time.Second

func (o *oracle) settleTrack(p *process, g int) {
	track, witnessed, sum := p.tracks[g], &p.witness.Tracks[g], o.of(p)
	returned := witnessed.Returned.Load()
	sum.witnessed += int64(returned)
	var last delivery
	missing := &missing{}
	for seq := uint64(1); seq <= max(returned, uint64(len(track))); seq++ {
		if seq > uint64(len(track)) || track[seq-1].order == 0 {
			if seq <= returned { // otherwise it was being logged
				sum.lost++
				missing.add(seq)
			}
			continue
		}
		d := track[seq-1]
		sum.delivered++
		// A reader sees events by their times, those of the same time as they came.
		if d.time < last.time || d.time == last.time && d.order < last.order {
			o.fail("order", "process %d (%s), goroutine %d: an event is before an earlier one", p.Run, p.about, g)
		}
		last = d
	}
	if missing.n > 0 {
		o.fail("nothing lost", "process %d (%s), goroutine %d: of %d events whose log call had returned, %s were not delivered", p.Run, p.about, g, returned, missing)
	}
}

// missing says in words which events are.
type missing struct {
	n           int
	first, last uint64
}

func (m *missing) add(seq uint64) {
	if m.n == 0 {
		m.first = seq
	}
	m.n++
	m.last = seq
}

func (m *missing) String() string {
	return fmt.Sprintf("%d (%d to %d)", m.n, m.first, m.last)
}

// sum returns what became of all processes.
func (o *oracle) sum() (sum totals) {
	for _, t := range o.totals {
		sum.kills += t.kills
		sum.witnessed += t.witnessed
		sum.delivered += t.delivered
		sum.lost += t.lost
		sum.duplicates += t.duplicates
		sum.inFlight += t.inFlight
		sum.lag = max(sum.lag, t.lag)
		sum.atRisk += t.atRisk
	}
	return sum
}

// log says what became of all processes.
func (o *oracle) log(t *testing.T) {
	t.Helper()
	for _, mode := range slices.Sorted(maps.Keys(o.totals)) {
		t.Logf("%s: %v", mode, o.totals[mode])
	}
	t.Logf("total: %v", o.sum())
}

func (t totals) String() string {
	return fmt.Sprintf("%d kills, %d events witnessed, %d delivered, %d lost, %d delivered twice (%d in flight at the kill, the others answered up to %v before), %d at risk when their log call returned",
		t.kills, t.witnessed, t.delivered, t.lost, t.duplicates, t.inFlight, t.lag.Round(time.Millisecond), t.atRisk)
}
