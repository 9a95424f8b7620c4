package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// names formats events as "stream@time/number".
func names(events []logstore.Event) string {
	var list []string
	for _, e := range events {
		list = append(list, fmt.Sprintf("%s@%d/%d", e.Stream, e.Time, e.Number))
	}
	return strings.Join(list, " ")
}

func testScan(t *testing.T, s logstore.Store) {
	with(t, s, "g", "a1", "a2", "b")
	with(t, s, "other", "a1")
	add(t, s, "g", "a1", 1, 10, 20, 20, 30) // 1 2 3 4
	add(t, s, "other", "a1", 2, 15)         // 5
	add(t, s, "g", "b", 3, 5, 20, 40)       // 6 7 8
	add(t, s, "g", "a2", 4, 20, 25)         // 9 10
	add(t, s, "g", "a1", 5, 1, 20)          // 11 12

	at := func(time, number int64) logstore.Position { return logstore.Position{Time: time, Number: number} }
	end := logstore.End()
	for _, test := range []struct {
		name string
		r    logstore.Range
		want string
	}{
		{"everything", logstore.Range{To: end}, "a1@1/11 b@5/6 a1@10/1 a1@20/2 a1@20/3 b@20/7 a2@20/9 a1@20/12 a2@25/10 a1@30/4 b@40/8"},
		{"backward", logstore.Range{To: end, Backward: true}, "b@40/8 a1@30/4 a2@25/10 a1@20/12 a2@20/9 b@20/7 a1@20/3 a1@20/2 a1@10/1 b@5/6 a1@1/11"},
		{"from and to", logstore.Range{From: at(5, 0), To: at(20, 0)}, "b@5/6 a1@10/1"},
		{"within one time", logstore.Range{From: at(20, 3), To: at(20, 9)}, "a1@20/3 b@20/7"},
		{"within one time, backward", logstore.Range{From: at(20, 3), To: at(20, 9), Backward: true}, "b@20/7 a1@20/3"},
		{"from the middle of a time", logstore.Range{From: at(20, 8), To: end}, "a2@20/9 a1@20/12 a2@25/10 a1@30/4 b@40/8"},
		{"to the middle of a time, backward", logstore.Range{To: at(20, 8), Backward: true}, "b@20/7 a1@20/3 a1@20/2 a1@10/1 b@5/6 a1@1/11"},
		{"one stream", logstore.Range{Streams: []string{"a1"}, To: end}, "a1@1/11 a1@10/1 a1@20/2 a1@20/3 a1@20/12 a1@30/4"},
		{"one stream, backward, within", logstore.Range{Streams: []string{"a1"}, From: at(10, 0), To: at(20, 12), Backward: true}, "a1@20/3 a1@20/2 a1@10/1"},
		{"two streams", logstore.Range{Streams: []string{"b", "a2"}, To: end}, "b@5/6 b@20/7 a2@20/9 a2@25/10 b@40/8"},
		{"prefix", logstore.Range{Prefix: "a", From: at(20, 0), To: end}, "a1@20/2 a1@20/3 a2@20/9 a1@20/12 a2@25/10 a1@30/4"},
		{"prefix of one stream", logstore.Range{Prefix: "b", To: end, Backward: true}, "b@40/8 b@20/7 b@5/6"},
		{"prefix of none", logstore.Range{Prefix: "c", To: end}, ""},
		{"no stream at all", logstore.Range{Streams: []string{}, To: end}, ""},
		{"nothing between", logstore.Range{From: at(26, 0), To: at(30, 0)}, ""},
		{"from after to", logstore.Range{From: at(30, 0), To: at(10, 0)}, ""},
		{"after the end", logstore.Range{From: at(41, 0), To: end}, ""},
	} {
		test.r.Group = "g"
		same(t, test.name, names(scan(t, s, test.r)), test.want)
	}
}

func testScanStops(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s")
	for i := range int64(100) {
		add(t, s, "g", "s", 1, i*10, i*10+1, i*10+2, i*10+3, i*10+4, i*10+5, i*10+6, i*10+7, i*10+8, i*10+9)
	}
	seen := 0
	must(t, s.Scan(t.Context(), all("g"), func(e *logstore.Event) bool { seen++; return seen < 77 }))
	same(t, "events seen", seen, 77)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Scan(ctx, all("g"), func(*logstore.Event) bool { return true }); err != nil {
		wants(t, "scan of a context that has ended", err, context.Canceled)
	}
	many(t, s, 20_000)
	ctx, cancel = context.WithCancel(t.Context())
	seen = 0
	err := s.Scan(ctx, all("many"), func(*logstore.Event) bool { seen++; cancel(); return true })
	wants(t, "scan of a context that ends", err, context.Canceled)
	if seen == 0 || seen > 10_000 {
		t.Errorf("%d events visited after the context was done", seen)
	}
}

// many fills the group "many", in two streams, with n events.
func many(t *testing.T, s logstore.Store, n int) {
	t.Helper()
	with(t, s, "many", "0", "1")
	for at := 0; at < n; at += 1000 {
		var events []logstore.NewEvent
		for i := range 1000 {
			events = append(events, logstore.NewEvent{Timestamp: int64(at + i), Message: fmt.Sprint("event ", at+i)})
		}
		_, err := s.Append("many", fmt.Sprint(at/1000%2), 1, events)
		must(t, err)
	}
}

