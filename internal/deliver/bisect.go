package deliver

import "slices"

// bisection tracks which events of a sealed batch are to be sent, and bisects refused requests to
// find the bad events: those that make the service refuse the request.
//
// A refused span is halved. If the first half is accepted, the second must hold the bad event and
// is bisected without being sent. If the first half is refused too, nothing is known about the
// second, which is merged with the span after it:
//
//	10,000 events refused            [0 ............................ 10,000) bad
//	send the first half              [0 ..... 5,000) half  [5,000 ... 10,000)
//	accepted: the rest is bad                              [5,000 ... 10,000) bad
//	send its first half              [5,000 ... 7,500) half [7,500 . 10,000)
//	refused: halve it, and so on     [5,000 ... 7,500) bad [7,500 .. 10,000)
//
// At most 14 requests find one bad event among 10,000. One more may be needed to confirm it,
// alone, and one carries the events left after it.
type bisection struct{ spans []span }

// span is a run of unacknowledged events.
type span struct {
	from, to int
	half     bool // first half of a bad span: if it is accepted, the next span is bad
	bad      bool // contains an event that made a request fail
	proved   bool // refused itself, often enough, after the service had accepted something else
	alone    int  // refusals as a single event
	isolated bool // a single event, isolated before but not proved to be bad
}

// newBisection returns a bisection of the events [from, to); empty if there are none.
func newBisection(from, to int) bisection {
	if from >= to {
		return bisection{}
	}
	return bisection{[]span{{from: from, to: to}}}
}

// done reports whether nothing is left to send.
func (s *bisection) done() bool { return len(s.spans) == 0 }

// next returns the events to send now.
func (s *bisection) next() (from, to int) { return s.spans[0].from, s.spans[0].to }

// acknowledged records that the last request was accepted.
func (s *bisection) acknowledged() {
	half := s.spans[0].half
	s.spans = s.spans[1:]
	if half {
		s.spans[0].bad = true
	}
}

// refused records that the last request was refused. evidence means that the service has accepted
// another request since this batch was first refused. needed is how often a single event must be
// refused to be proved bad; never for a failure that is not a refusal.
func (s *bisection) refused(evidence bool, needed int) {
	first := &s.spans[0]
	if first.half {
		first.half = false
		s.merge(1)
	}
	if first.to-first.from == 1 && needed != never {
		first.alone++
	}
	first.bad, first.proved = true, evidence && first.alone >= needed
}

// forget discards what the bisection has found.
func (s *bisection) forget() {
	slices.SortFunc(s.spans, func(a, b span) int { return a.from - b.from })
	var whole []span
	for _, sp := range s.spans {
		if last := len(whole) - 1; last >= 0 && whole[last].to == sp.from {
			whole[last].to = sp.to
		} else {
			whole = append(whole, span{from: sp.from, to: sp.to})
		}
	}
	s.spans = whole
}

// truncate ends the next request before event end.
func (s *bisection) truncate(end int) {
	first := s.spans[0]
	if first.half { // the remainder is merged with the other half
		s.spans[0].to, s.spans[1].from = end, end
		return
	}
	s.spans[0].to = end
	s.spans = slices.Insert(s.spans, 1, span{from: end, to: first.to})
}

// merge merges span i with the next one if nothing is known about the latter.
func (s *bisection) merge(i int) {
	if i+1 >= len(s.spans) {
		return
	}
	a, b := s.spans[i], s.spans[i+1]
	if a.to == b.from && !b.bad && !b.half {
		s.spans[i].to = b.to
		s.spans = slices.Delete(s.spans, i+1, i+2)
	}
}

// halve splits a bad span so that its first half is sent next. It returns true if the bad span is
// a single event.
func (s *bisection) halve() (found bool) {
	if s.done() || !s.spans[0].bad {
		return false
	}
	bad := s.spans[0]
	if bad.to-bad.from == 1 {
		return true
	}
	middle := bad.from + (bad.to-bad.from)/2
	s.spans = slices.Insert(s.spans, 0, span{from: bad.from, to: middle, half: true})
	s.spans[1] = span{from: middle, to: bad.to}
	return false
}

// proved reports whether the event isolated by halve has been refused itself. An event that was
// only inferred to be bad may be fine: the service may have failed for a moment.
func (s *bisection) proved() bool { return s.spans[0].proved }

// drop removes the single event.
func (s *bisection) drop() { s.spans = s.spans[1:] }

// quarantine moves the single event to the end, to be sent once more, alone.
func (s *bisection) quarantine() {
	single := s.spans[0]
	s.spans = append(s.spans[1:], span{from: single.from, to: single.to, alone: single.alone, isolated: true})
}

// quarantined reports whether only quarantined events are left.
func (s *bisection) quarantined() bool { return !s.done() && s.spans[0].isolated }

// limitTo removes all events except [from, to), and returns the removed runs. If there are any,
// what the bisection has found is discarded.
func (s *bisection) limitTo(from, to int) (out []run) {
	var kept []span
	for _, sp := range s.spans {
		if before := (run{sp.from, min(sp.to, from)}); before.from < before.to {
			out = append(out, before)
		}
		if in := (span{from: max(sp.from, from), to: min(sp.to, to)}); in.from < in.to {
			kept = append(kept, in)
		}
		if behind := (run{max(sp.from, to), sp.to}); behind.from < behind.to {
			out = append(out, behind)
		}
	}
	if out != nil {
		s.spans = kept
	}
	return out
}

// run is the half-open range [from, to) of a batch's events.
type run struct{ from, to int }
