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

	t.Run("turn round", func(t *testing.T) {
		first, err := c.GetLogEvents(t.Context(), &in)
		must(t, err)
		next := in
		next.NextToken = first.NextForwardToken
		second, err := c.GetLogEvents(t.Context(), &next)
		must(t, err)
		next.NextToken = second.NextBackwardToken
		again, err := c.GetLogEvents(t.Context(), &next)
		must(t, err)
		if len(again.Events) != 7 || *again.Events[0].Message != "0000" || *again.Events[6].Message != "0006" {
			t.Errorf("back from the second page: %v", again.Events)
		}
	})
}

func TestGetLogEventsTokens(t *testing.T) {
	_, c := ready(t)
	get := func(token *string, head bool) *cloudwatchlogs.GetLogEventsOutput {
		t.Helper()
		out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartFromHead: &head, NextToken: token})
		must(t, err)
		for _, token := range []*string{out.NextForwardToken, out.NextBackwardToken} {
			if v := aws.ToString(token); len(v) != 60 || v[1] != '/' || !strings.HasSuffix(v, "/s") {
				t.Errorf("token %q has not the form f/…56 digits…/s", v)
			}
		}
		if (*out.NextForwardToken)[0] != 'f' || (*out.NextBackwardToken)[0] != 'b' {
			t.Errorf("tokens %s and %s", *out.NextForwardToken, *out.NextBackwardToken)
		}
		return out
	}
	// A follower starts on an empty stream.
	out := get(nil, true)
	token := *out.NextForwardToken
	if again := get(&token, true); *again.NextForwardToken != token || len(again.Events) != 0 {
		t.Error("the forward token of an empty stream does not repeat")
	}
	put(t, c, "one")
	out = get(&token, true)
	if len(out.Events) != 1 || *out.NextForwardToken == token {
		t.Fatalf("got %v", out.Events)
	}
	token = *out.NextForwardToken
	for range 3 {
		if again := get(&token, true); *again.NextForwardToken != token || len(again.Events) != 0 {
			t.Error("the forward token at the end does not repeat")
		}
	}
	put(t, c, "two")
	if out = get(&token, true); len(out.Events) != 1 || *out.Events[0].Message != "two" {
		t.Errorf("after the end: %v", out.Events)
	}
	// The beginning, backwards.
	out = get(out.NextBackwardToken, false)
	if len(out.Events) != 1 || *out.Events[0].Message != "one" {
		t.Errorf("before the second event: %v", out.Events)
	}
	token = *out.NextBackwardToken
	if out = get(&token, false); *out.NextBackwardToken != token || len(out.Events) != 0 {
		t.Error("the backward token at the beginning does not repeat")
	}
	// From there forward again.
	if out = get(out.NextForwardToken, true); len(out.Events) != 2 {
		t.Errorf("from the beginning: %v", out.Events)
	}
}

