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

// hunt is a batch of n events of which some are bad, a service that refuses each
// request with a bad event in it, and a worker that drops a single event that is
// proved to be bad, and postpones others.
type hunt struct {
	t   *testing.T
	n   int
	bad []int // ascending

	bisection
	others      func() bool // reports whether the service took a request of another batch meanwhile
	taken       int         // requests the service took
	suspected   bool
	takenBefore int // when the first request was refused
	requests    int // after that one
	postponed   int // times an event was found without proof
	delivered   []run
	dropped     []int
	cut         []run // left out by keep
}

func newHunt(t *testing.T, n int, bad []int) *hunt {
	return &hunt{t: t, n: n, bad: bad, bisection: newBisection(0, n), others: func() bool { return false }}
}

// run sends requests until nothing is left, at most that many, and reports whether
// that is so.
func (h *hunt) run(most int) bool {
	for range most {
		if h.done() {
			return true
		}
		h.send()
		h.check()
	}
	return h.done()
}

func (h *hunt) send() {
	if h.others() {
		h.taken++
	}
	if h.suspected {
		h.requests++
	}
	from, to := h.next()
	if i := sort.SearchInts(h.bad, from); i == len(h.bad) || h.bad[i] >= to {
		h.taken++
		h.delivered = append(h.delivered, run{from, to})
		h.bisection.acknowledged()
	} else {
		if !h.suspected {
			h.suspected, h.takenBefore = true, h.taken
		}
		h.bisection.refused(h.taken > h.takenBefore, 1)
	}
	for h.halve() {
		i, to := h.next()
		if to != i+1 {
			h.t.Fatalf("found [%d, %d)", i, to)
		}
		if !h.proved() {
			h.postponed++
			h.quarantine()
			break
		}
		h.dropped = append(h.dropped, i)
		h.drop()
	}
}

// check holds that each event is at one place: settled or among the spans.
func (h *hunt) check() {
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
			h.t.Fatalf("events are missing or at two places: %v", places)
		}
		end = p.to
	}
	if end != h.n {
		h.t.Fatalf("events from %d on are missing", end)
	}
}

// result checks that the bad events were left out, and no others: each of those was
// delivered once, see check.
func (h *hunt) result() {
	h.t.Helper()
	slices.Sort(h.dropped)
	if !h.done() || !slices.Equal(h.dropped, h.bad) {
		h.t.Fatalf("%d events, bad are %v: left out %v", h.n, h.bad, h.dropped)
	}
}

// TestSearch: exactly the bad events are left out.
func TestSearch(t *testing.T) {
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
		h := newHunt(t, n, bad)
		switch r.IntN(3) {
		case 0: // there are no others
			if len(bad) == n {
				if h.run(500); len(h.dropped) > 0 {
					t.Fatalf("all %d events are bad, and nothing was ever taken, but %v were left out", n, h.dropped)
				}
				continue
			}
		case 1: // now and then
			h.others = func() bool { return r.IntN(10) == 0 }
		default:
			h.others = func() bool { return true }
		}
		// Each bad event takes one search, the first round without proof
		// another one. Where others are rare, those go on.
		if !h.run(1000 + 50*len(bad)) {
			t.Fatalf("%d events, bad are %v: no end, left are %+v", n, bad, h.spans)
		}
		h.result()
	}
}

// randomBad returns which of n events are bad.
func randomBad(r *rand.Rand, n int) (bad []int) {
	switch r.IntN(8) {
	case 0: // all, of not too many
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
	case 2: // at the ends
		return slices.Compact([]int{0, n - 1})
	}
	set := make(map[int]bool)
	for range r.IntN(6) {
		set[r.IntN(n)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// TestSearchIsShort: to find one bad event takes one request for each time the
// batch can be halved, one for what is left behind it, and one more, of the event
// alone, if that was not refused yet or only before there was evidence.
func TestSearchIsShort(t *testing.T) {
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
				h := newHunt(t, n, []int{i})
				if n == 1 { // or there is no evidence ever
					h.others = func() bool { return h.requests > 0 }
				}
				if others {
					h.others = func() bool { return true }
				}
				if !h.run(100) {
					t.Fatalf("event %d of %d: no end", i, n)
				}
				h.result()
				if h.requests > most+h.postponed || h.postponed > 1 && n > 1 {
					t.Errorf("event %d of %d: %d requests after the first one refused, %d times unproved", i, n, h.requests, h.postponed)
				}
				requests[h.requests]++
				unproved += min(h.postponed, 1)
			}
			if unproved > n-n/3 || n > 2 && unproved < n/3 { // by and large every second half
				t.Errorf("%d events: %d of them were found without proof", n, unproved)
			}
			if n == 10_000 {
				var table string
				for _, k := range slices.Sorted(maps.Keys(requests)) {
					table += fmt.Sprintf(" %d: %d", k, requests[k])
				}
				t.Logf("%d events, others taken meanwhile %v: requests after the first refused one:%s; without proof at first: %d", n, others, table, unproved)
			}
		}
	}
}

