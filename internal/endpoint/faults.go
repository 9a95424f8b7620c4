package endpoint

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Cut says when a fault drops the connection of a request.
type Cut int

// The values of [Cut]. They are those of package cloudwatchtest, which documents them.
const (
	CutNone Cut = iota
	CutBefore
	CutAfter
	CutMiddle
)

// Fault is a failure to inject. cloudwatchtest.Fault has the same fields and documents them.
type Fault struct {
	Operation  string
	Times      int
	Delay      time.Duration
	Hang       bool
	Error      *APIError
	Cut        Cut
	Silent     bool
	Status     int
	Body       *string
	Rejected   *RejectedInfo
	Unread     bool
	DateOffset time.Duration
	Header     http.Header
	Padding    int64 // bytes, or Endless
	Drip       time.Duration
	Gzip       bool
	BodyLimit  int64
	Match      func(Request) bool
	Message    func(message string) bool
}

// foreign tells whether something that is not the service answers.
func (f *Fault) foreign() bool { return f.Status != 0 || f.Body != nil }

// changesBody tells whether the body of the answer is another than usual.
func (f *Fault) changesBody() bool { return (f.Padding != 0 || f.Gzip) && f.Cut == CutNone }

// early tells whether the fault comes before the body of a request is read.
func (f *Fault) beforeBody(r *http.Request) bool {
	if !f.Unread || r.ContentLength < 0 || f.Delay > 0 || f.Hang || f.Silent || f.Rejected != nil || f.Message != nil {
		return false
	}
	return f.Cut == CutBefore || f.Cut == CutNone && (f.Error != nil || f.foreign())
}

// Inject adds a fault. The first fault that applies to a request, in the order of injection, is the
// one that takes effect. remove removes the fault; calling it again is safe.
func (s *Server) Inject(f Fault) (remove func()) {
	f.Error = clone(f.Error)
	f.Body = clone(f.Body)
	f.Header = f.Header.Clone()
	if f.Silent && f.Cut == CutNone {
		f.Cut = CutBefore
	}
	if r := f.Rejected; r != nil {
		f.Rejected = &RejectedInfo{clone(r.TooOldEnd), clone(r.ExpiredEnd), clone(r.TooNewStart)}
	}
	return s.faults.add(&fault{Fault: f, left: f.Times})
}

type fault struct {
	Fault
	left int // how many requests it may still hit, if Times > 0
}

// faults is the list of faults in the order of injection.
type faults struct {
	mu   sync.Mutex // guards list and the fault.left of its members
	list []*fault
}

func (fs *faults) add(f *fault) (remove func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, f)
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fs.drop(f)
	}
}

func (fs *faults) drop(f *fault) {
	if i := slices.Index(fs.list, f); i >= 0 {
		fs.list = slices.Delete(fs.list, i, i+1)
	}
}

// take returns the first fault of those that are due that hits the request;
// false if there is none. op is nil if the request was not, or could not be,
// decoded.
func (fs *faults) take(r Request, op operation, due func(*Fault) bool) (Fault, bool) {
	fs.mu.Lock()
	candidates := slices.Clone(fs.list)
	fs.mu.Unlock()
	for _, f := range candidates {
		// No lock is held while the caller's code runs.
		if due(&f.Fault) && f.appliesTo(r, op) && fs.use(f) {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// hits tells whether the fault is meant for the request.
func (f *Fault) appliesTo(r Request, op operation) bool {
	if f.Operation != "" && f.Operation != r.Operation {
		return false
	}
	if f.BodyLimit > 0 && int64(r.BodyBytes) <= f.BodyLimit {
		return false
	}
	put, isPut := op.(*putLogEvents)
	if !isPut && (f.Message != nil || f.Rejected != nil) {
		return false
	}
	if f.Match != nil && !f.Match(r) {
		return false
	}
	return f.Message == nil || slices.ContainsFunc(put.LogEvents, func(e inputEvent) bool { return f.Message(e.Message) })
}

// claim uses the fault up by one. It reports false if the fault is gone by now.
func (fs *faults) use(f *fault) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !slices.Contains(fs.list, f) {
		return false
	}
	if f.Times > 0 {
		if f.left--; f.left == 0 {
			fs.drop(f)
		}
	}
	return true
}

// RejectedInfo overrides the rejectedLogEventsInfo of a PutLogEvents response; nil = absent.
type RejectedInfo struct {
	TooOldEnd   *int // events before this index are refused as older than 14 days
	ExpiredEnd  *int // events before this index are refused as older than the group's retention
	TooNewStart *int // events from this index on are refused as more than 2 hours ahead
}

// keeps returns which events of a batch are stored: [first, last).
func (r *RejectedInfo) accepted(events int) (first, last int) {
	within := func(i int) int { return min(max(i, 0), events) }
	last = events
	if r.TooNewStart != nil {
		last = within(*r.TooNewStart)
	}
	first = within(max(value(r.TooOldEnd), value(r.ExpiredEnd)))
	return min(first, last), last
}

// shown is the part of the answer, there even if it tells no index.
func (r *RejectedInfo) output() *rejectedEvents {
	return &rejectedEvents{TooOldLogEventEndIndex: r.TooOldEnd, ExpiredLogEventEndIndex: r.ExpiredEnd, TooNewLogEventStartIndex: r.TooNewStart}
}
