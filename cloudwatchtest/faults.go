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
)

// Fault is something that goes wrong with a request. The parts come in this
// order: Delay, Hang, Cut, Error. A fault with none of the last three lets the
// request through.
type Fault struct {
	Operation string        // the operation it hits, such as "PutLogEvents"; "" = every one
	Times     int           // how many requests it hits; 0 = every one until it is removed
	Delay     time.Duration // wait this long first; a client that goes away, or Close, ends the wait and the request
	Hang      bool          // never answer, until the client goes away or the server closes
	Error     *APIError     // answer with this error; nothing takes effect
	Cut       Cut           // drop the connection

	// DateOffset is added to the Date header of the answer. The AWS SDKs
	// correct their signing clock by that header.
	DateOffset time.Duration

	// Match tells whether the fault hits a request; nil = every request. It
	// sees the request before it is handled, and may call the server's methods.
	Match func(Request) bool
}

// Inject adds a fault. For each request the first fault that fits, in the
// order of injection, is the one that counts. remove takes the fault away; it
// may be called more than once.
func (s *Server) Inject(f Fault) (remove func()) {
	if f.Error != nil {
		e := *f.Error
		f.Error = &e
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

// take returns the fault that hits the request, or the zero Fault.
func (fs *faults) take(r Request) Fault {
	fs.mu.Lock()
	candidates := slices.Clone(fs.list)
	fs.mu.Unlock()
	for _, f := range candidates {
		if f.Operation != "" && f.Operation != r.Operation {
			continue
		}
		// Match is the caller's code: no lock is held while it runs.
		if f.Match != nil && !f.Match(r) {
			continue
		}
		if fs.claim(f) {
			return f.Fault
		}
	}
	return Fault{}
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
