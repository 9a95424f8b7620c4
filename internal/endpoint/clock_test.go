package endpoint_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// TestClockOffset checks that ages, times and the Date header follow the offset. The clock of the
// bubble does not move during a test, so the limits are exact.
func TestClockOffset(t *testing.T) {
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour, 30 * day, -30 * day} {
		t.Run(offset.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				defer srv.Close()
				srv.SetClockOffset(offset)
				here := time.Now()
				there := here.Add(offset)
				c := sdk(srv)
				_, err := c.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("g")})
				must(t, err)
				must(t, srv.CreateLogStream("g", "s")) // methods use the same clock
				if g, _ := srv.LogGroup("g"); !g.CreationTime.Equal(there) {
					t.Errorf("the group was created at %v, want %v", g.CreationTime, there)
				}

				in := batch(here)
				in.LogEvents = append(in.LogEvents, event(there.Add(-14*day-ms), "too old"), event(there.Add(-14*day), "oldest"))
				out, err := c.PutLogEvents(t.Context(), in)
				must(t, err)
				if info := out.RejectedLogEventsInfo; info == nil || *info.TooOldLogEventEndIndex != 1 || info.TooNewLogEventStartIndex != nil {
					t.Errorf("old events: %+v", info)
				}
				if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); !ok || !at.Equal(there.Truncate(time.Second)) {
					t.Errorf("Date is %v, want %v", at, there)
				}
				in = batch(here)
				in.LogEvents = append(in.LogEvents, event(there.Add(2*time.Hour), "newest"), event(there.Add(2*time.Hour+ms), "too new"))
				out, err = c.PutLogEvents(t.Context(), in)
				must(t, err)
				if info := out.RejectedLogEventsInfo; info == nil || *info.TooNewLogEventStartIndex != 1 || info.TooOldLogEventEndIndex != nil {
					t.Errorf("new events: %+v", info)
				}
				if got := srv.Messages("g", "s"); len(got) != 2 || got[0] != "oldest" || got[1] != "newest" {
					t.Errorf("stored %q", got)
				}
				for _, e := range srv.Events("g", "s") {
					if !e.IngestionTime.Equal(there) {
						t.Errorf("%q was ingested at %v, want %v", e.Message, e.IngestionTime, there)
					}
				}
				streams, err := c.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: s("g")})
				must(t, err)
				if st := streams.LogStreams[0]; *st.CreationTime != there.UnixMilli() || *st.LastIngestionTime != there.UnixMilli() {
					t.Errorf("stream created %d, last ingestion %d, want %d", *st.CreationTime, *st.LastIngestionTime, there.UnixMilli())
				}

				_, err = c.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: s("g"), RetentionInDays: aws.Int32(1)})
				must(t, err)
				got, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
				must(t, err)
				if len(got.Events) != 1 || *got.Events[0].Message != "newest" {
					t.Errorf("retention shows %v", got.Events)
				}

				for _, r := range srv.Requests() {
					if !r.Time.Equal(here) {
						t.Errorf("%s arrived at %v, want %v: the request log uses the test's clock", r.Operation, r.Time, here)
					}
				}
			})
		})
	}
}

// The clock is changed while the server runs, with the Date header shifted as well, and reset.
func TestClockOffsetWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		date := func() time.Duration {
			t.Helper()
			out, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			must(t, err)
			at, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
			if !ok {
				t.Fatal("no Date")
			}
			return time.Until(at)
		}
		srv.SetClockOffset(time.Hour)
		srv.Inject(cloudwatchtest.Fault{Times: 1, DateOffset: time.Minute})
		if d := date(); d != time.Hour+time.Minute {
			t.Errorf("Date is off by %v, want both offsets together", d)
		}
		if d := date(); d != time.Hour {
			t.Errorf("Date is off by %v, want 1h", d)
		}
		srv.SetClockOffset(-time.Hour)
		if d := date(); d != -time.Hour {
			t.Errorf("Date is off by %v, want -1h", d)
		}
		srv.SetClockOffset(0)
		if d := date(); d != 0 {
			t.Errorf("Date is off by %v, want 0", d)
		}
		for i, want := range []time.Duration{time.Hour, time.Hour, -time.Hour, 0} {
			if e := srv.Events("g", "s")[i]; time.Until(e.IngestionTime) != want {
				t.Errorf("event %d was ingested %v from now, want %v", i, time.Until(e.IngestionTime), want)
			}
		}
	})
}

// Errors outside of operations have the server's date, too.
func TestClockOffsetOnErrors(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	srv.SetClockOffset(48 * time.Hour)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	must(t, err)
	for name, a := range map[string]rawResponse{
		"another host":    post(t, srv, "DescribeLogGroups", "{}", "Host", "evil.example"),
		"another method":  do(t, srv, req),
		"invalid request": post(t, srv, "CreateLogGroup", "{}"),
	} {
		at, err := http.ParseTime(a.header.Get("Date"))
		must(t, err)
		if a.status == 200 || (time.Until(at)-48*time.Hour).Abs() > time.Minute {
			t.Errorf("%s: status %d, Date is off by %v", name, a.status, time.Until(at))
		}
	}
}
