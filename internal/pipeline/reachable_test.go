package pipeline

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// TestGiveUpAt checks when a Shutdown that began at 10 s gives up.
func TestGiveUpAt(t *testing.T) {
	const never = -1
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	for _, row := range []struct {
		rule string
		s    deliver.ReachState
		want float64 // seconds
	}{
		{"no request was made", deliver.ReachState{}, never},
		{"a request is connected, or its state is not known", deliver.ReachState{Waiting: 1}, never},
		{"a request is connected, others are not", deliver.ReachState{Waiting: 1, Dialing: 3}, never},
		{"the last request was throttled or refused", deliver.ReachState{Last: at(10)}, never},
		{"no connection", deliver.ReachState{Dialing: 1}, 11.75},
		{"no connection since long before Shutdown", deliver.ReachState{Dialing: 1, Last: at(1), Failing: at(2)}, 11.75},
		{"no connection, after credentials were fetched", deliver.ReachState{Dialing: 1, Dialed: at(15)}, 16.75},
		{"no connection, after a throttled request", deliver.ReachState{Dialing: 1, Dialed: at(15), Last: at(10)}, 16.75},
		{"no connection, long after a success", deliver.ReachState{Dialing: 1, Dialed: at(15), Answered: at(12), Last: at(12)}, 16.75},
		{"no connection, after a failure", deliver.ReachState{Dialing: 1, Dialed: at(11.5), Last: at(10), Failing: at(11)}, 11.75},
		{"a request has failed", deliver.ReachState{Last: at(10), Failing: at(10.1)}, 11.75},
		{"requests failed before Shutdown, none was made since", deliver.ReachState{Last: at(8), Failing: at(2)}, 11.75},
		{"a request in flight at the start fails", deliver.ReachState{Last: at(9), Failing: at(2)}, 11.75},
		{"requests failed before, and the next one fails", deliver.ReachState{Last: at(10.2), Failing: at(2)}, 3.75},
		{"requests failed only shortly before", deliver.ReachState{Last: at(10.2), Failing: at(9)}, 10.75},
		{"requests failed before, and the next one is connected", deliver.ReachState{Last: at(10.2), Failing: at(2), Waiting: 1}, never},
		{"a request succeeded before Shutdown", deliver.ReachState{Answered: at(9), Last: at(10), Failing: at(10.1)}, 11.75},
		{"a request succeeded since", deliver.ReachState{Answered: at(12), Last: at(12), Failing: at(12.1)}, 13.75},
	} {
		got, failing := giveUpAt(row.s, at(10))
		if failing != (row.want != never) || failing && !got.Equal(at(row.want)) {
			t.Errorf("%s: %v, %v; want %v s", row.rule, got.Sub(at(0)), failing, row.want)
		}
	}
}
