package endpoint_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	ms  = time.Millisecond
	day = 24 * time.Hour

	since1970 = time.Duration(1<<63 - 1) // stands for an event with timestamp 0
)

// TestAges sends batches of events of the given ages (negative = in the future). The clock of the
// bubble does not move during a test, so the limits are exact.
func TestAges(t *testing.T) {
	type ages []time.Duration
	for _, r := range []struct {
		name                    string
		retention               int32
		batch                   ages
		tooOld, expired, tooNew int // -1 = absent
		accepted                int
		code, text              string
	}{
		{"an event 14 days old is accepted", 0, ages{14 * day}, -1, -1, -1, 1, "", ""},
		{"an event older than 14 days is rejected", 0, ages{14*day + ms}, 1, -1, -1, 0, "", ""},
		{"the too-old index is exclusive", 0, ages{15 * day, 14*day + 2*ms, 14*day + ms, 14 * day, 13*day + 1}, 3, -1, -1, 2, "", ""},
		{"an event 2 hours in the future is accepted", 0, ages{-2 * time.Hour}, -1, -1, -1, 1, "", ""},
		{"an event more than 2 hours in the future is rejected", 0, ages{-2*time.Hour - ms}, -1, -1, 0, 0, "", ""},
		{"the too-new index is inclusive", 0, ages{0, -2 * time.Hour, -2*time.Hour - ms, -3 * time.Hour}, -1, -1, 2, 2, "", ""},
		{"both ends are rejected and the middle is accepted", 0, ages{20 * day, 0, -ms, -3 * time.Hour}, 1, -1, 3, 2, "", ""},
		{"an event as old as the retention is accepted", 3, ages{3 * day}, -1, -1, -1, 1, "", ""},
		{"an event older than the retention is rejected", 3, ages{3*day + ms}, -1, 1, -1, 0, "", ""},
		{"the expired index is exclusive", 3, ages{3*day + 2*ms, 3*day + ms, 3 * day, 3*day - ms}, -1, 2, -1, 2, "", ""},
		{"too old and expired are independent", 3, ages{20 * day, 3*day + ms, 3 * day}, 1, 2, -1, 1, "", ""},
		{"a long retention does not extend the 14 days", 30, ages{14*day + ms, 14 * day}, 1, -1, -1, 1, "", ""},
		{"timestamp 0 is too old, not missing", 0, ages{since1970}, 1, -1, -1, 0, "", ""},
		{"rejected events do not count for the span", 0, ages{20 * day, 15 * day, day, 0, -3 * time.Hour}, 2, -1, 4, 2, "", ""},
		{"valid events span at most 24 hours", 0, ages{20 * day, day + ms, 0}, 0, 0, 0, 0, invalid, "24 hours"},
		{"the span includes events up to 2 hours in the future", 0, ages{day - time.Hour, -time.Hour - ms}, 0, 0, 0, 0, invalid, "24 hours"},
		{"events beyond retention do not count for the span", 3, ages{3*day + 2*ms, 2 * day}, -1, 1, -1, 1, "", ""},
		{"rejected events must be in order, too", 0, ages{15 * day, 16 * day}, 0, 0, 0, 0, invalid, "chronological order"},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, c := ready(t)
				if r.retention > 0 {
					_, err := c.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: s("g"), RetentionInDays: &r.retention})
					must(t, err)
				}
				now := time.Now()
				in := batch(now)
				for i, age := range r.batch {
					at := now.Add(-age)
					if age == since1970 {
						at = time.UnixMilli(0)
					}
					in.LogEvents = append(in.LogEvents, event(at, fmt.Sprint(i)))
				}
				out, err := c.PutLogEvents(t.Context(), in)
				if got := len(srv.Events("g", "s")); got != r.accepted {
					t.Errorf("%d events accepted, want %d", got, r.accepted)
				}
				last := srv.Requests()[srv.RequestCount("")-1]
				if r.code != "" {
					wantAPIError(t, err, r.code, r.text)
					return
				}
				must(t, err)
				info := out.RejectedLogEventsInfo
				if info == nil {
					info = &types.RejectedLogEventsInfo{}
				}
				index := func(p *int32) int {
					if p == nil {
						return -1
					}
					return int(*p)
				}
				if a, b, c := index(info.TooOldLogEventEndIndex), index(info.ExpiredLogEventEndIndex), index(info.TooNewLogEventStartIndex); a != r.tooOld || b != r.expired || c != r.tooNew {
					t.Errorf("too old %d, expired %d, too new %d; want %d, %d, %d", a, b, c, r.tooOld, r.expired, r.tooNew)
				}
				if want := len(r.batch) - r.accepted; last.Rejected != want || !last.Committed || last.Status != 200 {
					t.Errorf("request log %+v, want %d rejected", last, want)
				}
			})
		})
	}
}

func TestLongerRetentionShowsEventsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		ctx := t.Context()
		put(t, c, "old")
		time.Sleep(2 * day)
		put(t, c, "new!")
		retain := func(days int32) {
			_, err := c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: s("g"), RetentionInDays: &days})
			must(t, err)
		}
		check := func(want ...string) {
			t.Helper()
			get, err := c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartFromHead: aws.Bool(true)})
			must(t, err)
			filter, err := c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
			must(t, err)
			bytes := int64(0)
			var got, filtered []string
			for _, e := range get.Events {
				got = append(got, *e.Message)
			}
			for _, e := range filter.Events {
				filtered = append(filtered, *e.Message)
			}
			for _, m := range want {
				bytes += int64(len(m)) + 26
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(filtered) != fmt.Sprint(want) {
				t.Errorf("GetLogEvents %q, FilterLogEvents %q, want %q", got, filtered, want)
			}
			groups, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
			must(t, err)
			if n := *groups.LogGroups[0].StoredBytes; n != bytes {
				t.Errorf("storedBytes %d, want %d", n, bytes)
			}
		}
		check("old", "new!")
		retain(3)
		check("old", "new!")
		time.Sleep(day)
		check("old", "new!") // exactly as old as the retention
		time.Sleep(ms)
		check("new!")
		retain(30)
		check("old", "new!")
		if n := len(srv.Events("g", "s")); n != 2 {
			t.Errorf("Events shows %d", n)
		}
	})
}

func TestDeliveryClassHasOneDayOfRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		must(t, srv.DeleteLogGroup("g"))
		_, err := c.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("g"), LogGroupClass: types.LogGroupClassDelivery})
		must(t, err)
		must(t, srv.CreateLogStream("g", "s"))
		in := batch(time.Now())
		in.LogEvents = []types.InputLogEvent{event(time.Now().Add(-day-ms), "x"), event(time.Now().Add(-day), "y")}
		out, err := c.PutLogEvents(t.Context(), in)
		must(t, err)
		if out.RejectedLogEventsInfo == nil || *out.RejectedLogEventsInfo.ExpiredLogEventEndIndex != 1 {
			t.Errorf("got %+v", out.RejectedLogEventsInfo)
		}
		if g, _ := srv.LogGroup("g"); g.Class != "DELIVERY" || g.RetentionDays != 1 {
			t.Errorf("got %+v", g)
		}
	})
}
