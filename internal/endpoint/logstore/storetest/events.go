package storetest

import (
	"math"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func testAppend(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	same(t, "first number", add(t, s, "g", "s", 100, 30), 1)
	same(t, "number of a batch", add(t, s, "g", "s", 101, 10, 10, 40), 4)
	same(t, "number in another stream", add(t, s, "g", "t", 102, 20), 5)
	got, err := s.Arrived("g", "s")
	must(t, err)
	same(t, "events in order of arrival", got, []logstore.Event{
		{Position: logstore.Position{Time: 30, Number: 1}, Stream: "s", Ingestion: 100, Message: "s@30"},
		{Position: logstore.Position{Time: 10, Number: 2}, Stream: "s", Ingestion: 101, Message: "s@10"},
		{Position: logstore.Position{Time: 10, Number: 3}, Stream: "s", Ingestion: 101, Message: "s@10"},
		{Position: logstore.Position{Time: 40, Number: 4}, Stream: "s", Ingestion: 101, Message: "s@40"},
	})
}

// Messages are returned byte for byte, and extreme times unchanged.
func testOddMessages(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s")
	messages := []string{
		"a\x00b", "\x00", "\x00\x00end", "äöü€😀", "\ufffd", "\u2028 \r\n\t", `'"\;--`, " ", "NULL", "12", "1e5", "0x10",
		strings.Repeat("x", 5000), strings.Repeat("ü\x00", 200_000), strings.Repeat("y", 1<<20-logstore.Overhead), "last",
	}
	var events []logstore.NewEvent
	for i, m := range messages {
		at := int64(i)
		if i == len(messages)-1 {
			at = math.MaxInt64
		}
		events = append(events, logstore.NewEvent{Timestamp: at, Message: m})
	}
	_, err := s.Append("g", "s", math.MaxInt64, events)
	must(t, err)
	arrived, err := s.Arrived("g", "s")
	must(t, err)
	for what, got := range map[string][]logstore.Event{"scanned": scan(t, s, all("g")), "arrived": arrived} {
		if len(got) != len(events) {
			t.Fatalf("%s: %d events, want %d", what, len(got), len(events))
		}
		for i, e := range got {
			if e.Message != messages[i] || e.Time != events[i].Timestamp || e.Ingestion != math.MaxInt64 {
				t.Errorf("%s: event %d differs: %.40q at %d", what, i, e.Message, e.Time)
			}
		}
	}
}

func testTake(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	add(t, s, "g", "s", 5, 3, 4)
	add(t, s, "g", "t", 5, 3)
	got, err := s.Take("g", "s")
	must(t, err)
	same(t, "events taken", len(got), 2)
	same(t, "first event taken", got[0], logstore.Event{Position: logstore.Position{Time: 3, Number: 1}, Stream: "s", Ingestion: 5, Message: "s@3"})
	stream, err := s.Stream("g", "s")
	must(t, err)
	same(t, "stream", stream, logstore.Stream{Name: "s", Created: 1})
	same(t, "events left", len(scan(t, s, all("g"))), 1)
	n, err := s.StoredBytes("g", 0)
	must(t, err)
	same(t, "bytes left", n, 3+logstore.Overhead)
	again, err := s.Take("g", "s")
	must(t, err)
	same(t, "events taken again", len(again), 0)
	same(t, "number after it", add(t, s, "g", "s", 6, 7), 4)
}

func testStoredBytes(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	with(t, s, "other", "s")
	add(t, s, "g", "s", 5, 100, 200, 300)
	add(t, s, "g", "t", 5, 150, 300)
	add(t, s, "other", "s", 5, 100)
	const each = 5 + logstore.Overhead
	for since, want := range map[int64]int64{0: 5 * each, 100: 5 * each, 101: 4 * each, 200: 3 * each, 300: 2 * each, 301: 0, math.MaxInt64: 0} {
		got, err := s.StoredBytes("g", since)
		must(t, err)
		same(t, "bytes", got, want)
	}
}