// TestSearchKnowsWhatIsProved goes through answers one by one.
func TestSearchKnowsWhatIsProved(t *testing.T) {
	rows := []struct {
		name    string
		n       int
		answers string // r: refused without evidence, R: with it, t: taken
		found   int    // the event found at the end; -1 = none
		proved  bool
		left    []span // then
	}{
		{"nothing wrong", 4, "t", -1, false, nil},
		{"refused: the first half comes next", 4, "r", -1, false, []span{{from: 0, to: 2, half: true}, {from: 2, to: 4}}},
		{"half taken: the other one must be bad", 4, "rt", -1, false, []span{{from: 2, to: 3, half: true}, {from: 3, to: 4}}},
		{"half taken, twice: found, but refused only before", 4, "rtt", 3, false, []span{{from: 3, to: 4, bad: true}}},
		{"half refused: nothing is known of the other", 4, "rr", -1, false, []span{{from: 0, to: 1, half: true}, {from: 1, to: 2}, {from: 2, to: 4}}},
		{"refused to the end, no evidence", 4, "rrr", 0, false, []span{{from: 0, to: 1, bad: true, alone: 1}, {from: 1, to: 4}}},
		{"refused to the end, with evidence", 4, "rRR", 0, true, []span{{from: 0, to: 1, bad: true, alone: 1, proved: true}, {from: 1, to: 4}}},
		{"refused again after something was taken", 4, "rtR", 2, true, []span{{from: 2, to: 3, bad: true, alone: 1, proved: true}, {from: 3, to: 4}}},
		{"the proof is of the half that was refused, not of the half of it that must be bad then", 4, "rRt", 1, false, []span{{from: 1, to: 2, bad: true}, {from: 2, to: 4}}},
		{"a first half is refused: no proof for the other", 2, "Rr", 0, false, []span{{from: 0, to: 1, bad: true, alone: 1}, {from: 1, to: 2}}},
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
			t.Errorf("%s: found %v", row.name, found)
			continue
		}
		if found {
			if i, _ := s.next(); i != row.found || s.proved() != row.proved {
				t.Errorf("%s: found %d, proved %v; want %d, %v", row.name, i, s.proved(), row.found, row.proved)
			}
		}
		if len(s.spans) != len(row.left) || len(row.left) > 0 && !reflect.DeepEqual(s.spans, row.left) {
			t.Errorf("%s: left are\n%+v, want\n%+v", row.name, s.spans, row.left)
		}
	}
}

// TestPostponed: events that were found without proof come last, alone, and are
// not joined with others.
func TestPostponed(t *testing.T) {
	s := newBisection(0, 4)
	if s.quarantined() {
		t.Error("it waits from the start")
	}
	for range 3 {
		s.refused(false, 1)
		s.halve()
	}
	s.quarantine() // event 0
	if from, to := s.next(); from != 1 || to != 4 || s.quarantined() {
		t.Errorf("next is [%d, %d), waits %v", from, to, s.quarantined())
	}
	s.refused(false, 1) // [1, 2) is next, then [2, 4)
	s.halve()
	s.refused(false, 1)
	if !s.halve() {
		t.Fatalf("left are %+v", s.spans)
	}
	s.quarantine()   // event 1
	s.acknowledged() // [2, 4)
	for i := range 2 {
		if from, to := s.next(); from != i || to != i+1 || !s.quarantined() {
			t.Errorf("next is [%d, %d), waits %v; want event %d", from, to, s.quarantined(), i)
		}
		s.refused(true, 1)
		if !s.halve() || !s.proved() {
			t.Fatalf("event %d is not found: %+v", i, s.spans)
		}
		s.drop()
	}
	if !s.done() || s.quarantined() {
		t.Errorf("left are %+v", s.spans)
	}
}

func TestAllOfNothing(t *testing.T) {
	for _, to := range []int{3, 2} {
		if s := newBisection(3, to); !s.done() || s.quarantined() || s.halve() {
			t.Errorf("[3, %d) is %+v", to, s)
		}
	}
}

