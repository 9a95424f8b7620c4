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

// foreign reports whether the response comes from something other than the service.
func (f *Fault) foreign() bool { return f.Status != 0 || f.Body != nil }

// changesBody reports whether the fault changes the body of the response.
func (f *Fault) changesBody() bool { return (f.Padding != 0 || f.Gzip) && f.Cut == CutNone }

// beforeBody reports whether the fault takes effect before the body of a request is read.
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
	left int // number of requests it still applies to, if Times > 0
}

// faults is the list of injected faults, in the order of injection.
type faults struct {
	mu   sync.Mutex // guards list, and fault.left of its members
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

// take returns the first fault for which due returns true and that applies to the request; false if
// there is none. op is nil if the request was not, or could not be, decoded.
func (fs *faults) take(r Request, op operation, due func(*Fault) bool) (Fault, bool) {
	fs.mu.Lock()
	candidates := slices.Clone(fs.list)
	fs.mu.Unlock()
	for _, f := range candidates {
		// No lock may be held while the caller's functions run.
		if due(&f.Fault) && f.appliesTo(r, op) && fs.use(f) {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// appliesTo reports whether the fault applies to a request.
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

// use counts one use of the fault. It returns false if the fault has been removed.
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
	TooOldEnd   *int // events before this index are rejected as older than 14 days
	ExpiredEnd  *int // events before this index are rejected as older than the retention of the log group
	TooNewStart *int // events from this index on are rejected as more than 2 hours in the future
}

// accepted returns which events of a batch are stored: the half-open range [first, last).
func (r *RejectedInfo) accepted(events int) (first, last int) {
	within := func(i int) int { return min(max(i, 0), events) }
	last = events
	if r.TooNewStart != nil {
		last = within(*r.TooNewStart)
	}
	first = within(max(value(r.TooOldEnd), value(r.ExpiredEnd)))
	return min(first, last), last
}

// output returns the member of the response. It is present even if all indexes are absent.
func (r *RejectedInfo) output() *rejectedEvents {
	return &rejectedEvents{TooOldLogEventEndIndex: r.TooOldEnd, ExpiredLogEventEndIndex: r.ExpiredEnd, TooNewLogEventStartIndex: r.TooNewStart}
}
