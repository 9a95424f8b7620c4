package sqlite_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func TestImport(t *testing.T) {
	at := func(time, number, ingestion int64, stream string) logstore.Event {
		return logstore.Event{Position: logstore.Position{Time: time, Number: number}, Stream: stream, Ingestion: ingestion, Message: fmt.Sprint(stream, time, number)}
	}
	events := []logstore.Event{at(1, 9, 100, "s"), at(2, 3, 90, "s"), at(2, 4, 90, "t"), at(3, 0, 110, "s"), at(3, 9, 110, "t")}
	all := func(s logstore.Store) (list []logstore.Event) {
		t.Helper()
		must(t, s.Scan(t.Context(), logstore.Range{Group: "g", To: logstore.End()}, func(e *logstore.Event) bool {
			list = append(list, *e)
			return true
		}))
		return list
	}

	s := open(t, t.TempDir())
	i, err := s.NewImporter()
	must(t, err)
	must(t, i.Add("g", events))
	want := []logstore.Event{events[0], events[1], events[2], events[4], events[3]}
	want[4].Number = 10 // had none
	if got := all(s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	stream, err := s.Stream("g", "s")
	must(t, err)
	if want := (logstore.Stream{Name: "s", Created: 100, First: 1, Last: 3, LastIngestion: 110, LastNumber: 10, Bytes: 3 * (4 + logstore.Overhead)}); stream != want {
		t.Errorf("stream is %+v, want %+v", stream, want)
	}

	// Again: after all that is there, in the same order.
	i, err = s.NewImporter()
	must(t, err)
	must(t, i.Add("g", events[:3]))
	must(t, i.Add("g", events[2:3])) // its number is taken by now
	var numbers []int64
	for _, e := range all(s) {
		numbers = append(numbers, e.Number)
	}
	if want := []int64{9, 19, 3, 4, 13, 14, 20, 9, 10}; !reflect.DeepEqual(numbers, want) {
		t.Errorf("numbers are %v, want %v", numbers, want)
	}
	last, err := s.Append("g", "s", 1, []logstore.NewEvent{{Timestamp: 1, Message: "m"}})
	must(t, err)
	if last != 21 {
		t.Errorf("number %d after it", last)
	}
}
