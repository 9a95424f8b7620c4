package endpoint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// TestScriptedRejections sends three events to endpoints with a fault that rejects some of them.
func TestScriptedRejections(t *testing.T) {
	i := func(n int) *int { return &n }
	for _, r := range []struct {
		tooOld, expired, tooNew *int
		stored                  string
	}{
		{nil, nil, nil, "abc"},
		{i(0), nil, nil, "abc"},
		{i(1), nil, nil, "bc"},
		{i(3), nil, nil, ""},
		{nil, i(2), nil, "c"},
		{nil, nil, i(0), ""},
		{nil, nil, i(2), "ab"},
		{nil, nil, i(3), "abc"},
		{i(1), nil, i(2), "b"},
		{i(1), i(2), nil, "c"},
		{i(2), i(1), nil, "c"},
		{i(2), nil, i(1), ""}, // the ranges overlap
		{i(3), i(3), i(0), ""},
		{i(99), nil, nil, ""}, // out of range
		{nil, i(1 << 30), nil, ""},
		{nil, nil, i(99), "abc"},
		{nil, nil, i(-1), ""},
		{i(-5), i(-1), nil, "abc"},
		{i(-5), i(1), i(99), "bc"},
	} {
		script := cloudwatchtest.RejectedInfo{TooOldEnd: r.tooOld, ExpiredEnd: r.expired, TooNewStart: r.tooNew}
		show := func(p *int) string {
			if p == nil {
				return "-"
			}
			return fmt.Sprint(*p)
		}
		want := show(r.tooOld) + " " + show(r.expired) + " " + show(r.tooNew)
		t.Run(want, func(t *testing.T) {
			srv, c := ready(t)
			srv.Inject(cloudwatchtest.Fault{Times: 1, Rejected: &script})
			script = cloudwatchtest.RejectedInfo{TooOldEnd: i(77)} // the fault has a copy
			out, err := c.PutLogEvents(t.Context(), batch(time.Now(), "a", "b", "c"))
			must(t, err)
			info := out.RejectedLogEventsInfo
			if info == nil {
				t.Fatal("no rejectedLogEventsInfo")
			}
			show32 := func(p *int32) string {
				if p == nil {
					return "-"
				}
				return fmt.Sprint(*p)
			}
			if got := show32(info.TooOldLogEventEndIndex) + " " + show32(info.ExpiredLogEventEndIndex) + " " + show32(info.TooNewLogEventStartIndex); got != want {
				t.Errorf("response %s, want %s", got, want)
			}
			if got := strings.Join(srv.Messages("g", "s"), ""); got != r.stored {
				t.Errorf("stored %q, want %q", got, r.stored)
			}
			if got := srv.Requests()[0]; got.Rejected != 3-len(r.stored) || !got.Committed || got.Status != 200 {
				t.Errorf("request log: %+v", got)
			}
			out, err = c.PutLogEvents(t.Context(), batch(time.Now(), "d"))
			must(t, err)
			if out.RejectedLogEventsInfo != nil {
				t.Error("the fault applied to a second request")
			}
		})
	}
}

// The script replaces the age rules, and nothing else.
func TestScriptedRejectionsAndRules(t *testing.T) {
	srv, c := ready(t)
	one := 1
	script := cloudwatchtest.Fault{Times: 1, Rejected: &cloudwatchtest.RejectedInfo{TooOldEnd: &one}}
	srv.Inject(script)

	// Other operations do not use up the fault.
	_, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	must(t, err)

	out, err := c.PutLogEvents(t.Context(), batch(time.Now().Add(-20*day), "a", "b"))
	must(t, err)
	if info := out.RejectedLogEventsInfo; *info.TooOldLogEventEndIndex != 1 || strings.Join(srv.Messages("g", "s"), "") != "b" {
		t.Errorf("old events: %+v, stored %q", info, srv.Messages("g", "s"))
	}

	script.Times = 0
	srv.Inject(script)
	_, err = c.PutLogEvents(t.Context(), batch(time.Now(), ""))
	wantAPIError(t, err, invalid, "length greater than or equal to 1")
	in := batch(time.Now(), "x")
	in.LogEvents = append(in.LogEvents, event(time.Now().Add(-time.Second), "y"))
	_, err = c.PutLogEvents(t.Context(), in)
	wantAPIError(t, err, invalid, "chronological order")
	in = batch(time.Now().Add(-day-time.Hour), "x")
	in.LogEvents = append(in.LogEvents, event(time.Now(), "y"))
	_, err = c.PutLogEvents(t.Context(), in)
	wantAPIError(t, err, invalid, "24 hours")
	in = batch(time.Now(), "x")
	in.LogStreamName = s("none")
	_, err = c.PutLogEvents(t.Context(), in)
	wantAPIError(t, err, notFound, "log stream")
	if a := post(t, srv, "PutLogEvents", "{"); a.status != 400 {
		t.Errorf("got %d", a.status)
	}
	if got := strings.Join(srv.Messages("g", "s"), ""); got != "b" {
		t.Errorf("stored %q", got)
	}
}
