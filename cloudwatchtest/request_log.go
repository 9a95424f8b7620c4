package cloudwatchtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// requestsPath is where the request log is served as JSON, for GET:
//
//	{"requests": [{"number": 1, "time": "...", "operation": "PutLogEvents", ...}]}
//
// oldest first. Without a query it is the newest maxShown requests; with
// ?after=NUMBER those that came after the one of that number, at most as many,
// so that a reader can go on where it was. A request that is still being
// handled has no status yet; it is told again when it is asked for again.
const requestsPath = "/_cloudwatch/requests"

const maxShown = 1000

// shownRequest is a [Request] in the log that is served. The names stay.
type shownRequest struct {
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
	shown := []shownRequest{}
	for _, e := range s.journal.after(after, maxShown, newest) {
		shown = append(shown, e.shown())
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

func (e *entry) shown() shownRequest {
	at := func(t time.Time) *time.Time {
		if t.IsZero() || t.Year() > 9999 { // JSON has no such year, but events can
			return nil
		}
		return &t
	}
	return shownRequest{
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