func testScanManyEvents(t *testing.T, s logstore.Store) {
	const n = 30_000
	many(t, s, n)
	for _, backward := range []bool{false, true} {
		next, r := 0, all("many")
		if r.Backward = backward; backward {
			next = n - 1
		}
		must(t, s.Scan(t.Context(), r, func(e *logstore.Event) bool {
			if e.Time != int64(next) || e.Message != fmt.Sprint("event ", next) || e.Stream != fmt.Sprint(next/1000%2) {
				t.Fatalf("got %+v, want event %d", *e, next)
			}
			if next++; backward {
				next -= 2
			}
			return true
		}))
		if want := n; !backward && next != want || backward && next != -1 {
			t.Errorf("backward %v: the scan ended at %d", backward, next)
		}
	}
}

// The store can be used and changed during a scan.
func testScanCallsTheStore(t *testing.T, s logstore.Store) {
	many(t, s, 10_000)
	with(t, s, "g", "s")
	seen := 0
	must(t, s.Scan(t.Context(), all("many"), func(e *logstore.Event) bool {
		if seen++; seen%2500 == 1 {
			add(t, s, "g", "s", 1, e.Time)
			_, err := s.Group("g")
			must(t, err)
		}
		return true
	}))
	same(t, "events seen", seen, 10_000)
	same(t, "events added", len(scan(t, s, all("g"))), 4)
}

// testRandom compares scans of a randomly filled store with a simple model of it.
func testRandom(t *testing.T, s logstore.Store) {
	rnd := rand.New(rand.NewPCG(3, 5))
	streams := []string{"p/1", "p/2", "p/3", "q"}
	with(t, s, "g", streams...)
	var model []logstore.Event
	number := int64(0)
	for range 150 {
		stream := streams[rnd.IntN(len(streams))]
		var events []logstore.NewEvent
		at := rnd.Int64N(1000)
		for range 1 + rnd.IntN(20) {
			at += rnd.Int64N(3)
			number++
			m := fmt.Sprintf("%d %s", number, strings.Repeat("m", rnd.IntN(50)))
			events = append(events, logstore.NewEvent{Timestamp: at, Message: m})
			model = append(model, logstore.Event{Position: logstore.Position{Time: at, Number: number}, Stream: stream, Ingestion: number / 100, Message: m})
		}
		last, err := s.Append("g", stream, number/100, events)
		must(t, err)
		same(t, "number", last, number)
		for i := len(model) - len(events); i < len(model); i++ {
			model[i].Ingestion = number / 100
		}
	}
	slices.SortFunc(model, func(a, b logstore.Event) int { return a.Compare(b.Position) })
	place := func() logstore.Position { return logstore.Position{Time: rnd.Int64N(1100), Number: rnd.Int64N(number)} }
	for range 300 {
		r := logstore.Range{Group: "g", From: place(), To: place(), Backward: rnd.IntN(2) == 0}
		switch rnd.IntN(3) {
		case 0:
			r.Prefix = "p/"
		case 1:
			r.Streams = append([]string{}, streams[:rnd.IntN(len(streams)+1)]...)
		}
		var want []logstore.Event
		for _, e := range model {
			wanted := strings.HasPrefix(e.Stream, r.Prefix)
			if r.Streams != nil {
				wanted = slices.Contains(r.Streams, e.Stream)
			}
			if wanted && !e.Before(r.From) && e.Before(r.To) {
				want = append(want, e)
			}
		}
		if r.Backward {
			slices.Reverse(want)
		}
		same(t, fmt.Sprintf("scan of %+v", r), scan(t, s, r), want)
	}
}

// All concurrent appends are stored, each batch contiguously, and numbers are not mixed.
func testConcurrent(t *testing.T, s logstore.Store) {
	const writers, batches, size = 8, 25, 20
	var streams []string
	for w := range writers {
		streams = append(streams, fmt.Sprint("s", w))
	}
	with(t, s, "g", streams...)
	var wg sync.WaitGroup
	for _, stream := range streams {
		wg.Go(func() {
			for b := range int64(batches) {
				var events []logstore.NewEvent
				for i := range int64(size) {
					events = append(events, logstore.NewEvent{Timestamp: b*size + i, Message: stream})
				}
				last, err := s.Append("g", stream, b, events)
				if err != nil {
					t.Error(err)
					return
				}
				// What was appended can be read immediately.
				if st, err := s.Stream("g", stream); err != nil || st.LastNumber != last {
					t.Errorf("stream %s: %+v after number %d: %v", stream, st, last, err)
				}
			}
		})
	}
	wg.Wait()
	numbers := make(map[int64]bool)
	for _, stream := range streams {
		events, err := s.Arrived("g", stream)
		must(t, err)
		same(t, "events of "+stream, len(events), batches*size)
		for i, e := range events {
			if numbers[e.Number] {
				t.Fatalf("number %d twice", e.Number)
			}
			numbers[e.Number] = true
			if e.Time != int64(i) || i%size > 0 && e.Number != events[i-1].Number+1 {
				t.Fatalf("event %d of %s is %+v after %+v", i, stream, e, events[max(i-1, 0)])
			}
		}
	}
	same(t, "events of all", len(scan(t, s, all("g"))), writers*batches*size)
}
