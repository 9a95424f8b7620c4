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

// Requests returns the request log: the requests received so far that
// [Server.TakeRequests] and [Options.MaxRequests] did not remove, oldest first. A request that is still
// being handled is there too, with Status 0.
func (s *Server) Requests() []Request {
	s.requestLog.mu.Lock()
	defer s.requestLog.mu.Unlock()
	list := make([]Request, len(s.requestLog.entries))
	for i, e := range s.requestLog.entries {
		list[i] = e.Request
	}
	return list
}

// TakeRequests returns the request log like [Server.Requests] and removes what
// it returns, so that a long run does not fill the memory. Requests that are
// still being handled stay in the log until a later call; they come before
// younger ones then, but after those that were already taken.
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

// RequestCount returns how many requests of an operation are in the request
// log; "" counts all. Those that [Server.TakeRequests] removed do not count.
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

// journal is the request log.
type requestLog struct {
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
func (j *requestLog) add(r Request) *entry {
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
func (j *requestLog) finish(e *entry, r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Request, e.finished = r, true
}

// after returns entries with numbers above one, at most limit: the first ones,
// or the newest ones if newest.
func (j *requestLog) after(number int64, limit int, newest bool) []entry {
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

// requestsPath is where the request log is served as JSON, for GET:
//
//	{"requests": [{"number": 1, "time": "...", "operation": "PutLogEvents", ...}]}
//
// oldest first. Without a query it is the newest maxShown requests; with
// ?after=NUMBER those that came after the one of that number, at most as many,
// so that a reader can go on where it was. A request that is still being
// handled has no status yet; it is told again when it is asked for again.
const requestsPath = "/_cloudwatch/requests"

const maxServed = 1000

// shownRequest is a [Request] in the log that is served. The names stay.
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
	body, _ := json.Marshal(map[string]any{"requests": shown}) // it holds what always encodes
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method == http.MethodGet {
		w.Write(body) // a client that is gone needs no answer
	}
}

func (e *entry) output() requestJSON {
	at := func(t time.Time) *time.Time {
		if t.IsZero() || t.Year() > 9999 { // JSON has no such year, but events can
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
