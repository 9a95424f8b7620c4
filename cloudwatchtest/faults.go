package cloudwatchtest

import (
	"slices"
	"sync"
	"time"
)

// Cut says when a connection is dropped.
type Cut int

const (
	CutNone   Cut = iota // the connection stays
	CutBefore            // dropped before the request is handled: nothing takes effect
	CutAfter             // dropped after the request took effect, before the answer

	// CutMiddle: dropped after the request took effect and half of the answer's
	// body was sent, of which Content-Length tells the whole. An answer without
	// a body, such as that of CreateLogGroup, is dropped as by CutAfter.
	CutMiddle
)

// Fault is something that goes wrong with a request. The parts come in this
// order: Delay, Hang, Cut, Error, Body, Rejected. Hang excludes all that come
// after it, and so do CutBefore, Error and Body. With CutAfter and CutMiddle
// the request is handled, so Error and Body are passed over and Rejected is
// not. A fault with none of these parts but Delay lets the request through.
type Fault struct {
	Operation string        // the operation it hits, such as "PutLogEvents"; "" = every one
	Times     int           // how many requests it hits; 0 = every one until it is removed
	Delay     time.Duration // wait this long first; a client that goes away, or Close, ends the wait and the request
	Hang      bool          // never answer, until the client goes away or the server closes
	Error     *APIError     // answer with this error; nothing takes effect
	Cut       Cut           // drop the connection

	// Body is answered with status 200, as text/html and without the headers
	// of the service, like a captive portal or a broken proxy does; nothing
	// takes effect. A pointer to "" is an empty body, nil no such fault.
	Body *string

	// Rejected decides which events of a PutLogEvents request are refused
	// inside a 200, instead of their ages. All other rules apply. A fault with
	// Rejected hits no other operation.
	Rejected *RejectedInfo

	// DateOffset is added to the Date header of the answer. The AWS SDKs
	// correct their signing clock by that header.
	DateOffset time.Duration

	// Match tells whether the fault hits a request; nil = every request. It
	// sees the request before it is handled, and may call the server's methods.
	Match func(Request) bool

	// Message limits the fault to PutLogEvents requests with at least one event
	// for whose message it returns true; nil = no such condition. With Error
	// it makes an event poison: every batch that holds it is refused. It may
	// call the server's methods.
	Message func(message string) bool
}

// Inject adds a fault. For each request the first fault that fits, in the
// order of injection, is the one that counts. remove takes the fault away; it
// may be called more than once.
func (s *Server) Inject(f Fault) (remove func()) {
	f.Error = clone(f.Error)
	f.Body = clone(f.Body)
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

// take returns the fault that hits the request, or the zero Fault. op is nil
// if the request could not be decoded.
func (fs *faults) take(r Request, op operation) Fault {
	fs.mu.Lock()
	candidates := slices.Clone(fs.list)
	fs.mu.Unlock()
	for _, f := range candidates {
		// No lock is held while the caller's code runs.
		if f.hits(r, op) && fs.claim(f) {
			return f.Fault
		}
	}
	return Fault{}
}

// hits tells whether the fault is meant for the request.
func (f *Fault) hits(r Request, op operation) bool {
	if f.Operation != "" && f.Operation != r.Operation {
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
func (fs *faults) claim(f *fault) bool {
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
