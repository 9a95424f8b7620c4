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
	failed := func(started, ended float64) deliver.Attempt {
		return deliver.Attempt{Started: at(started), Ended: at(ended), Failed: true}
	}
	for _, row := range []struct {
		rule    string
		s       deliver.ReachState
		failing bool    // when it began
		want    float64 // seconds
	}{
		{"nothing was tried", deliver.ReachState{}, false, never},
		{"a request is being answered, or nothing is known of it", deliver.ReachState{Waiting: 1}, false, never},
		{"so it is beside one that has no connection", deliver.ReachState{Waiting: 1, Dialing: 3}, false, never},
		{"the last one was throttled or refused", deliver.ReachState{Last: deliver.Attempt{Started: at(10), Ended: at(11)}}, true, never},
		{"no connection", deliver.ReachState{Dialing: 1}, false, 11.75},
		{"no connection since long before", deliver.ReachState{Dialing: 1, Last: failed(1, 2)}, true, 11.75},
		{"one has failed", deliver.ReachState{Last: failed(10, 10.1)}, false, 11.75},
		{"one has failed before it began, and no other was tried", deliver.ReachState{Last: failed(8, 9)}, true, 11.75},
		{"one that began before fails now", deliver.ReachState{Last: failed(9, 10.5)}, true, 11.75},
		{"delivery was failing, and fails again", deliver.ReachState{Last: failed(10.2, 10.5)}, true, 10},
		{"delivery was failing, and tries again", deliver.ReachState{Last: failed(10.2, 10.5), Waiting: 1}, true, never},
		{"one has succeeded before it began", deliver.ReachState{Answered: at(9), Last: failed(10, 10.1)}, false, 11.75},
		{"one has succeeded since", deliver.ReachState{Answered: at(12), Last: failed(12, 12.1)}, true, 13.75},
	} {
		got, hopeless := giveUpAt(row.s, at(10), row.failing)
		if hopeless != (row.want != never) || hopeless && !got.Equal(at(row.want)) {
			t.Errorf("%s: %v, %v; want %v s", row.rule, got.Sub(at(0)), hopeless, row.want)
		}
	}
}