func TestTimeWindows(t *testing.T) {
	_, c := ready(t)
	ctx, at := t.Context(), time.Now()
	in := batch(at)
	for i := range 5 {
		in.LogEvents = append(in.LogEvents, event(at.Add(time.Duration(i)*ms), fmt.Sprint(i)))
	}
	_, err := c.PutLogEvents(ctx, in)
	must(t, err)
	millis := func(i int) *int64 { return aws.Int64(at.UnixMilli() + int64(i)) }

	get, err := c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartTime: millis(1), EndTime: millis(3)})
	must(t, err)
	var got []string
	for _, e := range get.Events {
		got = append(got, *e.Message)
	}
	if !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("GetLogEvents from 1 to 3: %v, the start is inclusive and the end exclusive", got)
	}
	filter, err := c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), StartTime: millis(1), EndTime: millis(3)})
	must(t, err)
	got = nil
	for _, e := range filter.Events {
		got = append(got, *e.Message)
	}
	if !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("FilterLogEvents from 1 to 3: %v, both ends are inclusive", got)
	}
	for _, end := range []int64{0, 1<<63 - 1} {
		want := 0
		if end > 0 {
			want = 5
		}
		filter, err = c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g"), EndTime: &end})
		must(t, err)
		get, err = c.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), EndTime: &end})
		must(t, err)
		if len(filter.Events) != want || len(get.Events) != want {
			t.Errorf("end %d: %d and %d events, want %d", end, len(filter.Events), len(get.Events), want)
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

	// The token alone decides the direction, and belongs to its choice of streams.
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

func TestPagesHoldOneMegabyte(t *testing.T) {
	_, c := ready(t)
	// 5 events of 400,026 counted bytes: two to a page.
	for i := range 5 {
		put(t, c, fmt.Sprint(i)+strings.Repeat("x", 399_999))
	}
	var pages []int
	p := cloudwatchlogs.NewGetLogEventsPaginator(c, &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"), StartFromHead: aws.Bool(true)},
		func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		must(t, err)
		pages = append(pages, len(out.Events))
	}
	if !slices.Equal(pages, []int{2, 2, 1, 0}) {
		t.Errorf("GetLogEvents pages: %v", pages)
	}
	pages = nil
	f := cloudwatchlogs.NewFilterLogEventsPaginator(c, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
	for f.HasMorePages() {
		out, err := f.NextPage(t.Context())
		must(t, err)
		pages = append(pages, len(out.Events))
	}
	if !slices.Equal(pages, []int{2, 2, 1}) {
		t.Errorf("FilterLogEvents pages: %v", pages)
	}
	// Without a limit the newest page comes first.
	out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s")})
	must(t, err)
	if len(out.Events) != 2 || (*out.Events[1].Message)[0] != '4' {
		t.Errorf("latest page has %d events", len(out.Events))
	}
	// A page may be full to the last byte.
	put(t, c, strings.Repeat("y", 1_048_576-400_026-26))
	out, err = c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s")})
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

func TestTokensLive24Hours(t *testing.T) {
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

func TestDescribeLogGroups(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	c, ctx := sdk(srv), t.Context()
	for _, in := range []cloudwatchlogs.CreateLogGroupInput{
		{LogGroupName: s("app-2"), LogGroupClass: types.LogGroupClassInfrequentAccess},
		{LogGroupName: s("app"), KmsKeyId: s("key"), Tags: map[string]string{"a": "b"}, DeletionProtectionEnabled: aws.Bool(true)},
		{LogGroupName: s("App"), LogGroupClass: "ESSENTIALS"},
		{LogGroupName: s("/my/app/x")},
	} {
		_, err := c.CreateLogGroup(ctx, &in)
		must(t, err)
	}
	names := func(in cloudwatchlogs.DescribeLogGroupsInput) string {
		t.Helper()
		in.Limit = aws.Int32(1)
		var list []string
		p := cloudwatchlogs.NewDescribeLogGroupsPaginator(c, &in)
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			must(t, err)
			for _, g := range out.LogGroups {
				list = append(list, *g.LogGroupName)
			}
		}
		return strings.Join(list, " ")
	}
	for _, r := range []struct {
		name string
		in   cloudwatchlogs.DescribeLogGroupsInput
		want string
	}{
		{"all, in ASCII order", cloudwatchlogs.DescribeLogGroupsInput{}, "/my/app/x App app app-2"},
		{"by prefix", cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: s("app")}, "app app-2"},
		{"by pattern, case-sensitive", cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: s("app")}, "/my/app/x app app-2"},
		{"by class", cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: "STANDARD"}, "/my/app/x app"},
		{"by one cheap class, which shows both", cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: "ESSENTIALS"}, "App app-2"},
		{"by the other cheap class, which shows both", cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: "INFREQUENT_ACCESS"}, "App app-2"},
		{"own account", cloudwatchlogs.DescribeLogGroupsInput{IncludeLinkedAccounts: aws.Bool(true), AccountIdentifiers: []string{"000000000000"}, LogGroupNamePrefix: s("app")}, "app app-2"},
		{"another account", cloudwatchlogs.DescribeLogGroupsInput{IncludeLinkedAccounts: aws.Bool(true), AccountIdentifiers: []string{"123456789012"}}, ""},
		{"accounts without linked ones", cloudwatchlogs.DescribeLogGroupsInput{AccountIdentifiers: []string{"123456789012"}, LogGroupNamePrefix: s("app")}, "app app-2"},
		{"by identifiers", cloudwatchlogs.DescribeLogGroupsInput{LogGroupIdentifiers: []string{arnPrefix + "app-2", "App", "none"}}, "App app-2"},
	} {
		if got := names(r.in); got != r.want {
			t.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
	}

	out, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: s("app")})
	must(t, err)
	g := out.LogGroups[0]
	if *g.Arn != arnPrefix+"app:*" || *g.LogGroupArn != arnPrefix+"app" || g.LogGroupClass != "STANDARD" || *g.KmsKeyId != "key" || g.RetentionInDays != nil ||
		*g.MetricFilterCount != 0 || *g.StoredBytes != 0 || !*g.DeletionProtectionEnabled || time.Since(time.UnixMilli(*g.CreationTime)) > time.Minute {
		t.Errorf("got %+v", g)
	}
	out, err = c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: s("app-")})
	must(t, err)
	g = out.LogGroups[0]
	if *g.Arn != arnPrefix+"app-2:*" || *g.LogGroupName != "app-2" || g.CreationTime == nil || *g.LogGroupArn != arnPrefix+"app-2" || g.LogGroupClass != "INFREQUENT_ACCESS" || *g.MetricFilterCount != 0 ||
		g.StoredBytes != nil || g.DeletionProtectionEnabled != nil || g.BearerTokenAuthenticationEnabled != nil {
		t.Errorf("by pattern: %+v", g)
	}
}

func TestDescribeLogStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		ctx := t.Context()
		for i := range 120 {
			must(t, srv.CreateLogStream("g", fmt.Sprintf("app%03d", i)))
		}
		now := time.Now()
		for i, name := range []string{"s", "app005", "app001"} {
			in := batch(now.Add(-time.Duration(i)*time.Minute), "x")
			in.LogStreamName = &name
			_, err := c.PutLogEvents(ctx, in)
			must(t, err)
		}
		names := func(in cloudwatchlogs.DescribeLogStreamsInput) []string {
			t.Helper()
			in.LogGroupName = s("g")
			var list []string
			p := cloudwatchlogs.NewDescribeLogStreamsPaginator(c, &in)
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				must(t, err)
				if len(out.LogStreams) > 50 {
					t.Errorf("a page of %d streams", len(out.LogStreams))
				}
				for _, g := range out.LogStreams {
					list = append(list, *g.LogStreamName)
				}
			}
			return list
		}
		byName := names(cloudwatchlogs.DescribeLogStreamsInput{})
		if len(byName) != 121 || !slices.IsSorted(byName) {
			t.Errorf("by name: %v", byName)
		}
		down := names(cloudwatchlogs.DescribeLogStreamsInput{Descending: aws.Bool(true)})
		slices.Reverse(down)
		if !slices.Equal(down, byName) {
			t.Errorf("descending: %v", down)
		}
		if got := names(cloudwatchlogs.DescribeLogStreamsInput{LogStreamNamePrefix: s("app00")}); len(got) != 10 {
			t.Errorf("by prefix: %v", got)
		}
		byTime := names(cloudwatchlogs.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)})
		if len(byTime) != 121 || !slices.Equal(byTime[:3], []string{"s", "app005", "app001"}) {
			t.Errorf("by time: %v", byTime)
		}
		// Times of one stream: an older event that comes later.
		time.Sleep(time.Second)
		_, err := c.PutLogEvents(ctx, batch(now.Add(-time.Hour), "older"))
		must(t, err)
		out, err := c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: s("g"), LogStreamNamePrefix: s("s")})
		must(t, err)
		st := out.LogStreams[0]
		if *st.Arn != arnPrefix+"g:log-stream:s" || *st.FirstEventTimestamp != now.Add(-time.Hour).UnixMilli() || *st.LastEventTimestamp != now.UnixMilli() ||
			*st.LastIngestionTime != now.Add(time.Second).UnixMilli() || *st.CreationTime != now.UnixMilli() || st.UploadSequenceToken == nil {
			t.Errorf("got %+v", st)
		}
		//lint:ignore SA1019 a deprecated field still has to be right
		if stored := *st.StoredBytes; stored != 0 {
			t.Errorf("the stream has %d stored bytes", stored)
		}
		out, err = c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: s("g"), LogStreamNamePrefix: s("app000")})
		must(t, err)
		if st := out.LogStreams[0]; st.FirstEventTimestamp != nil || st.LastEventTimestamp != nil || st.LastIngestionTime != nil {
			t.Errorf("an empty stream: %+v", st)
		}
	})
}

func TestTagsAndGroups(t *testing.T) {
	srv, c := ready(t)
	ctx := t.Context()
	_, err := c.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: s(arnPrefix + "g"), Tags: map[string]string{"a": "1", "b": "2", "c": ""}})
	must(t, err)
	_, err = c.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: s(arnPrefix + "g"), Tags: map[string]string{"b": "3"}})
	must(t, err)
	_, err = c.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: s(arnPrefix + "g"), TagKeys: []string{"a", "z"}})
	must(t, err)
	out, err := c.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: s(arnPrefix + "g")})
	must(t, err)
	if fmt.Sprint(out.Tags) != "map[b:3 c:]" {
		t.Errorf("tags: %v", out.Tags)
	}
	must(t, srv.CreateLogStream("g", "another"))
	g, ok := srv.LogGroup("g")
	if !ok || fmt.Sprint(g.Tags) != "map[b:3 c:]" || g.Class != "STANDARD" || fmt.Sprint(g.Streams) != "[another s]" || g.CreationTime.IsZero() {
		t.Errorf("got %+v", g)
	}
	g.Tags["mine"] = "x"
	g.Streams[0] = "mine"
	if again, _ := srv.LogGroup("g"); len(again.Tags) != 2 || again.Streams[0] != "another" {
		t.Error("LogGroup does not return a copy")
	}
	must(t, srv.CreateLogGroup("a"))
	if list := srv.LogGroups(); len(list) != 2 || list[0].Name != "a" || list[1].Name != "g" {
		t.Errorf("groups: %+v", list)
	}
	if _, ok := srv.LogGroup("none"); ok {
		t.Error("a group that is not there is found")
	}
	last := srv.Requests()[0]
	if last.Operation != "TagResource" || last.LogGroup != "g" {
		t.Errorf("request log: %+v", last)
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
