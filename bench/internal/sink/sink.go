// Package sink implements the service that the contenders deliver to. It accepts everything with as
// little work as possible and counts it.
//
// It runs in a separate process, so that its CPU time is excluded.
package sink

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// Counts is what arrived since the last reset.
type Counts struct {
	Requests int64 // complete PutLogEvents requests
	Events   int64 // events in them
	Bytes    int64 // of their bodies
	Others   int64 // requests of other operations
}

// Control paths of the benchmark. AWS clients use "/".
const (
	CountsPath = "/counts"
	ResetPath  = "/reset"
)

// Sink is an http.Handler that responds to every AWS operation with {} and a request ID. The zero
// value is ready to use.
type Sink struct {
	requests, events, bytes, others atomic.Int64
}

var buffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case CountsPath:
		_ = json.NewEncoder(w).Encode(s.Counts()) // the client has gone
		return
	case ResetPath:
		s.reset()
		return
	}
	wire := &wireCounter{body: r.Body}
	c, err := read(wire, r.Header.Get("Content-Encoding"))
	switch {
	case err != nil: // an incomplete request delivers nothing
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutLogEvents"):
		s.requests.Add(1)
		s.events.Add(c.events)
		s.bytes.Add(wire.bytes)
	default:
		s.others.Add(1)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "00000000-0000-4000-8000-000000000000")
	_, _ = io.WriteString(w, "{}") // the client has gone
}

// Counts returns what arrived since the last reset.
func (s *Sink) Counts() Counts {
	return Counts{s.requests.Load(), s.events.Load(), s.bytes.Load(), s.others.Load()}
}

func (s *Sink) reset() {
	for _, n := range []*atomic.Int64{&s.requests, &s.events, &s.bytes, &s.others} {
		n.Store(0)
	}
}

// wireCounter counts the bytes of a body as sent.
type wireCounter struct {
	body  io.Reader
	bytes int64
}

func (w *wireCounter) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	w.bytes += int64(n)
	return n, err
}

// read counts the events in a body.
func read(body io.Reader, encoding string) (c counter, err error) {
	if encoding == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return c, err
		}
	}
	buffer := buffers.Get().(*[256 << 10]byte)
	defer buffers.Put(buffer)
	for {
		n, err := body.Read(buffer[:])
		c.write(buffer[:n])
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return c, err
		}
	}
}
