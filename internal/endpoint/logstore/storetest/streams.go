package storetest

import (
	"errors"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func testStreams(t *testing.T, s logstore.Store) {
	with(t, s, "g", "b/1", "a", "b/2", "B", "b_x", "ä", "empty")
	with(t, s, "other", "b/9")
	add(t, s, "g", "b/1", 9, 300)
	add(t, s, "g", "a", 9, 100)
	add(t, s, "g", "b/2", 9, 100, 200)
	add(t, s, "g", "b_x", 9, 200)

	for _, test := range []struct {
		name string
		list logstore.StreamList
		want []string
	}{
		{"by name", logstore.StreamList{}, []string{"B", "a", "b/1", "b/2", "b_x", "empty", "ä"}},
		{"by name, down", logstore.StreamList{Descending: true}, []string{"ä", "empty", "b_x", "b/2", "b/1", "a", "B"}},
		{"prefix", logstore.StreamList{Prefix: "b/"}, []string{"b/1", "b/2"}},
		{"prefix with a wildcard of SQL", logstore.StreamList{Prefix: "b_"}, []string{"b_x"}},
		{"prefix, down, after", logstore.StreamList{Prefix: "b", Descending: true, After: &logstore.StreamPlace{Name: "b_x"}}, []string{"b/2", "b/1"}},
		{"after a missing name", logstore.StreamList{After: &logstore.StreamPlace{Name: "b/10"}}, []string{"b/2", "b_x", "empty", "ä"}},
		{"limit", logstore.StreamList{Limit: 2}, []string{"B", "a"}},
		{"by time", logstore.StreamList{ByTime: true}, []string{"B", "empty", "ä", "a", "b/2", "b_x", "b/1"}},
		{"by time, down", logstore.StreamList{ByTime: true, Descending: true}, []string{"b/1", "b_x", "b/2", "a", "ä", "empty", "B"}},
		{"by time, down, after", logstore.StreamList{ByTime: true, Descending: true, After: &logstore.StreamPlace{Last: 200, Name: "b_x"}, Limit: 2}, []string{"b/2", "a"}},
		{"by time, after", logstore.StreamList{ByTime: true, After: &logstore.StreamPlace{Last: 200, Name: "b"}}, []string{"b/2", "b_x", "b/1"}},
	} {
		test.list.Group = "g"
		if test.list.Limit == 0 {
			test.list.Limit = 100
		}
		list, err := s.Streams(test.list)
		must(t, err)
		var names []string
		for _, stream := range list {
			names = append(names, stream.Name)
		}
		same(t, test.name, names, test.want)
	}
}

func testStreamFields(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	fields := func(want logstore.Stream) {
		t.Helper()
		want.Name, want.Created = "s", 1
		got, err := s.Stream("g", "s")
		must(t, err)
		same(t, "stream", got, want)
		list, err := s.Streams(logstore.StreamList{Group: "g", Limit: 1})
		must(t, err)
		same(t, "stream in a list", list, []logstore.Stream{want})
	}
	fields(logstore.Stream{})
	add(t, s, "g", "s", 1000, 0, 50, 70) // "s@0", "s@50", "s@70"
	size := int64(3 + 4 + 4 + 3*logstore.Overhead)
	fields(logstore.Stream{First: 0, Last: 70, LastIngestion: 1000, LastNumber: 3, Bytes: size})
	add(t, s, "g", "t", 1500, 1)
	add(t, s, "g", "s", 2000, 60)
	size += 4 + logstore.Overhead
	fields(logstore.Stream{First: 0, Last: 70, LastIngestion: 2000, LastNumber: 5, Bytes: size})
}

func testDeleteStream(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	add(t, s, "g", "s", 5, 1, 2)
	add(t, s, "g", "t", 5, 3)
	no := errors.New("no")
	if err := s.DeleteStream("g", "s", func(logstore.Group) error { return no }); err != no {
		t.Fatalf("got error %v, want that of allow", err)
	}
	must(t, s.DeleteStream("g", "s", func(g logstore.Group) error { same(t, "group", g.Name, "g"); return nil }))
	_, err := s.Stream("g", "s")
	wants(t, "a deleted stream", err, logstore.ErrNoStream)
	same(t, "events left", len(scan(t, s, all("g"))), 1)

	must(t, s.CreateStream("g", "s", 8))
	stream, err := s.Stream("g", "s")
	must(t, err)
	same(t, "a new stream of the same name", stream, logstore.Stream{Name: "s", Created: 8})
	events, err := s.Arrived("g", "s")
	must(t, err)
	same(t, "its events", len(events), 0)
	same(t, "number after a deletion", add(t, s, "g", "s", 5, 9), 4)
	n, err := s.StoredBytes("g", 0)
	must(t, err)
	same(t, "bytes of the group", n, 2*(3+logstore.Overhead))
}
