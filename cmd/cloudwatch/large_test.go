package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Input is larger than memory may be: 200 MB go through, all of it and in order,
// and what is in use of the heap stays small.
func TestPutLargeInput(t *testing.T) {
	const (
		maxHeap  = 40 << 20
		lineSize = 400
	)
	total := 200 << 20
	if raceDetector { // ten times slower
		total = 80 << 20
	}
	withoutAWS(t)
	sink := &sink{t: t, first: make(map[int]int)}
	srv := httptest.NewServer(sink)
	defer srv.Close()

	heap := watchHeap()
	stderr := newLog()
	p := &program{
		stdin:  &numberedLines{size: lineSize, count: total / lineSize},
		stdout: io.Discard,
		stderr: stderr,
		getenv: func(string) string { return "" },
	}
	if code := p.run(t.Context(), []string{"put", "app", "-s", "s", "--endpoint", srv.URL}); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, stderr)
	}
	if max := heap(); max > maxHeap {
		t.Errorf("the heap grew to %s, want at most %s", size(int64(max)), size(maxHeap))
	} else {
		t.Logf("the heap grew to %s", size(int64(max)))
	}
	if !sink.complete(total / lineSize) {
		t.Errorf("%d lines arrived, want each of %d once", sink.lines, total/lineSize)
	}
}

// numberedLines reads as lines of a size, each beginning with its number.
type numberedLines struct {
	size, count int
	n           int    // lines made
	rest        []byte // of the last one
	line        []byte
}

func (l *numberedLines) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.n == l.count {
			return 0, io.EOF
		}
		if l.line == nil {
			l.line = bytes.Repeat([]byte("x"), l.size)
			l.line[l.size-1] = '\n'
		}
		copy(l.line, fmt.Sprintf("%010d ", l.n))
		l.n++
		l.rest = l.line
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	if len(l.rest) == 0 && n < len(b) {
		more, _ := l.Read(b[n:])
		n += more
	}
	return n, nil
}

// sink is an endpoint that keeps nothing. It checks that numbered lines come each
// once, those of a request in a row. Requests may overtake each other.
type sink struct {
	t *testing.T

	mu    sync.Mutex
	lines int
	first map[int]int // how many lines requests had, by the number of their first one
	body  bytes.Buffer
}

// complete reports whether the requests make up so many lines.
func (s *sink) complete(lines int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := 0
	for next < lines && s.first[next] > 0 {
		next += s.first[next]
	}
	return next == lines && s.lines == lines
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body.Reset()
	if _, err := s.body.ReadFrom(r.Body); err != nil {
		s.t.Errorf("read request: %v", err)
	}
	rest := s.body.Bytes()
	first, next := -1, -1
	for {
		_, message, found := bytes.Cut(rest, []byte(`"message":"`))
		if !found {
			break
		}
		n, err := strconv.Atoi(string(message[:10]))
		if first < 0 {
			first, next = n, n
		}
		if err != nil || n != next {
			s.t.Errorf("line %d is %.20q", next, message)
			break
		}
		next++
		rest = message
	}
	if first >= 0 {
		s.first[first] = next - first
		s.lines += next - first
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "r")
	_, _ = io.WriteString(w, "{}")
}

// watchHeap measures what is in use of the heap, garbage aside, until the function it
// returns is called, which tells the most there was.
func watchHeap() (largest func() uint64) {
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		max := uint64(0)
		for {
			metrics.Read(sample)
			if now := sample[0].Value.Uint64(); now > max {
				max = now
			}
			select {
			case <-tick.C:
			case <-stop:
				result <- max
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-result }
}
