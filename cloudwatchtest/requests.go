package cloudwatchtest

import (
	"sort"
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
	BodyBytes int       // bytes of the body on the wire, compressed if it was; as announced, if a Fault left it Unread
	Status    int       // HTTP status answered; 0 if there was no answer, or not yet
	Code      string    // error code answered, "" on success
	Message   string    // error text answered, "" on success
	Rejected  int       // events refused inside a 200
	Committed bool      // the operation took effect, even if its answer was cut afterwards

	UserAgent   string // what the client says it is
	AccessKeyID string // that the request is signed with, checked or not

	// Times of the oldest and the newest event in a PutLogEvents request; zero
	// without events.
	OldestEvent, NewestEvent time.Time

	// Of the Rejected events, those older than 14 days, those older than the
	// group's retention, and those more than 2 hours ahead. One that is both of
	// the first two counts as too old. A scripted rejection is in none.
	TooOld, Expired, TooNew int
}

// Requests returns the request log: the requests received so far that
// [Server.TakeRequests] and [Options.MaxRequests] did not remove, oldest first. A request that is still
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
	max int // the newest so many entries are kept; 0 = all. Never changed

	mu      sync.Mutex // guards what follows, and what entries hold
	entries []*entry
	last    int64 // number of the last entry
}

// entry is a request in the log. It is named by its pointer, since its place
// changes when others are taken away.
type entry struct {
	Request
	number   int64 // from 1, in the order of the log
	finished bool  // nothing more will be told of it
}

// add enters a request that is about to be handled.
func (j *journal) add(r Request) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e := &entry{Request: r, number: j.last}
	j.entries = append(j.entries, e)
	if j.max > 0 && len(j.entries) > j.max {
		j.entries[0] = nil // append moves the others to the front some time
		j.entries = j.entries[1:]
	}
	return e
}

// finish enters what came of a request.
func (j *journal) finish(e *entry, r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Request, e.finished = r, true
}

// after returns entries with numbers above one, at most limit: the first ones,
// or the newest ones if newest.
func (j *journal) after(number int64, limit int, newest bool) []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := sort.Search(len(j.entries), func(i int) bool { return j.entries[i].number > number })
	found := j.entries[i:]
	if newest {
		found = found[max(0, len(found)-limit):]
	}
	var list []entry
	for _, e := range found[:min(limit, len(found))] {
		list = append(list, *e)
	}
	return list
}
