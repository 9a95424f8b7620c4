package cloudwatch

import (
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// TestGiveUpAt: when a Shutdown that began at 10 s ends early.
func TestGiveUpAt(t *testing.T) {
	const never = -1
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	for _, row := range []struct {
		rule string
		s    deliver.ReachState
		want float64 // seconds
	}{
		{"nothing was tried", deliver.ReachState{}, never},
		{"a request is being answered, or nothing is known of it", deliver.ReachState{Waiting: 1}, never},
		{"so it is beside one that has no connection", deliver.ReachState{Waiting: 1, Dialing: 3}, never},
		{"the last one was throttled or refused", deliver.ReachState{Last: at(10)}, never},
		{"no connection", deliver.ReachState{Dialing: 1}, 11.75},
		{"no connection since long before", deliver.ReachState{Dialing: 1, Last: at(1), Failing: at(2)}, 11.75},
		{"no connection, after credentials were looked for", deliver.ReachState{Dialing: 1, Dialed: at(15)}, 16.75},
		{"no connection, after one was throttled", deliver.ReachState{Dialing: 1, Dialed: at(15), Last: at(10)}, 16.75},
		{"no connection, long after one has succeeded", deliver.ReachState{Dialing: 1, Dialed: at(15), Answered: at(12), Last: at(12)}, 16.75},
		{"no connection, after one has failed", deliver.ReachState{Dialing: 1, Dialed: at(11.5), Last: at(10), Failing: at(11)}, 11.75},
		{"one has failed", deliver.ReachState{Last: at(10), Failing: at(10.1)}, 11.75},
		{"they were failing before it began, and no other was tried", deliver.ReachState{Last: at(8), Failing: at(2)}, 11.75},
		{"one that was under way then fails", deliver.ReachState{Last: at(9), Failing: at(2)}, 11.75},
		{"they were failing, and another one fails", deliver.ReachState{Last: at(10.2), Failing: at(2)}, 3.75},
		{"they were failing, but not for long", deliver.ReachState{Last: at(10.2), Failing: at(9)}, 10.75},
		{"they were failing, and another one is being answered", deliver.ReachState{Last: at(10.2), Failing: at(2), Waiting: 1}, never},
		{"one has succeeded before it began", deliver.ReachState{Answered: at(9), Last: at(10), Failing: at(10.1)}, 11.75},
		{"one has succeeded since", deliver.ReachState{Answered: at(12), Last: at(12), Failing: at(12.1)}, 13.75},
	} {
		got, hopeless := giveUpAt(row.s, at(10))
		if hopeless != (row.want != never) || hopeless && !got.Equal(at(row.want)) {
			t.Errorf("%s: %v, %v; want %v s", row.rule, got.Sub(at(0)), hopeless, row.want)
		}
	}
}
