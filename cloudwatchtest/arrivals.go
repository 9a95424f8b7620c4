package cloudwatchtest

import "sync"

// arrivals tells listeners of events that have just been accepted, when they
// are stored. It is the one place where that is known: of all stores, and of
// all ways in.
type arrivals struct {
	mu        sync.Mutex // guards listeners
	listeners map[*listener]struct{}
}

type listener struct{ hear func(arrival) }

// arrival is events of one stream that were accepted together.
type arrival struct {
	group, stream string
	ingestion     int64        // when they were accepted, in milliseconds since 1970
	first         int64        // the number of the first one; the others follow it
	events        []inputEvent // not to be changed
}

// listen has hear called for all that arrives from now on, by several
// goroutines at once, which wait for it: it must be quick. stop ends that; a
// call that has begun goes on.
func (a *arrivals) listen(hear func(arrival)) (stop func()) {
	l := &listener{hear}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listeners == nil {
		a.listeners = make(map[*listener]struct{})
	}
	a.listeners[l] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.listeners, l)
	}
}

func (a *arrivals) tell(events arrival) {
	a.mu.Lock()
	var listeners []*listener
	for l := range a.listeners {
		listeners = append(listeners, l)
	}
	a.mu.Unlock()
	for _, l := range listeners {
		l.hear(events)
	}
}
