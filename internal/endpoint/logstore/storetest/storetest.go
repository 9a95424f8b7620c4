// Package storetest has the tests that every store must pass.
package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Run tests a store. open returns an empty one and is responsible for closing it.
func Run(t *testing.T, open func(*testing.T) logstore.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, logstore.Store)
	}{
		{"Groups", testGroups},
		{"GroupsAreCopies", testGroupsAreCopies},
		{"UpdateGroup", testUpdateGroup},
		{"DeleteGroup", testDeleteGroup},
		{"Streams", testStreams},
		{"StreamFields", testStreamFields},
		{"DeleteStream", testDeleteStream},
		{"Missing", testMissing},
		{"Append", testAppend},
		{"OddMessages", testOddMessages},
		{"Take", testTake},
		{"StoredBytes", testStoredBytes},
		{"Expire", testExpire},
		{"Trim", testTrim},
		{"Scan", testScan},
		{"ScanStops", testScanStops},
		{"ScanManyEvents", testScanManyEvents},
		{"ScanCallsTheStore", testScanCallsTheStore},
		{"Random", testRandom},
		{"Concurrent", testConcurrent},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, want %+v", what, got, want)
	}
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// with creates a group and its streams.
func with(t *testing.T, s logstore.Store, group string, streams ...string) {
	t.Helper()
	must(t, s.CreateGroup(logstore.Group{Name: group, Class: "STANDARD"}))
	for _, name := range streams {
		must(t, s.CreateStream(group, name, 1))
	}
}

// add appends events with the given times. Their messages are "stream@time".
func add(t *testing.T, s logstore.Store, group, stream string, ingestion int64, times ...int64) int64 {
	t.Helper()
	var events []logstore.NewEvent
	for _, at := range times {
		events = append(events, logstore.NewEvent{Timestamp: at, Message: fmt.Sprintf("%s@%d", stream, at)})
	}
	last, err := s.Append(group, stream, ingestion, events)
	must(t, err)
	return last
}

// scan returns all events of a range.
func scan(t *testing.T, s logstore.Store, r logstore.Range) (events []logstore.Event) {
	t.Helper()
	must(t, s.Scan(t.Context(), r, func(e *logstore.Event) bool {
		events = append(events, *e)
		return true
	}))
	return events
}

// all returns the range of everything in a group.
func all(group string) logstore.Range { return logstore.Range{Group: group, To: logstore.End()} }