func TestKeep(t *testing.T) {
	half, again := span{from: 2, to: 4, half: true}, span{from: 9, to: 10, isolated: true}
	rows := []struct {
		name     string
		spans    []span
		from, to int
		out      []run
		left     []span
	}{
		{"all: what was found stays", []span{half, {from: 4, to: 9}, again}, 0, 10, nil, []span{half, {from: 4, to: 9}, again}},
		{"exactly all", []span{half}, 2, 4, nil, []span{half}},
		{"cut before", []span{{from: 0, to: 10}}, 3, 10, []run{{0, 3}}, []span{{from: 3, to: 10}}},
		{"cut behind", []span{{from: 0, to: 10}}, 0, 7, []run{{7, 10}}, []span{{from: 0, to: 7}}},
		{"cut on both sides", []span{{from: 0, to: 10}}, 3, 7, []run{{0, 3}, {7, 10}}, []span{{from: 3, to: 7}}},
		{"what was found is forgotten", []span{half, {from: 4, to: 9}, again}, 3, 10, []run{{2, 3}}, []span{{from: 3, to: 4}, {from: 4, to: 9}, {from: 9, to: 10}}},
		{"a span goes", []span{half, {from: 4, to: 9}}, 4, 9, []run{{2, 4}}, []span{{from: 4, to: 9}}},
		{"postponed ones, not in order", []span{{from: 5, to: 9}, {from: 2, to: 3, isolated: true}}, 5, 9, []run{{2, 3}}, []span{{from: 5, to: 9}}},
		{"none is kept", []span{{from: 2, to: 4}, {from: 6, to: 7}}, 0, 0, []run{{2, 4}, {6, 7}}, nil},
		{"none is kept: the limits are between", []span{{from: 2, to: 8}}, 5, 5, []run{{2, 5}, {5, 8}}, nil},
		{"none is kept: the limits are at the end", []span{{from: 2, to: 8}}, 10, 10, []run{{2, 8}}, nil},
		{"nothing", nil, 0, 0, nil, nil},
	}
	for _, row := range rows {
		s := bisection{slices.Clone(row.spans)}
		if out := s.limitTo(row.from, row.to); !slices.Equal(out, row.out) {
			t.Errorf("%s: left out are %v, want %v", row.name, out, row.out)
		}
		if !slices.Equal(s.spans, row.left) {
			t.Errorf("%s: kept are %+v, want %+v", row.name, s.spans, row.left)
		}
	}
}

// TestKeepWhileSearching cuts a batch at random in the middle of a search, which
// then goes on.
func TestKeepWhileSearching(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		n := 1 + r.IntN(300)
		h := newHunt(t, n, randomBad(r, n))
		h.others = func() bool { return true }
		from, to := 0, n
		for steps := 0; !h.done(); steps++ {
			if h.send(); r.IntN(5) == 0 { // time goes by
				from = min(from+r.IntN(3), to)
				to = max(to-r.IntN(3), from)
				for _, out := range h.limitTo(from, to) {
					if out.from < to && out.to > from {
						t.Fatalf("seed %d: left out %v, but kept are [%d, %d)", seed, out, from, to)
					}
					h.cut = append(h.cut, out)
				}
			}
			if h.check(); steps > 5000 {
				t.Fatalf("seed %d: no end", seed)
			}
		}
		for _, i := range h.dropped {
			if _, bad := slices.BinarySearch(h.bad, i); !bad {
				t.Fatalf("seed %d: event %d is good", seed, i)
			}
		}
	}
}

// TestCut: a request of fewer events does not change what is known of the others.
func TestCut(t *testing.T) {
	rows := []struct {
		name string
		have []span
		at   int
		want []span
	}{
		{"nothing known", []span{{from: 2, to: 9}}, 5, []span{{from: 2, to: 5}, {from: 5, to: 9}}},
		{"others behind", []span{{from: 0, to: 4}, {from: 4, to: 5, isolated: true}}, 1, []span{{from: 0, to: 1}, {from: 1, to: 4}, {from: 4, to: 5, isolated: true}}},
		{"a half: the rest of it joins the other one", []span{{from: 0, to: 4, half: true}, {from: 4, to: 8}}, 3, []span{{from: 0, to: 3, half: true}, {from: 3, to: 8}}},
	}
	for _, row := range rows {
		s := bisection{row.have}
		if s.truncate(row.at); !reflect.DeepEqual(s.spans, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, s.spans, row.want)
		}
	}
}

// TestForget: what is left is sent as if nothing was known.
func TestForget(t *testing.T) {
	s := bisection{[]span{{from: 6, to: 9, half: true}, {from: 9, to: 12, bad: true}, {from: 0, to: 1, isolated: true, alone: 3}, {from: 2, to: 3, isolated: true}, {from: 1, to: 2, isolated: true}}}
	s.forget()
	if want := []span{{from: 0, to: 3}, {from: 6, to: 12}}; !reflect.DeepEqual(s.spans, want) {
		t.Errorf("%+v, want %+v", s.spans, want)
	}
	none := newBisection(0, 0)
	if none.forget(); !none.done() {
		t.Error("something came of nothing")
	}
}

// TestFailuresProveNothing: what is no refusal counts neither then nor later.
func TestFailuresProveNothing(t *testing.T) {
	s := newBisection(0, 1)
	for range 20 {
		if s.refused(true, never); !s.halve() || s.proved() {
			t.Fatalf("%+v", s.spans)
		}
		s.quarantine()
	}
	if s.refused(true, 2); s.proved() {
		t.Error("one refusal proves what takes two")
	}
}

// TestProvedByNumber: a single event may have to be refused several times.
func TestProvedByNumber(t *testing.T) {
	s := newBisection(0, 1)
	for i := range 3 {
		s.refused(i > 0, 3)
		if found := s.halve(); !found || s.proved() != (i == 2) {
			t.Errorf("after %d refusals: found %v, proved %v", i+1, found, s.proved())
		}
		if i < 2 {
			s.quarantine()
		}
	}
}
