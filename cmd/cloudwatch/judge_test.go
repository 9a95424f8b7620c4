package main

import (
	"errors"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// A run is given up when trouble lasts, not when a request fails.
func TestJudge(t *testing.T) {
	type failure struct {
		after     time.Duration // since the start
		err       error
		delivered int64
	}
	denied := answer("PutLogEvents", "AccessDeniedException")
	throttled := answer("PutLogEvents", "ThrottlingException")
	invalid := answer("PutLogEvents", "InvalidParameterException")
	group := answer("CreateLogGroup", "InvalidParameterException")
	missing := answer("PutLogEvents", "ResourceNotFoundException")
	away := network(errors.New("no route to host"))
	retention := answer(setRetention, "AccessDeniedException")
	const s = time.Second
	for _, test := range []struct {
		name       string
		failures   []failure
		unended    bool
		keepTrying bool
		over       int // the failure that ends the run, from 1; 0: none does
	}{
		{name: "one denial", failures: []failure{{0, denied, 0}}},
		{name: "denied for a moment", failures: []failure{{0, denied, 0}, {4 * s, denied, 0}}},
		{name: "denied for long", failures: []failure{{0, denied, 0}, {1 * s, denied, 0}, {6 * s, denied, 0}}, over: 3},
		{name: "denied for long, keep trying", failures: []failure{{0, denied, 0}, {time.Hour, denied, 0}}, keepTrying: true},
		{name: "denied twice with a delivery between", failures: []failure{{0, denied, 1}, {70 * s, denied, 2}}},
		{name: "denied after deliveries", failures: []failure{{0, denied, 1}, {10 * s, denied, 1}}},
		{name: "denied after deliveries for long", failures: []failure{{0, denied, 1}, {61 * s, denied, 1}}, over: 2},
		{name: "throttled for ever", failures: []failure{{0, throttled, 0}, {time.Hour, throttled, 0}}},
		{name: "throttled, then denied", failures: []failure{{0, throttled, 0}, {time.Hour, denied, 0}}},
		{name: "denied, throttled between", failures: []failure{{0, denied, 0}, {s, throttled, 0}, {6 * s, denied, 0}}, over: 3},
		{name: "no stream, nor can it be created", failures: []failure{{0, group, 0}, {s, missing, 0}, {2 * s, group, 0}}, over: 3},
		{name: "no group", failures: []failure{{0, group, 0}, {1600 * time.Millisecond, group, 0}}, over: 2},
		{name: "away", failures: []failure{{0, away, 0}, {10 * s, away, 0}, {31 * s, away, 0}}, over: 3},
		{name: "away after deliveries", failures: []failure{{0, away, 5}, {time.Hour, away, 5}}},
		{name: "all events are refused", failures: []failure{{0, invalid, 0}, {31 * s, invalid, 0}}, over: 2},
		{name: "an event is refused, more may come", failures: []failure{{0, invalid, 0}, {31 * s, invalid, 0}}, unended: true},
		{name: "retention", failures: []failure{{0, retention, 1}, {61 * s, retention, 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := judge{keepTrying: test.keepTrying}
			start := time.Now()
			got := 0
			for i, f := range test.failures {
				stats := cloudwatch.Stats{LastError: f.err, LastErrorTime: start.Add(f.after), Delivered: f.delivered}
				for range 3 { // looking more often changes nothing
					if _, over := j.look(&stats, f.delivered, !test.unended); over && got == 0 {
						got = i + 1
					}
				}
			}
			if got != test.over {
				t.Errorf("given up at failure %d, want %d", got, test.over)
			}
		})
	}
}
