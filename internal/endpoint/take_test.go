package endpoint_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestTakeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		if got := srv.TakeRequests(); got != nil {
			t.Errorf("at first: %+v", got)
		}
		put(t, c, "1")
		put(t, c, "1", "2")
		// The third and the fifth are delayed, so they are in flight.
		isSize := func(n int) func(cloudwatchtest.Request) bool {
			return func(r cloudwatchtest.Request) bool { return r.Events == n }
		}
		srv.Inject(cloudwatchtest.Fault{Delay: time.Minute, Match: isSize(3)})
		srv.Inject(cloudwatchtest.Fault{Delay: time.Hour, Cut: cloudwatchtest.CutBefore, Match: isSize(5)})
		var wg sync.WaitGroup
		wg.Go(func() { put(t, c, "1", "2", "3") })
		synctest.Wait()
		put(t, c, "1", "2", "3", "4")
		wg.Go(func() {
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "1", "2", "3", "4", "5"))
			wantCut(t, err)
		})
		synctest.Wait()

		check := func(name string, requests []cloudwatchtest.Request, want ...string) {
			t.Helper()
			var got []string
			for _, r := range requests {
				got = append(got, fmt.Sprintf("%d:%d", r.Events, r.Status))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		check("Requests", srv.Requests(), "1:200", "2:200", "3:0", "4:200", "5:0")
		check("TakeRequests", srv.TakeRequests(), "1:200", "2:200", "4:200")
		check("what is left", srv.Requests(), "3:0", "5:0")
		check("nothing new", srv.TakeRequests())
		if n, m := srv.RequestCount("PutLogEvents"), srv.RequestCount(""); n != 2 || m != 2 {
			t.Errorf("RequestCount: %d, %d, want the 2 in the log", n, m)
		}
		time.Sleep(time.Minute)
		synctest.Wait() // the third is answered
		put(t, c, "x")
		check("the late one", srv.TakeRequests(), "3:200", "1:200")
		time.Sleep(time.Hour) // the fifth is cut
		wg.Wait()
		check("the cut one", srv.TakeRequests(), "5:0")
		check("the end", srv.Requests())
		if n := srv.RequestCount(""); n != 0 {
			t.Errorf("RequestCount: %d", n)
		}
	})
}

// Every request is taken once, with its outcome.
func TestTakeRequestsUnderConcurrency(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		const senders, each = 8, 25
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for j := range each {
					_, err := c.PutLogEvents(t.Context(), batch(time.Now(), fmt.Sprintf("%0*d", i*each+j+1, 0)))
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		seen := make(map[int]int)
		take := func() {
			for _, r := range srv.TakeRequests() {
				if r.Status != 200 || !r.Committed {
					t.Errorf("taken without an outcome: %+v", r)
				}
				seen[r.Bytes-26]++
			}
		}
		sent := make(chan struct{})
		go func() { wg.Wait(); close(sent) }()
		for done := false; !done; {
			select {
			case <-sent:
				done = true
			default:
			}
			take() // once more after the last response
		}
		for size := 1; size <= senders*each; size++ {
			if seen[size] != 1 {
				t.Errorf("the request of size %d was taken %d times", size, seen[size])
			}
		}
	})
}

func TestTakeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		must(t, srv.CreateLogStream("g", "other"))
		if got := srv.TakeEvents("g", "s"); got != nil {
			t.Errorf("an empty stream: %v", got)
		}
		if got := srv.TakeEvents("g", "none"); got != nil {
			t.Errorf("no stream: %v", got)
		}
		start := time.Now()
		_, err := c.PutLogEvents(t.Context(), batch(start, "late"))
		must(t, err)
		_, err = c.PutLogEvents(t.Context(), batch(start.Add(-time.Second), "early"))
		must(t, err)
		in := batch(start, "kept")
		in.LogStreamName = s("other")
		_, err = c.PutLogEvents(t.Context(), in)
		must(t, err)
		describe := func() (string, int64) {
			t.Helper()
			streams, err := c.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: s("g"), LogStreamNamePrefix: s("s")})
			must(t, err)
			groups, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
			must(t, err)
			st := streams.LogStreams[0]
			return fmt.Sprint(st.FirstEventTimestamp != nil, st.LastEventTimestamp != nil, st.LastIngestionTime != nil, st.UploadSequenceToken != nil, *st.CreationTime == start.UnixMilli()),
				*groups.LogGroups[0].StoredBytes
		}
		if d, n := describe(); d != "true true true true true" || n != 13+3*26 {
			t.Errorf("before: %s, %d bytes", d, n)
		}
		got := srv.TakeEvents("g", "s") // out of order: the index by time exists
		if len(got) != 2 || got[0].Message != "late" || got[1].Message != "early" || !got[1].Timestamp.Equal(start.Add(-time.Second)) || !got[1].IngestionTime.Equal(start) {
			t.Errorf("got %v", got)
		}
		if srv.Events("g", "s") != nil || srv.TakeEvents("g", "s") != nil {
			t.Error("the events are still there")
		}
		if d, n := describe(); d != "false false false false true" || n != 4+26 {
			t.Errorf("after: %s, %d bytes", d, n)
		}
		if got := srv.Messages("g", "other"); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("the other stream: %q", got)
		}

		put(t, c, "a", "b")
		_, err = c.PutLogEvents(t.Context(), batch(start.Add(-time.Minute), "c"))
		must(t, err)
		page, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s")})
		must(t, err)
		var order []string
		for _, e := range page.Events {
			order = append(order, *e.Message)
		}
		if !slices.Equal(order, []string{"c", "a", "b"}) || len(srv.TakeEvents("g", "s")) != 3 {
			t.Errorf("new events: %q", order)
		}
	})
}

// Every event is taken once.
func TestTakeEventsUnderConcurrency(t *testing.T) {
	srv, c := ready(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				if _, err := c.PutLogEvents(t.Context(), batch(time.Now(), fmt.Sprint(i, j, "a"), fmt.Sprint(i, j, "b"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sent := make(chan struct{})
	go func() { wg.Wait(); close(sent) }()
	seen := make(map[string]int)
	for done := false; !done; {
		select {
		case <-sent:
			done = true
		default:
		}
		for _, e := range srv.TakeEvents("g", "s") {
			seen[e.Message]++
		}
	}
	for message, n := range seen {
		if n != 1 {
			t.Errorf("%s was taken %d times", message, n)
		}
	}
	if len(seen) != 400 {
		t.Errorf("%d events, want 400", len(seen))
	}
}
