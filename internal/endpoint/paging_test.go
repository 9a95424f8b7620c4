package endpoint_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// shuffled sends n events with the messages 0000, 0001... in time order, a few
// at a time and in a random order of batches, to one of the streams.
func shuffled(t *testing.T, c *cloudwatchlogs.Client, n int, streams ...string) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	start := time.Now().Add(-time.Hour)
	for _, first := range rnd.Perm(n / 5) {
		in := batch(start)
		in.LogStreamName = &streams[rnd.IntN(len(streams))]
		for i := first * 5; i < first*5+5; i++ {
			in.LogEvents = append(in.LogEvents, event(start.Add(time.Duration(i)*ms), fmt.Sprintf("%04d", i)))
		}
		_, err := c.PutLogEvents(t.Context(), in)
		must(t, err)
	}
}

func wantInOrder(t *testing.T, got []string, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%d events, want %d", len(got), n)
	}
	for i, m := range got {
		if m != fmt.Sprintf("%04d", i) {
			t.Fatalf("event %d is %s", i, m)
		}
	}
}

func TestGetLogEventsWalk(t *testing.T) {
	_, c := ready(t)
	const n = 500
	shuffled(t, c, n, "s")
	in := cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartFromHead: aws.Bool(true), Limit: aws.Int32(7)}

	t.Run("forward", func(t *testing.T) {
		p := cloudwatchlogs.NewGetLogEventsPaginator(c, &in, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
		var got []string
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			must(t, err)
			for _, token := range []string{*out.NextForwardToken, *out.NextBackwardToken} {
				if len(token) != 60 || token[1] != '/' || !strings.HasSuffix(token, "/s") {
					t.Fatalf("token %q does not have the form f/…56 digits…/s", token)
				}
			}
			for _, e := range out.Events {
				got = append(got, *e.Message)
			}
		}
		wantInOrder(t, got, n)
	})

	t.Run("backward", func(t *testing.T) {
		in := in
		in.StartFromHead = nil
		var got []string
		for {
			out, err := c.GetLogEvents(t.Context(), &in)
			must(t, err)
			var page []string
			for _, e := range out.Events {
				page = append(page, *e.Message)
			}
			got = append(page, got...)
			if in.NextToken != nil && *in.NextToken == *out.NextBackwardToken {
				if len(page) > 0 {
					t.Error("the token repeats, but the page is not empty")
				}
				break
			}
			in.NextToken = out.NextBackwardToken
		}
		wantInOrder(t, got, n)
	})
}

func TestEndTimeAtTheExtremes(t *testing.T) {
	_, c := ready(t)
	put(t, c, "x")
	for end, want := range map[int64]int{0: 0, 1<<63 - 1: 1} {
		filter, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), EndTime: &end})
		must(t, err)
		get, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), EndTime: &end})
		must(t, err)
		if len(filter.Events) != want || len(get.Events) != want {
			t.Errorf("end %d: FilterLogEvents returns %d events and GetLogEvents %d, want %d", end, len(filter.Events), len(get.Events), want)
		}
	}
}

