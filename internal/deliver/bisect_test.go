package deliver

import (
	"fmt"
	"maps"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"
	"time"
)

// simulation is a batch of n events, some of them bad, a service that refuses each request with a
// bad event in it, and a worker that drops a single event that is proved to be bad and quarantines
// others.
type simulation struct {
	t   *testing.T
	n   int
	bad []int // ascending

	bisection
	others         func() bool // reports whether the service accepted a request of another batch meanwhile
	accepted       int         // requests the service accepted
	suspected      bool
	acceptedBefore int // when the first request was refused
	requests       int // requests after that one
	unproved       int // times an event was isolated without proof
	delivered      []run
	dropped        []int
	cut            []run // removed by limitTo
}

func newSimulation(t *testing.T, n int, bad []int) *simulation {
	return &simulation{t: t, n: n, bad: bad, bisection: newBisection(0, n), others: func() bool { return false }}
}

// run sends at most most requests and reports whether no events are left.
func (h *simulation) run(most int) bool {
	for range most {
		if h.done() {
			return true
		}
		h.send()
		h.check()
	}
	return h.done()
}

func (h *simulation) send() {
	if h.others() {
		h.accepted++
	}
	if h.suspected {
		h.requests++
	}
	from, to := h.next()
	if i := sort.SearchInts(h.bad, from); i == len(h.bad) || h.bad[i] >= to {
		h.accepted++
		h.delivered = append(h.delivered, run{from, to})
		h.bisection.acknowledged()
	} else {
		if !h.suspected {
			h.suspected, h.acceptedBefore = true, h.accepted
		}
		h.bisection.refused(h.accepted > h.acceptedBefore, 1)
	}
	for h.halve() {
		i, to := h.next()
		if to != i+1 {
			h.t.Fatalf("isolated [%d, %d)", i, to)
		}
		if !h.proved() {
			h.unproved++
			h.quarantine()
			break
		}
		h.dropped = append(h.dropped, i)
		h.drop()
	}
}

// check verifies that each event is in exactly one place: sent, dropped or in one of the spans.
func (h *simulation) check() {
	h.t.Helper()
	places := slices.Concat(h.delivered, h.cut)
	for _, i := range h.dropped {
		places = append(places, run{i, i + 1})
	}
	again := false
	for i, s := range h.spans {
		if s.half && i > 0 || s.bad || again && !s.isolated || s.isolated && s.to != s.from+1 {
			h.t.Fatalf("span %d of %+v", i, h.spans)
		}
		again = s.isolated
		places = append(places, run{s.from, s.to})
	}
	slices.SortFunc(places, func(a, b run) int { return a.from - b.from })
	end := 0
	for _, p := range places {
		if p.from != end || p.to <= p.from {
			h.t.Fatalf("events are missing or in two places: %v", places)
		}
		end = p.to
	}
	if end != h.n {
		h.t.Fatalf("events from %d on are missing", end)
	}
}

// result verifies that exactly the bad events were dropped. check has verified that each of the
// others was delivered once.
func (h *simulation) result() {
	h.t.Helper()
	slices.Sort(h.dropped)
	if !h.done() || !slices.Equal(h.dropped, h.bad) {
		h.t.Fatalf("%d events, bad %v: dropped %v", h.n, h.bad, h.dropped)
	}
}

// TestBisectionDropsExactlyBadEvents with random batches and evidence.
func TestBisectionDropsExactlyBadEvents(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	for range 1500 {
		n := 1 + r.IntN([]int{3, 20, 200, 10_000}[r.IntN(4)])
		bad := randomBad(r, n)
		h := newSimulation(t, n, bad)
		switch r.IntN(3) {
		case 0: // never
			if len(bad) == n {
				if h.run(500); len(h.dropped) > 0 {
					t.Fatalf("all %d events are bad and nothing was ever accepted, but %v were dropped", n, h.dropped)
				}
				continue
			}
		case 1: // sometimes
			h.others = func() bool { return r.IntN(10) == 0 }
		default:
			h.others = func() bool { return true }
		}
		// Each bad event takes one bisection, and another one if the first lacks proof. If others
		// are rare, there are more.
		if !h.run(1000 + 50*len(bad)) {
			t.Fatalf("%d events, bad %v: does not end, left %+v", n, bad, h.spans)
		}
		h.result()
	}
}

