package storetest

import (
	"errors"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func testGroups(t *testing.T, s logstore.Store) {
	full := logstore.Group{
		Name:      "/b/full",
		Class:     "INFREQUENT_ACCESS",
		KMSKeyID:  "arn:aws:kms:us-east-1:000000000000:key/1",
		Retention: 7,
		Protected: true,
		Created:   1_700_000_000_123,
		Tags:      map[string]string{"team": "äöü \"quoted\"", "empty": ""},
		Records:   map[string]string{"metric-filter/errors": `{"filterPattern":"ERROR"}`},
	}
	must(t, s.CreateGroup(full))
	for _, name := range []string{"a", "/b/2", "/b/10", "Z", "/b_", "/b%", "/B/x", "#1"} {
		must(t, s.CreateGroup(logstore.Group{Name: name, Class: "STANDARD"}))
	}
	wants(t, "second group of a name", s.CreateGroup(logstore.Group{Name: "a"}), logstore.ErrGroupExists)
	got, err := s.Group("/b/full")
	must(t, err)
	same(t, "group", got, full)

	for _, test := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 100, []string{"#1", "/B/x", "/b%", "/b/10", "/b/2", "/b/full", "/b_", "Z", "a"}},
		{"/b/", "", 100, []string{"/b/10", "/b/2", "/b/full"}},
		{"/b", "/b/2", 2, []string{"/b/full", "/b_"}},
		{"/b_", "", 100, []string{"/b_"}},
		{"/b%", "", 100, []string{"/b%"}},
		{"", "/b/full", 1, []string{"/b_"}},
		{"c", "", 100, nil},
		{"", "zzz", 100, nil},
	} {
		groups, err := s.Groups(test.prefix, test.after, test.limit)
		must(t, err)
		var names []string
		for _, g := range groups {
			names = append(names, g.Name)
		}
		same(t, "groups "+test.prefix+" after "+test.after, names, test.want)
	}
}

func testGroupsAreCopies(t *testing.T, s logstore.Store) {
	tags := map[string]string{"k": "v"}
	must(t, s.CreateGroup(logstore.Group{Name: "g", Tags: tags}))
	tags["k"] = "changed by the caller"
	got, err := s.Group("g")
	must(t, err)
	same(t, "tags", got.Tags, map[string]string{"k": "v"})
	got.Tags["k"] = "changed by a reader"
	var kept *logstore.Group
	must(t, s.UpdateGroup("g", func(g *logstore.Group) error { kept = g; return nil }))
	kept.Tags["k"] = "changed after the update"
	got, err = s.Group("g")
	must(t, err)
	same(t, "tags", got.Tags, map[string]string{"k": "v"})
}

func testUpdateGroup(t *testing.T, s logstore.Store) {
	with(t, s, "g")
	no := errors.New("no")
	err := s.UpdateGroup("g", func(g *logstore.Group) error { g.Retention = 1; return no })
	if err != no {
		t.Fatalf("got error %v, want that of change", err)
	}
	want := logstore.Group{Name: "g", Class: "STANDARD"}
	got, err := s.Group("g")
	must(t, err)
	same(t, "group after a change that failed", got, want)

	want.Retention, want.Protected, want.KMSKeyID = 30, true, "key"
	want.Tags = map[string]string{"a": "1"}
	want.Records = map[string]string{"r": "{}"}
	must(t, s.UpdateGroup("g", func(g *logstore.Group) error { *g = want; g.Name = "other"; return nil }))
	got, err = s.Group("g")
	must(t, err)
	same(t, "group after a change", got, want)
	_, err = s.Group("other")
	wants(t, "a name that change wrote", err, logstore.ErrNoGroup)
}

func testDeleteGroup(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s")
	with(t, s, "other", "s")
	add(t, s, "g", "s", 5, 1, 2, 3)
	add(t, s, "other", "s", 5, 4)
	no := errors.New("no")
	if err := s.DeleteGroup("g", func(g logstore.Group) error { return no }); err != no {
		t.Fatalf("got error %v, want that of allow", err)
	}
	same(t, "events of a group that is not deleted", len(scan(t, s, all("g"))), 3)
	must(t, s.DeleteGroup("g", allow))
	_, err := s.Group("g")
	wants(t, "a deleted group", err, logstore.ErrNoGroup)

	// A new group of the same name has nothing of the old one, and numbers continue.
	with(t, s, "g", "s")
	same(t, "events of a new group", len(scan(t, s, all("g"))), 0)
	stream, err := s.Stream("g", "s")
	must(t, err)
	same(t, "stream of a new group", stream, logstore.Stream{Name: "s", Created: 1})
	same(t, "number after a deletion", add(t, s, "g", "s", 5, 9), 5)
	same(t, "events of another group", len(scan(t, s, all("other"))), 1)
}

func allow(logstore.Group) error { return nil }

func testMissing(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s")
	visit := func(*logstore.Event) bool { return true }
	events := []logstore.NewEvent{{Timestamp: 1, Message: "m"}}
	for _, test := range []struct {
		name  string
		want  error
		calls map[string]error
	}{
		{"no group", logstore.ErrNoGroup, map[string]error{
			"Group":        second(s.Group("no")),
			"UpdateGroup":  s.UpdateGroup("no", func(*logstore.Group) error { return nil }),
			"DeleteGroup":  s.DeleteGroup("no", allow),
			"StoredBytes":  second(s.StoredBytes("no", 0)),
			"CreateStream": s.CreateStream("no", "s", 1),
			"Stream":       second(s.Stream("no", "s")),
			"Streams":      second(s.Streams(logstore.StreamList{Group: "no", Limit: 1})),
			"DeleteStream": s.DeleteStream("no", "s", allow),
			"Append":       second(s.Append("no", "s", 1, events)),
			"Scan":         s.Scan(t.Context(), all("no"), visit),
			"Scan names":   s.Scan(t.Context(), logstore.Range{Group: "no", Streams: []string{"s"}, To: logstore.End()}, visit),
			"Arrived":      second(s.Arrived("no", "s")),
			"Take":         second(s.Take("no", "s")),
		}},
		{"no stream", logstore.ErrNoStream, map[string]error{
			"Stream":       second(s.Stream("g", "no")),
			"DeleteStream": s.DeleteStream("g", "no", allow),
			"Append":       second(s.Append("g", "no", 1, events)),
			"Scan":         s.Scan(t.Context(), logstore.Range{Group: "g", Streams: []string{"s", "no"}, To: logstore.End()}, visit),
			"Arrived":      second(s.Arrived("g", "no")),
			"Take":         second(s.Take("g", "no")),
		}},
	} {
		for call, err := range test.calls {
			wants(t, call+" with "+test.name, err, test.want)
		}
	}
	if err := s.CreateStream("g", "s", 2); !errors.Is(err, logstore.ErrStreamExists) {
		t.Errorf("second stream of a name: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