func TestFilterLogEventsWalk(t *testing.T) {
	srv, c := ready(t)
	for _, name := range []string{"a1", "a2", "b"} {
		must(t, srv.CreateLogStream("g", name))
	}
	const n = 500
	shuffled(t, c, n, "s", "a1", "a2", "b")
	walk := func(in cloudwatchlogs.FilterLogEventsInput) (messages []string, streams map[string]bool) {
		t.Helper()
		in.LogGroupName = s("g")
		streams = make(map[string]bool)
		ids := make(map[string]bool)
		p := cloudwatchlogs.NewFilterLogEventsPaginator(c, &in)
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			must(t, err)
			if len(out.SearchedLogStreams) != 0 {
				t.Error("searchedLogStreams is not empty")
			}
			for _, e := range out.Events {
				if ids[*e.EventId] || len(*e.EventId) != 56 {
					t.Fatalf("event id %s is not new, or has not 56 digits", *e.EventId)
				}
				ids[*e.EventId] = true
				messages = append(messages, *e.Message)
				streams[*e.LogStreamName] = true
			}
		}
		return messages, streams
	}
	got, streams := walk(cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(7)})
	wantInOrder(t, got, n)
	if len(streams) != 4 {
		t.Errorf("streams %v", streams)
	}
	got, _ = walk(cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(7), StartFromHead: aws.Bool(false), StartTime: aws.Int64(time.Now().Add(-2 * time.Hour).UnixMilli())})
	slices.Reverse(got)
	wantInOrder(t, got, n)

	all := make(map[string]int)
	for _, name := range []string{"s", "a1", "a2", "b"} {
		all[name] = len(srv.Events("g", name))
	}
	for _, r := range []struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want int
	}{
		{cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: s("a")}, all["a1"] + all["a2"]},
		{cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b", "a1", "b"}}, all["b"] + all["a1"]},
	} {
		r.in.Limit = aws.Int32(11)
		got, _ := walk(r.in)
		if len(got) != r.want || !slices.IsSorted(got) {
			t.Errorf("%d events, want %d in order", len(got), r.want)
		}
	}

	// The token alone decides the direction, and is bound to the selection of streams.
	start := aws.Int64(time.Now().Add(-2 * time.Hour).UnixMilli())
	out, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), Limit: aws.Int32(1), StartFromHead: aws.Bool(false), StartTime: start})
	must(t, err)
	next, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), Limit: aws.Int32(1), StartFromHead: aws.Bool(true), StartTime: start, NextToken: out.NextToken})
	must(t, err)
	if *out.Events[0].Message != "0499" || *next.Events[0].Message != "0498" {
		t.Errorf("got %s then %s", *out.Events[0].Message, *next.Events[0].Message)
	}
	_, err = c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), LogStreamNames: []string{"b"}, NextToken: out.NextToken})
	wantAPIError(t, err, invalid, "The specified nextToken is invalid.")
}

func TestPageMayBeFullToTheLastByte(t *testing.T) {
	_, c := ready(t)
	for _, size := range []int{400_000, 400_000, 1_048_576 - 400_026 - 26} {
		put(t, c, strings.Repeat("x", size))
	}
	out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s")})
	must(t, err)
	if len(out.Events) != 2 {
		t.Errorf("a page of exactly 1 MB holds %d events, want 2", len(out.Events))
	}
}

func TestPagesHoldTenThousandEvents(t *testing.T) {
	_, c := ready(t)
	for range 2 {
		_, err := c.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), LogEvents: repeat(6000, event(time.Now(), "x"))})
		must(t, err)
	}
	get, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s")})
	must(t, err)
	filter, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
	must(t, err)
	if len(get.Events) != 10_000 || len(filter.Events) != 10_000 || filter.NextToken == nil {
		t.Errorf("pages of %d and %d events", len(get.Events), len(filter.Events))
	}
}