// randomBad returns which of n events are bad.
func randomBad(r *rand.Rand, n int) (bad []int) {
	switch r.IntN(8) {
	case 0: // all, in a small batch
		for i := range min(n, 50) {
			bad = append(bad, i)
		}
		return bad
	case 1: // neighbours
		first := r.IntN(n)
		for i := first; i < min(first+2+r.IntN(4), n); i++ {
			bad = append(bad, i)
		}
		return bad
	case 2: // first and last
		return slices.Compact([]int{0, n - 1})
	}
	set := make(map[int]bool)
	for range r.IntN(6) {
		set[r.IntN(n)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// TestBisectionIsShort: finding one bad event takes one request for each halving of the batch,
// one for the events after it, and one more of the event alone, if it was not refused alone yet
// or only before there was evidence.
func TestBisectionIsShort(t *testing.T) {
	sizes := []int{999, 4097, 10_000}
	for n := 1; n <= 130; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		for _, others := range []bool{false, true} {
			most := bits.Len(uint(n-1)) + 1
			requests := make(map[int]int)
			unproved := 0
			for i := range n {
				h := newSimulation(t, n, []int{i})
				if n == 1 { // or there would never be evidence
					h.others = func() bool { return h.requests > 0 }
				}
				if others {
					h.others = func() bool { return true }
				}
				if !h.run(100) {
					t.Fatalf("event %d of %d: does not end", i, n)
				}
				h.result()
				if h.requests > most+h.unproved || h.unproved > 1 && n > 1 {
					t.Errorf("event %d of %d: %d requests after the first one refused, %d times unproved", i, n, h.requests, h.unproved)
				}
				requests[h.requests]++
				unproved += min(h.unproved, 1)
			}
			if unproved > n-n/3 || n > 2 && unproved < n/3 { // about every second half
				t.Errorf("%d events: %d of them were isolated without proof", n, unproved)
			}
			if n == 10_000 {
				var table string
				for _, k := range slices.Sorted(maps.Keys(requests)) {
					table += fmt.Sprintf(" %d: %d", k, requests[k])
				}
				t.Logf("%d events, others accepted meanwhile %v: requests after the first refusal:%s; without proof at first: %d", n, others, table, unproved)
			}
		}
	}
}

// TestBisectionSteps checks the spans after sequences of answers.
func TestBisectionSteps(t *testing.T) {
	rows := []struct {
		name    string
		n       int
		answers string // r: refused without evidence, R: refused with evidence, t: accepted
		found   int    // the event isolated at the end; -1: none
		proved  bool
		left    []span // at the end
	}{
		{"accepted", 4, "t", -1, false, nil},
		{"refused: the first half is next", 4, "r", -1, false, []span{{from: 0, to: 2, half: true}, {from: 2, to: 4}}},
		{"half accepted: the other must be bad", 4, "rt", -1, false, []span{{from: 2, to: 3, half: true}, {from: 3, to: 4}}},
		{"half accepted, twice: isolated, but never refused alone", 4, "rtt", 3, false, []span{{from: 3, to: 4, bad: true}}},
		{"half refused: nothing is known about the other", 4, "rr", -1, false, []span{{from: 0, to: 1, half: true}, {from: 1, to: 2}, {from: 2, to: 4}}},
		{"refused to the end without evidence", 4, "rrr", 0, false, []span{{from: 0, to: 1, bad: true, alone: 1}, {from: 1, to: 4}}},
		{"refused to the end with evidence", 4, "rRR", 0, true, []span{{from: 0, to: 1, bad: true, alone: 1, proved: true}, {from: 1, to: 4}}},
		{"refused after something was accepted", 4, "rtR", 2, true, []span{{from: 2, to: 3, bad: true, alone: 1, proved: true}, {from: 3, to: 4}}},
		{"a refused half is proved bad, but not its inferred half", 4, "rRt", 1, false, []span{{from: 1, to: 2, bad: true}, {from: 2, to: 4}}},
		{"first half refused: no proof about the other", 2, "Rr", 0, false, []span{{from: 0, to: 1, bad: true, alone: 1}, {from: 1, to: 2}}},
		{"one event", 1, "r", 0, false, []span{{from: 0, to: 1, bad: true, alone: 1}}},
	}
	for _, row := range rows {
		s := newBisection(0, row.n)
		found := false
		for _, a := range row.answers {
			if a == 't' {
				s.acknowledged()
			} else {
				s.refused(a == 'R', 1)
			}
			found = s.halve()
		}
		if found != (row.found >= 0) {
			t.Errorf("%s: isolated %v", row.name, found)
			continue
		}
		if found {
			if i, _ := s.next(); i != row.found || s.proved() != row.proved {
				t.Errorf("%s: isolated %d, proved %v; want %d, %v", row.name, i, s.proved(), row.found, row.proved)
			}
		}
		if len(s.spans) != len(row.left) || len(row.left) > 0 && !reflect.DeepEqual(s.spans, row.left) {
			t.Errorf("%s: left\n%+v, want\n%+v", row.name, s.spans, row.left)
		}
	}
}

// TestQuarantinedEventsComeLast: events isolated without proof come last, alone, and are not merged
// with others.
func TestQuarantinedEventsComeLast(t *testing.T) {
	s := newBisection(0, 4)
	if s.quarantined() {
		t.Error("quarantined from the start")
	}
	for range 3 {
		s.refused(false, 1)
		s.halve()
	}
	s.quarantine() // event 0
	if from, to := s.next(); from != 1 || to != 4 || s.quarantined() {
		t.Errorf("next is [%d, %d), quarantined %v", from, to, s.quarantined())
	}
	s.refused(false, 1) // [1, 2) is next, then [2, 4)
	s.halve()
	s.refused(false, 1)
	if !s.halve() {
		t.Fatalf("left %+v", s.spans)
	}
	s.quarantine()   // event 1
	s.acknowledged() // [2, 4)
	for i := range 2 {
		if from, to := s.next(); from != i || to != i+1 || !s.quarantined() {
			t.Errorf("next is [%d, %d), quarantined %v; want event %d", from, to, s.quarantined(), i)
		}
		s.refused(true, 1)
		if !s.halve() || !s.proved() {
			t.Fatalf("event %d is not isolated: %+v", i, s.spans)
		}
		s.drop()
	}
	if !s.done() || s.quarantined() {
		t.Errorf("left %+v", s.spans)
	}
}

func TestBisectionOfNothing(t *testing.T) {
	for _, to := range []int{3, 2} {
		if s := newBisection(3, to); !s.done() || s.quarantined() || s.halve() {
			t.Errorf("[3, %d) is %+v", to, s)
		}
	}
}

func TestLimitTo(t *testing.T) {
	half, again := span{from: 2, to: 4, half: true}, span{from: 9, to: 10, isolated: true}
	rows := []struct {
		name     string
		spans    []span
		from, to int
		out      []run
		left     []span
	}{
		{"all kept: the state is unchanged", []span{half, {from: 4, to: 9}, again}, 0, 10, nil, []span{half, {from: 4, to: 9}, again}},
		{"exactly all kept", []span{half}, 2, 4, nil, []span{half}},
		{"removed at the start", []span{{from: 0, to: 10}}, 3, 10, []run{{0, 3}}, []span{{from: 3, to: 10}}},
		{"removed at the end", []span{{from: 0, to: 10}}, 0, 7, []run{{7, 10}}, []span{{from: 0, to: 7}}},
		{"removed on both sides", []span{{from: 0, to: 10}}, 3, 7, []run{{0, 3}, {7, 10}}, []span{{from: 3, to: 7}}},
		{"the state is discarded", []span{half, {from: 4, to: 9}, again}, 3, 10, []run{{2, 3}}, []span{{from: 3, to: 4}, {from: 4, to: 9}, {from: 9, to: 10}}},
		{"a whole span removed", []span{half, {from: 4, to: 9}}, 4, 9, []run{{2, 4}}, []span{{from: 4, to: 9}}},
		{"quarantined events, out of order", []span{{from: 5, to: 9}, {from: 2, to: 3, isolated: true}}, 5, 9, []run{{2, 3}}, []span{{from: 5, to: 9}}},
		{"none is kept", []span{{from: 2, to: 4}, {from: 6, to: 7}}, 0, 0, []run{{2, 4}, {6, 7}}, nil},
		{"none is kept: the limits are inside", []span{{from: 2, to: 8}}, 5, 5, []run{{2, 5}, {5, 8}}, nil},
		{"none is kept: the limits are at the end", []span{{from: 2, to: 8}}, 10, 10, []run{{2, 8}}, nil},
		{"nothing", nil, 0, 0, nil, nil},
	}
	for _, row := range rows {
		s := bisection{slices.Clone(row.spans)}
		if out := s.limitTo(row.from, row.to); !slices.Equal(out, row.out) {
			t.Errorf("%s: removed %v, want %v", row.name, out, row.out)
		}
		if !slices.Equal(s.spans, row.left) {
			t.Errorf("%s: kept %+v, want %+v", row.name, s.spans, row.left)
		}
	}
}

// TestLimitToDuringBisection limits a batch at random during a bisection, which then continues.
func TestLimitToDuringBisection(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		n := 1 + r.IntN(300)
		h := newSimulation(t, n, randomBad(r, n))
		h.others = func() bool { return true }
		from, to := 0, n
		for steps := 0; !h.done(); steps++ {
			if h.send(); r.IntN(5) == 0 { // as time passes
				from = min(from+r.IntN(3), to)
				to = max(to-r.IntN(3), from)
				for _, out := range h.limitTo(from, to) {
					if out.from < to && out.to > from {
						t.Fatalf("seed %d: removed %v, but [%d, %d) is kept", seed, out, from, to)
					}
					h.cut = append(h.cut, out)
				}
			}
			if h.check(); steps > 5000 {
				t.Fatalf("seed %d: does not end", seed)
			}
		}
		for _, i := range h.dropped {
			if _, bad := slices.BinarySearch(h.bad, i); !bad {
				t.Fatalf("seed %d: dropped event %d, which is good", seed, i)
			}
		}
	}
}

// TestTruncate: a smaller request does not change what is known about the other events.
func TestTruncate(t *testing.T) {
	rows := []struct {
		name string
		have []span
		at   int
		want []span
	}{
		{"nothing known", []span{{from: 2, to: 9}}, 5, []span{{from: 2, to: 5}, {from: 5, to: 9}}},
		{"with quarantined events", []span{{from: 0, to: 4}, {from: 4, to: 5, isolated: true}}, 1, []span{{from: 0, to: 1}, {from: 1, to: 4}, {from: 4, to: 5, isolated: true}}},
		{"a half: the remainder joins the other half", []span{{from: 0, to: 4, half: true}, {from: 4, to: 8}}, 3, []span{{from: 0, to: 3, half: true}, {from: 3, to: 8}}},
	}
	for _, row := range rows {
		s := bisection{row.have}
		if s.truncate(row.at); !reflect.DeepEqual(s.spans, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, s.spans, row.want)
		}
	}
}

