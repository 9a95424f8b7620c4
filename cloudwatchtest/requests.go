package cloudwatchtest

import (
	"slices"
	"sync"
	"time"
)

// Request is one request the endpoint received.
type Request struct {
	Time      time.Time // when its body had arrived
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

// Requests returns the requests received so far, oldest first. A request that
// is still being handled is there too, with Status 0.
func (s *Server) Requests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.requests)
}

// RequestCount returns how many requests of an operation were received; ""
// counts all.
func (s *Server) RequestCount(operation string) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	if operation == "" {
		return len(s.journal.requests)
	}
	n := 0
	for i := range s.journal.requests {
		if s.journal.requests[i].Operation == operation {
			n++
		}
	}
	return n
}

// journal is the request log.
type journal struct {
	mu       sync.Mutex // guards requests
	requests []Request
}

// add enters a request and returns its place.
func (j *journal) add(r Request) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
	return len(j.requests) - 1
}

// update replaces the entry at a place.
func (j *journal) update(place int, r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests[place] = r
}