func TestTokensExpireAfter24Hours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		must(t, srv.CreateLogGroup("h"))
		must(t, srv.CreateLogStream("g", "s2"))
		put(t, c, "one", "two")
		ctx := t.Context()
		get := &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartFromHead: aws.Bool(true)}
		filter := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), Limit: aws.Int32(1)}
		groups := &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(1)}
		streams := &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: s("g"), Limit: aws.Int32(1)}
		o1, err := c.GetLogEvents(ctx, get)
		must(t, err)
		o2, err := c.FilterLogEvents(ctx, filter)
		must(t, err)
		o3, err := c.DescribeLogGroups(ctx, groups)
		must(t, err)
		o4, err := c.DescribeLogStreams(ctx, streams)
		must(t, err)
		get.NextToken, filter.NextToken, groups.NextToken, streams.NextToken = o1.NextForwardToken, o2.NextToken, o3.NextToken, o4.NextToken
		list := &cloudwatchlogs.ListLogGroupsInput{Limit: aws.Int32(1)}
		o5, err := c.ListLogGroups(ctx, list)
		must(t, err)
		list.NextToken = o5.NextToken
		filters := &cloudwatchlogs.DescribeMetricFiltersInput{Limit: aws.Int32(1)}
		for _, name := range []string{"a", "b"} {
			must(t, metricFilter(func(in *putFilter, _ *types.MetricTransformation) { in.FilterName = &name })(ctx, c))
		}
		o6, err := c.DescribeMetricFilters(ctx, filters)
		must(t, err)
		filters.NextToken = o6.NextToken

		calls := map[string]func() error{
			"GetLogEvents":       func() error { _, err := c.GetLogEvents(ctx, get); return err },
			"FilterLogEvents":    func() error { _, err := c.FilterLogEvents(ctx, filter); return err },
			"DescribeLogGroups":  func() error { _, err := c.DescribeLogGroups(ctx, groups); return err },
			"DescribeLogStreams": func() error { _, err := c.DescribeLogStreams(ctx, streams); return err },
			"ListLogGroups":      func() error { _, err := c.ListLogGroups(ctx, list); return err },
		}
		describeFilters := func() error { _, err := c.DescribeMetricFilters(ctx, filters); return err }
		time.Sleep(24 * time.Hour)
		for name, call := range calls {
			if err := call(); err != nil {
				t.Errorf("%s after 24 hours: %v", name, err)
			}
		}
		must(t, describeFilters())
		time.Sleep(ms)
		for _, call := range calls {
			wantAPIError(t, call(), invalid, "The specified nextToken is invalid.")
		}
		wantAPIError(t, describeFilters(), invalid, "Pagination token in request is invalid.")
	})
}

func TestDescribeLogGroupsOfAccounts(t *testing.T) {
	_, c := ready(t)
	for _, r := range []struct {
		name   string
		linked bool
		id     string
		want   int
	}{
		{"own account", true, "000000000000", 1},
		{"another account", true, "123456789012", 0},
		{"accounts without includeLinkedAccounts", false, "123456789012", 1},
	} {
		out, err := c.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{IncludeLinkedAccounts: &r.linked, AccountIdentifiers: []string{r.id}})
		must(t, err)
		if len(out.LogGroups) != r.want {
			t.Errorf("%s: %d log groups, want %d", r.name, len(out.LogGroups), r.want)
		}
	}
}

func TestARNsNameTheSignedRegion(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	must(t, srv.CreateLogGroup("g"))
	cfg := srv.Config()
	cfg.Region = "eu-west-1"
	out, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	must(t, err)
	if got := *out.LogGroups[0].LogGroupArn; got != "arn:aws:logs:eu-west-1:000000000000:log-group:g" {
		t.Errorf("got %s", got)
	}
	if a := post(t, srv, "DescribeLogGroups", "{}"); !strings.Contains(a.body, "arn:aws:logs:us-east-1:") {
		t.Errorf("without a signature: %s", a.body)
	}
}

// search returns the messages of each page.
func search(t *testing.T, c *cloudwatchlogs.Client, in cloudwatchlogs.FilterLogEventsInput) (pages [][]string) {
	t.Helper()
	in.LogGroupName = s("g")
	p := cloudwatchlogs.NewFilterLogEventsPaginator(c, &in)
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		must(t, err)
		page := []string{}
		for _, e := range out.Events {
			page = append(page, *e.Message)
		}
		pages = append(pages, page)
	}
	return pages
}

// Pages of a search are as long as the limit allows, in both directions.
func TestFilterPatternPages(t *testing.T) {
	_, c := ready(t)
	shuffled(t, c, 500, "s")
	start := aws.Int64(time.Now().Add(-2 * time.Hour).UnixMilli())
	for _, forward := range []bool{true, false} {
		pages := search(t, c, cloudwatchlogs.FilterLogEventsInput{FilterPattern: s(`%[37]$%`), Limit: aws.Int32(7), StartTime: start, StartFromHead: &forward})
		for i, page := range pages[:len(pages)-1] {
			if len(page) != 7 {
				t.Fatalf("page %d has %d events", i, len(page))
			}
		}
		got := slices.Concat(pages...)
		if !forward {
			slices.Reverse(got)
		}
		if len(got) != 100 || got[0] != "0003" || got[99] != "0497" || !slices.IsSorted(got) {
			t.Errorf("%d events: %v", len(got), got)
		}
	}
}
