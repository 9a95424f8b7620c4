package recovery

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// A log stream that cannot be written to, because a permission is missing or its only event is
// refused, must block neither others nor segments left later.
func TestBlockedLogStream(t *testing.T) {
	for _, row := range []struct {
		way          string
		events, size int
	}{{"small", 1, 10}, {"large", 6000, 1000}} {
		t.Run(row.way, func(t *testing.T) {
			s := newScene(t)
			s.leave(file{producer: 2, number: 1, created: 1, stream: "denied", first: 1, events: row.events, size: row.size})
			s.leave(file{producer: 3, number: 1, created: 2, first: 1, events: 5})
			s.cfg.Patience = 100 * time.Millisecond
			s.cfg.Deliver = func(stream string, q *queue.Queue) Worker {
				if stream == "denied" {
					w := &sink{s: s, done: make(chan struct{}), stop: make(chan struct{})}
					go func() { defer close(w.done); <-w.stop }()
					return w
				}
				return s.deliver(stream, q)
			}
			r := s.start()
			deadline := time.Now().Add(15 * time.Second)
			for later := false; ; {
				switch n := len(s.sent("s")); {
				case n == 10:
					return
				case n == 5 && !later:
					later = true
					s.leave(file{producer: 4, number: 1, created: 3, first: 1, events: 5})
					go func() { _ = r.Await(t.Context()) }()
				}
				if time.Now().After(deadline) {
					t.Fatalf("only %d events are sent; %+v", len(s.sent("s")), r.Counts())
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}
