package endpoint

import (
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// arrivals notifies subscribers of newly accepted events, after they are stored. Every event passes
// through it, whatever the store.
type arrivals struct {
	mu          sync.Mutex // guards subscribers
	subscribers map[*subscriber]struct{}
}

type subscriber struct{ notify func(Arrival) }

// Arrival is a set of events of one log stream that were accepted together.
type Arrival struct {
	Group, Stream string
	Ingestion     int64               // when they were accepted, in milliseconds since 1970
	First         int64               // number of the first event; the others follow it
	Events        []logstore.NewEvent // read-only
}

// Subscribe calls notify for all events accepted from now on. Several goroutines may call it at
// once, and they wait for it, so it must be fast. unsubscribe stops the calls, but does not wait for
// a call in progress.
func (s *Server) Subscribe(notify func(Arrival)) (unsubscribe func()) {
	return s.arrivals.subscribe(notify)
}

func (a *arrivals) subscribe(notify func(Arrival)) (unsubscribe func()) {
	sub := &subscriber{notify}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.subscribers == nil {
		a.subscribers = make(map[*subscriber]struct{})
	}
	a.subscribers[sub] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.subscribers, sub)
	}
}

func (a *arrivals) publish(events Arrival) {
	a.mu.Lock()
	var subscribers []*subscriber
	for sub := range a.subscribers {
		subscribers = append(subscribers, sub)
	}
	a.mu.Unlock()
	for _, sub := range subscribers {
		sub.notify(events)
	}
}
