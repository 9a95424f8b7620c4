package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const benchBatch = 3500

// fill adds batches of events of 250 bytes, and returns how many events that
// are.
func fill(b *testing.B, s logstore.Store, batches int) int {
	b.Helper()
	var events []logstore.NewEvent
	for i := range benchBatch {
		events = append(events, logstore.NewEvent{Message: fmt.Sprintf(`{"time":"2026-11-22T12:00:00Z","level":"INFO","n":%5d,"msg":"%s"}`, i, strings.Repeat("m", 180))})
	}
	for n := range batches {
		for i := range events {
			events[i].Timestamp = int64(n*benchBatch + i)
		}
		if _, err := s.Append("g", fmt.Sprint(n%4), 1_790_000_000_000, events); err != nil {
			b.Fatal(err)
		}
	}
	return batches * benchBatch
}

func ready(b *testing.B) logstore.Store {
	s := open(b, b.TempDir())
	if err := s.CreateGroup(logstore.Group{Name: "g"}); err != nil {
		b.Fatal(err)
	}
	for i := range 4 {
		if err := s.CreateStream("g", fmt.Sprint(i), 1); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkAppend adds full batches.
func BenchmarkAppend(b *testing.B) {
	s := ready(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += fill(b, s, 1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}

// BenchmarkScan reads 100,000 events, of the group and of one stream in it.
func BenchmarkScan(b *testing.B) {
	s := ready(b)
	n := fill(b, s, 28)
	for name, r := range map[string]logstore.Range{
		"group":   {Group: "g", To: logstore.End()},
		"stream":  {Group: "g", Streams: []string{"1"}, To: logstore.End()},
		"streams": {Group: "g", Streams: []string{"1", "2"}, To: logstore.End()},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			all := 0
			for b.Loop() {
				seen := 0
				if err := s.Scan(context.Background(), r, func(*logstore.Event) bool { seen++; return true }); err != nil || seen != n*max(len(r.Streams), 4*(1-len(r.Streams)))/4 {
					b.Fatal(err, seen)
				}
				all += seen
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(all), "ns/event")
		})
	}
}
