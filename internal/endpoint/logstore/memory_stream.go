package logstore

import (
	"slices"
	"sort"
)

// memoryStream is a log stream in memory, guarded by Memory.mu.
type memoryStream struct {
	Stream

	events []memoryEvent // in the order of arrival
	// order lists the events by position, as indexes into events. It may lack the latest ones (see
	// sortByTime), and is nil as long as the events arrive in time order, which is the usual case.
	order []int32
	mixed bool // events did not arrive in time order
}

type memoryEvent struct {
	Position
	ingestion int64
	message   string
}

// append adds events, which must be in time order. Their numbers follow last.
func (s *memoryStream) append(events []NewEvent, now, last int64) {
	if len(events) == 0 {
		return
	}
	if n := len(s.events); n > 0 && events[0].Timestamp < s.events[n-1].Time {
		s.mixed = true
	}
	s.events = slices.Grow(s.events, len(events))
	for i := range events {
		last++
		s.events = append(s.events, memoryEvent{Position{events[i].Timestamp, last}, now, events[i].Message})
		s.Bytes += int64(len(events[i].Message) + Overhead)
	}
	first, latest := events[0].Timestamp, events[len(events)-1].Timestamp
	if s.LastNumber == 0 {
		s.First, s.Last = first, latest
	}
	s.First, s.Last = min(s.First, first), max(s.Last, latest)
	s.LastNumber, s.LastIngestion = last, now
}

// arrived returns a copy of the events in the order of arrival.
func (s *memoryStream) arrived() []Event {
	var events []Event
	for i := range s.events {
		events = append(events, s.shown(&s.events[i]))
	}
	return events
}

func (s *memoryStream) shown(e *memoryEvent) Event {
	return Event{e.Position, s.Name, e.ingestion, e.message}
}

// sortByTime updates order. New events are sorted among themselves and merged in from the end, so a
// small disorder costs little.
func (s *memoryStream) sortByTime() {
	if !s.mixed || len(s.order) == len(s.events) {
		return
	}
	old := len(s.order)
	for i := old; i < len(s.events); i++ {
		s.order = append(s.order, int32(i))
	}
	fresh := slices.Clone(s.order[old:])
	sort.Slice(fresh, func(i, j int) bool {
		return s.events[fresh[i]].Before(s.events[fresh[j]].Position)
	})
	for to, i, j := len(s.order)-1, old-1, len(fresh)-1; j >= 0; to-- {
		if i >= 0 && s.events[fresh[j]].Before(s.events[s.order[i]].Position) {
			s.order[to] = s.order[i]
			i--
		} else {
			s.order[to] = fresh[j]
			j--
		}
	}
}

// at returns the i-th event by position. sortByTime must have been called.
func (s *memoryStream) at(i int) *memoryEvent {
	if s.mixed {
		return &s.events[s.order[i]]
	}
	return &s.events[i]
}

// search returns the number of events before p. sortByTime must have been called.
func (s *memoryStream) search(p Position) int {
	return sort.Search(len(s.events), func(i int) bool { return !s.at(i).Before(p) })
}

// earliest returns the time of the earliest stored event.
func (s *memoryStream) earliest() (at int64, ok bool) {
	if len(s.events) == 0 {
		return 0, false
	}
	s.sortByTime()
	return s.at(0).Time, true
}

// dropEarliest removes the n earliest events.
func (s *memoryStream) dropEarliest(n int) {
	s.sortByTime()
	gone := make([]bool, len(s.events))
	for i := range n {
		e := s.at(i)
		s.Bytes -= int64(len(e.message) + Overhead)
		if s.mixed {
			gone[s.order[i]] = true
		} else {
			gone[i] = true
		}
	}
	// A copy releases the memory of the removed events.
	left := make([]memoryEvent, 0, len(s.events)-n)
	for i := range s.events {
		if !gone[i] {
			left = append(left, s.events[i])
		}
	}
	s.events, s.order = left, nil
}

// bytesSince returns the size of the events at or after a time.
func (s *memoryStream) bytesSince(since int64) int64 {
	if since <= 0 {
		return s.Bytes
	}
	s.sortByTime()
	n := s.Bytes
	for i := range s.search(Position{Time: since}) {
		n -= int64(len(s.at(i).message) + Overhead)
	}
	return n
}
