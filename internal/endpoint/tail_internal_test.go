package endpoint

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTailIsBounded: whatever is offered to a session that nobody reads, it
// keeps a bounded number of bytes, and the frame of an update is one that the
// SDK accepts.
func TestTailIsBounded(t *testing.T) {
	tail := newSession(sessionStart{}, func(string) bool { return true })
	tail.groups = []string{"g"}
	// Control characters take the most room in JSON.
	large := strings.Repeat("\x01", maxEventBytes-eventOverhead)
	stream := strings.Repeat("\x01", 512)
	for second := range 15 {
		for i := range 40 {
			tail.offer(Arrival{"g", stream, 1, 1, []inputEvent{{Timestamp: 1, Message: large}, {Timestamp: 2, Message: large[:i*1000]}}})
		}
		if tail.bytes > maxUpdateBytes {
			t.Fatalf("second %d: %d bytes", second, tail.bytes)
		}
		tail.tick()
		if n := len(tail.updates); n > maxPendingUpdates {
			t.Fatalf("%d updates wait", n)
		}
	}
	for _, u := range tail.updates {
		if !u.Metadata.Sampled || len(u.Results) == 0 {
			t.Errorf("an update of %d events, sampled %v", len(u.Results), u.Metadata.Sampled)
		}
	}
	const decoderLimit = 24 << 20 // of the payload; source: botocore, eventstream.py
	if frame, ok := tail.next(); !ok || len(frame) > decoderLimit || len(frame) < decoderLimit/2 {
		t.Errorf("a frame of %d bytes", len(frame))
	}
}

// TestTailMatches: the pattern decides what is offered, shown and counted.
func TestTailMatches(t *testing.T) {
	tail := newSession(sessionStart{}, func(message string) bool { return strings.HasPrefix(message, "a") })
	tail.groups = []string{"g"}
	var events []inputEvent
	for i := range 600 {
		events = append(events, inputEvent{Timestamp: 1, Message: fmt.Sprint("b", i)}, inputEvent{Timestamp: 1, Message: fmt.Sprint("a", i)})
	}
	tail.offer(Arrival{"g", "s", 1, 1, events[:1000]})
	tail.tick()
	if u := tail.updates[0]; u.Metadata.Sampled || len(u.Results) != 500 || u.Results[499].Message != "a499" {
		t.Errorf("%d events, sampled %v", len(u.Results), u.Metadata.Sampled)
	}
	tail.offer(Arrival{"g", "s", 1, 1, events})
	tail.tick()
	if u := tail.updates[1]; !u.Metadata.Sampled || len(u.Results) != 500 {
		t.Errorf("%d events, sampled %v", len(u.Results), u.Metadata.Sampled)
	}
}

// BenchmarkTail is what PutLogEvents pays for open sessions, for each event.
func BenchmarkTail(b *testing.B) {
	events := make([]inputEvent, 1000)
	for i := range events {
		events[i] = inputEvent{Timestamp: time.Now().UnixMilli(), Message: fmt.Sprint("request ", i, " took 17 ms")}
	}
	for _, sessions := range []int{0, 1, maxSessions} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			var a arrivals
			var open []*session
			for range sessions {
				t := newSession(sessionStart{}, func(string) bool { return true })
				t.groups = []string{"g"}
				open = append(open, t)
				a.subscribe(t.offer)
			}
			for i := 0; b.Loop(); i++ {
				a.publish(Arrival{"g", "s", 1, 1, events})
				if i%100 == 0 {
					for _, t := range open {
						t.tick()
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}
