//go:build linux

package spooltest_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// scribe logs numbered events.
type scribe struct {
	*cloudwatch.Handler
	atRisk  int64         // Stats.WereAtRisk after the last one
	longest time.Duration // that a log call has taken
}

func newScribe(h *cloudwatch.Handler) *scribe { return &scribe{Handler: h} }

// write logs an event. Its log call promised what nothing has taken back meanwhile.
func (s *scribe) write(number, size int) (promise, error) {
	text := messageOf(number, size)
	r := slog.NewRecord(time.Now(), slog.LevelInfo, text, 0)
	err := s.Handle(context.Background(), r)
	s.longest = max(s.longest, time.Since(r.Time))
	before := s.atRisk
	s.atRisk = s.Stats().WereAtRisk
	return promise{accepted: err == nil, safe: err == nil && s.atRisk == before}, err
}

// messageOf is what is logged: a number, and text of about that size that tells
// whether anything of it has changed.
func messageOf(number, size int) string {
	const usual, most = 40, 200
	text := fmt.Appendf(nil, "event %08d %05d ", number, size)
	for n, x := max(size, usual)+number%most, uint32(number); len(text) < n; {
		x = x*1664525 + 1013904223
		text = hex.AppendEncode(text, binary.BigEndian.AppendUint32(nil, x))
	}
	return string(text)
}

// numberOf reads a message. It reports whether nothing of it has changed.
func numberOf(message string) (number int, ok bool) {
	var size int
	if _, err := fmt.Sscanf(message, "event %08d %05d ", &number, &size); err != nil || number < 0 || size > len(message) {
		return 0, false
	}
	return number, message == messageOf(number, size)
}

// gate is a network that can be closed: requests wait in front of it.
type gate struct {
	endpoint http.RoundTripper

	mu  sync.Mutex
	way chan struct{} // closed = the gate is open
}

func newGate(endpoint http.RoundTripper) *gate {
	g := &gate{endpoint: endpoint, way: make(chan struct{})}
	close(g.way)
	return g
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	way := g.way
	g.mu.Unlock()
	select {
	case <-way:
		return g.endpoint.RoundTrip(r)
	case <-r.Context().Done():
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, r.Context().Err()
	}
}

// shut closes the gate: an outage.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.way:
		g.way = make(chan struct{})
	default:
	}
}

// open ends the outage.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.way:
	default:
		close(g.way)
	}
}
