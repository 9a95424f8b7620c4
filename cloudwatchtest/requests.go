package cloudwatchtest

import (
	"sync"
	"time"
)

// Request is one request the endpoint received.
type Request struct {
	Time      time.Time // when its body had arrived, by time.Now
	Operation string    // such as "PutLogEvents"; what X-Amz-Target says, known or not
	LogGroup  string    // name of the log group it is about, if any
	LogStream string    // name of the log stream it is about, if any
	Events    int       // events in a PutLogEvents request
	Bytes     int       // size of a PutLogEvents batch as the service counts: UTF-8 message bytes + 26 an event
	BodyBytes int       // bytes of the body on the wire, compressed if it was
	Status    int       // HTTP status answered; 0 if there was no answer, or not yet
	Code      string    // error code answered, "" on success
	Message   string    // error text answered, "" on success
	Rejected  int       // events refused inside a 200
	Committed bool      // the operation took effect, even if its answer was cut afterwards
}

// Requests returns the request log: the requests received so far that
// [Server.TakeRequests] did not remove, oldest first. A request that is still
// being handled is there too, with Status 0.
func (s *Server) Requests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	list := make([]Request, len(s.journal.entries))
	for i, e := range s.journal.entries {
		list[i] = e.Request
	}
	return list
}

// TakeRequests returns the request log like [Server.Requests] and removes what
// it returns, so that a long run does not fill the memory. Requests that are
// still being handled stay in the log until a later call; they come before
// younger ones then, but after those that were already taken.
func (s *Server) TakeRequests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var taken []Request
	var left []*entry
	for _, e := range s.journal.entries {
		if e.finished {
			taken = append(taken, e.Request)
		} else {
			left = append(left, e)
		}
	}
	s.journal.entries = left
	return taken
}

// RequestCount returns how many requests of an operation are in the request
// log; "" counts all. Those that [Server.TakeRequests] removed do not count.
func (s *Server) RequestCount(operation string) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	if operation == "" {
		return len(s.journal.entries)
	}
	n := 0
	for _, e := range s.journal.entries {
		if e.Operation == operation {
			n++
		}
	}
	return n
}

// journal is the request log.
type journal struct {
	mu      sync.Mutex // guards entries and what they hold
	entries []*entry
}

// entry is a request in the log. It is named by its pointer, since its place
// changes when others are taken away.
type entry struct {
	Request
	finished bool // nothing more will be told of it
}

// add enters a request that is about to be handled.
func (j *journal) add(r Request) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := &entry{Request: r}
	j.entries = append(j.entries, e)
	return e
}

// finish enters what came of a request.
func (j *journal) finish(e *entry, r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Request, e.finished = r, true
}
