package deliver

import "slices"

// search says which events of a sealed batch are to be sent, and finds the bad
// ones: those because of which the service refuses a request.
//
// A refused span is halved. When the first half is taken, the second must hold
// the bad event, without being sent. When the first half is refused too, nothing
// is known of the second any more, and it joins what comes behind it:
//
//	10,000 events refused            [0 ............................ 10,000) bad
//	send the first half              [0 ..... 5,000) half  [5,000 ... 10,000)
//	taken: the rest is bad                                 [5,000 ... 10,000) bad
//	send its first half              [5,000 ... 7,500) half [7,500 . 10,000)
//	refused: halve it, and so on     [5,000 ... 7,500) bad [7,500 .. 10,000)
//
// So at most 14 requests find one bad event among 10,000. One more may be needed
// to make sure of it, alone, and one carries what was left behind it.
type search struct{ spans []span }

// span is a run of events that are not settled.
type span struct {
	from, to int
	half     bool // if it is taken, the next one is bad
	bad      bool // it holds an event because of which a request was refused
	proved   bool // it was refused itself, often enough, after the service had taken something else
	alone    int  // how often it was refused as a single event
	again    bool // a single event that was found already, but not proved to be bad
}

// all is a search among the events [from, to), none if that is empty.
func all(from, to int) search {
	if from >= to {
		return search{}
	}
	return search{[]span{{from: from, to: to}}}
}

// done reports whether nothing is left to be sent.
func (s *search) done() bool { return len(s.spans) == 0 }

// next returns the events to be sent now.
func (s *search) next() (from, to int) { return s.spans[0].from, s.spans[0].to }

// taken enters that the service has taken what was sent.
func (s *search) taken() {
	half := s.spans[0].half
	s.spans = s.spans[1:]
	if half {
		s.spans[0].bad = true
	}
}

// refused enters that what was sent was refused. evidence means that the service had
// taken something else since events of this batch were first refused. needed says how
// often a single event must be refused to be proved bad; never is for a failure that is no
// refusal.
func (s *search) refused(evidence bool, needed int) {
	first := &s.spans[0]
	if first.half {
		first.half = false
		s.join(1)
	}
	if first.to-first.from == 1 && needed != never {
		first.alone++
	}
	first.bad, first.proved = true, evidence && first.alone >= needed
}

// forget forgets what was found.
func (s *search) forget() {
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

// cut has what is sent end before an event.
func (s *search) cut(end int) {
	first := s.spans[0]
	if first.half { // what is left of it joins the other half
		s.spans[0].to, s.spans[1].from = end, end
		return
	}
	s.spans[0].to = end
	s.spans = slices.Insert(s.spans, 1, span{from: end, to: first.to})
}

// join makes one span of span i and the next one if nothing is known of either.
func (s *search) join(i int) {
	if i+1 >= len(s.spans) {
		return
	}
	a, b := s.spans[i], s.spans[i+1]
	if a.to == b.from && !b.bad && !b.half {
		s.spans[i].to = b.to
		s.spans = slices.Delete(s.spans, i+1, i+2)
	}
}

// halve cuts what is known to be bad until its first half can be sent, or a
// single event is left. It returns whether that is so.
func (s *search) halve() (found bool) {
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

// proved reports whether the single event that halve has found is known to be
// bad: what was only concluded may be wrong, if the service was out of order for
// a moment.
func (s *search) proved() bool { return s.spans[0].proved }

// drop leaves the single event out for good.
func (s *search) drop() { s.spans = s.spans[1:] }

// postpone has the single event sent once more, alone, after all others.
func (s *search) postpone() {
	single := s.spans[0]
	s.spans = append(s.spans[1:], span{from: single.from, to: single.to, alone: single.alone, again: true})
}

// waits reports whether nothing but postponed events is left.
func (s *search) waits() bool { return !s.done() && s.spans[0].again }

// keep leaves out all events but [from, to), and returns the runs left out. What
// was found is forgotten if there are any.
func (s *search) keep(from, to int) (out []run) {
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

// run is the events [from, to) of a batch.
type run struct{ from, to int }
