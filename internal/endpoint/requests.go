package endpoint

import (
	"encoding/json"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"
)

// Request is one request the endpoint received. cloudwatchtest.Request has the same fields and
// documents them.
type Request struct {
	Time      time.Time
	Operation string
	LogGroup  string
	LogStream string
	Events    int
	Bytes     int
	BodyBytes int
	Status    int
	Code      string
	Message   string
	Rejected  int
	Committed bool

	UserAgent   string
	AccessKeyID string

	OldestEvent, NewestEvent time.Time

	TooOld, Expired, TooNew int
}

// Requests returns the request log, oldest first. A request in flight has Status 0.
func (s *Server) Requests() []Request {
	s.requestLog.mu.Lock()
	defer s.requestLog.mu.Unlock()
	list := make([]Request, len(s.requestLog.entries))
	for i, e := range s.requestLog.entries {
		list[i] = e.Request
	}
	return list
}

// TakeRequests returns the completed requests, oldest first, and removes them from the log.
func (s *Server) TakeRequests() []Request {
	s.requestLog.mu.Lock()
	defer s.requestLog.mu.Unlock()
	var taken []Request
	var left []*entry
	for _, e := range s.requestLog.entries {
		if e.finished {
			taken = append(taken, e.Request)
		} else {
			left = append(left, e)
		}
	}
	s.requestLog.entries = left
	return taken
}

// RequestCount returns the number of requests of an operation in the log; "" counts all.
func (s *Server) RequestCount(operation string) int {
	s.requestLog.mu.Lock()
	defer s.requestLog.mu.Unlock()
	if operation == "" {
		return len(s.requestLog.entries)
	}
	n := 0
	for _, e := range s.requestLog.entries {
		if e.Operation == operation {
			n++
		}
	}
	return n
}

// requestLog is the list of requests received.
type requestLog struct {
	max int // maximum number of entries; 0 = no limit. Read-only

	mu      sync.Mutex // guards the fields below, and the entries
	entries []*entry
	last    int64 // number of the newest entry
}

// entry is a request in the log. A pointer identifies it, since its index changes when others are
// removed.
type entry struct {
	Request
	number   int64 // from 1, in the order of the log
	finished bool  // no further changes
}

// add adds a request that is about to be handled.
func (l *requestLog) add(r Request) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e := &entry{Request: r, number: l.last}
	l.entries = append(l.entries, e)
	if l.max > 0 && len(l.entries) > l.max {
		l.entries[0] = nil // for the garbage collector; append compacts the slice later
		l.entries = l.entries[1:]
	}
	return e
}

// finish records the outcome of a request.
func (l *requestLog) finish(e *entry, r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Request, e.finished = r, true
}

// after returns entries with a greater number, at most limit: the oldest, or the newest if newest
// is set.
func (l *requestLog) after(number int64, limit int, newest bool) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].number > number })
	found := l.entries[i:]
	if newest {
		found = found[max(0, len(found)-limit):]
	}
	var list []entry
	for _, e := range found[:min(limit, len(found))] {
		list = append(list, *e)
	}
	return list
}

// requestsPath serves the request log as JSON, for GET:
//
//	{"requests": [{"number": 1, "time": "...", "operation": "PutLogEvents", ...}]}
//
// oldest first. Without a query it has the newest maxServed requests; with ?after=NUMBER, those
// after that number, also at most maxServed, so that a reader can continue where it stopped. A
// request in flight has no status yet, and is returned again if requested again.
const requestsPath = "/_cloudwatch/requests"

const maxServed = 1000

// requestJSON is a [Request] in the served log. The member names are part of the interface.
type requestJSON struct {
	Number      int64      `json:"number"`
	Time        time.Time  `json:"time"`
	Operation   string     `json:"operation"`
	LogGroup    string     `json:"logGroup,omitempty"`
	LogStream   string     `json:"logStream,omitempty"`
	UserAgent   string     `json:"userAgent,omitempty"`
	AccessKeyID string     `json:"accessKeyId,omitempty"`
	BodyBytes   int        `json:"bodyBytes"`
	Events      int        `json:"events,omitempty"`
	Bytes       int        `json:"bytes,omitempty"`
	OldestEvent *time.Time `json:"oldestEvent,omitempty"`
	NewestEvent *time.Time `json:"newestEvent,omitempty"`
	Status      int        `json:"status,omitempty"`
	Code        string     `json:"code,omitempty"`
	Message     string     `json:"message,omitempty"`
	Rejected    int        `json:"rejected,omitempty"`
	TooOld      int        `json:"tooOld,omitempty"`
	Expired     int        `json:"expired,omitempty"`
	TooNew      int        `json:"tooNew,omitempty"`
	Committed   bool       `json:"committed"`
	Finished    bool       `json:"finished"`
}

func (s *Server) serveRequests(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET is served here", http.StatusMethodNotAllowed)
		return
	}
	after, newest := int64(0), true
	if text := r.URL.Query().Get("after"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			http.Error(w, "after must be the number of a request", http.StatusBadRequest)
			return
		}
		after, newest = n, false
	}
	shown := []requestJSON{}
	for _, e := range s.requestLog.after(after, maxServed, newest) {
		shown = append(shown, e.output())
	}
	body, _ := json.Marshal(map[string]any{"requests": shown}) // always encodes
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method == http.MethodGet {
		w.Write(body) // an error means that the client is gone
	}
}

func (e *entry) output() requestJSON {
	at := func(t time.Time) *time.Time {
		if t.IsZero() || t.Year() > 9999 { // JSON has no such year, but events may have
			return nil
		}
		return &t
	}
	return requestJSON{
		Number:      e.number,
		Time:        e.Time.UTC(),
		Operation:   e.Operation,
		LogGroup:    e.LogGroup,
		LogStream:   e.LogStream,
		UserAgent:   e.UserAgent,
		AccessKeyID: e.AccessKeyID,
		BodyBytes:   e.BodyBytes,
		Events:      e.Events,
		Bytes:       e.Bytes,
		OldestEvent: at(e.OldestEvent),
		NewestEvent: at(e.NewestEvent),
		Status:      e.Status,
		Code:        e.Code,
		Message:     e.Request.Message,
		Rejected:    e.Rejected,
		TooOld:      e.TooOld,
		Expired:     e.Expired,
		TooNew:      e.TooNew,
		Committed:   e.Committed,
		Finished:    e.finished,
	}
}