// TestForget: the remaining events are sent as if nothing was known about them.
func TestForget(t *testing.T) {
	s := bisection{[]span{{from: 6, to: 9, half: true}, {from: 9, to: 12, bad: true}, {from: 0, to: 1, isolated: true, alone: 3}, {from: 2, to: 3, isolated: true}, {from: 1, to: 2, isolated: true}}}
	s.forget()
	if want := []span{{from: 0, to: 3}, {from: 6, to: 12}}; !reflect.DeepEqual(s.spans, want) {
		t.Errorf("%+v, want %+v", s.spans, want)
	}
	none := newBisection(0, 0)
	if none.forget(); !none.done() {
		t.Error("an empty bisection is no longer empty")
	}
}

// TestFailuresProveNothing: a failure that is not a refusal never counts as one.
func TestFailuresProveNothing(t *testing.T) {
	s := newBisection(0, 1)
	for range 20 {
		if s.refused(true, never); !s.halve() || s.proved() {
			t.Fatalf("%+v", s.spans)
		}
		s.quarantine()
	}
	if s.refused(true, 2); s.proved() {
		t.Error("proved after one refusal, want two")
	}
}

// TestProofTakesSeveralRefusals if needed is greater than 1.
func TestProofTakesSeveralRefusals(t *testing.T) {
	s := newBisection(0, 1)
	for i := range 3 {
		s.refused(i > 0, 3)
		if found := s.halve(); !found || s.proved() != (i == 2) {
			t.Errorf("after %d refusals: isolated %v, proved %v", i+1, found, s.proved())
		}
		if i < 2 {
			s.quarantine()
		}
	}
}
