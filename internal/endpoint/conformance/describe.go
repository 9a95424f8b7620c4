package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// groupsWith creates log groups with the given suffixes, and returns their common prefix, which no
// other group has.
func (p *probe) groupsWith(suffixes ...string) (prefix string) {
	prefix = p.prefix + "-d-"
	for _, s := range suffixes {
		p.must(groupNamed(prefix + s)(p))
	}
	return prefix
}

// listGroups reads all pages, and returns the names without the prefix.
func (p *probe) listGroups(prefix string, in logs.DescribeLogGroupsInput) (names []string, pages int) {
	pages = p.pages(&in.NextToken, func() (next *string) {
		out, err := p.DescribeLogGroups(p.ctx, &in)
		p.must(err)
		for _, g := range out.LogGroups {
			if name, ours := strings.CutPrefix(*g.LogGroupName, prefix); ours {
				names = append(names, name)
			}
		}
		return out.NextToken
	})
	return names, pages
}

func describeGroupRules() []Rule {
	const source = "DescribeLogGroups"
	type in = logs.DescribeLogGroupsInput
	describe := func(in in) call {
		return func(p *probe) error {
			_, err := p.DescribeLogGroups(p.ctx, &in)
			return err
		}
	}
	wantNames := func(p *probe, got []string, want ...string) {
		if !slices.Equal(got, want) {
			p.errorf("got %q, want %q", got, want)
		}
	}
	return area("DescribeLogGroups",
		rule(source, "a prefix selects groups", func(p *probe) {
			prefix := p.groupsWith("app", "app-2", "web")
			got, _ := p.listGroups(prefix, in{LogGroupNamePrefix: aws.String(prefix + "app")})
			wantNames(p, got, "app", "app-2")
		}),
		rule(source, "a pattern selects groups by a case-sensitive substring of their names", func(p *probe) {
			prefix := p.groupsWith("x-DataLogs-y", "datalogs", "DataLogs")
			got, _ := p.listGroups(prefix, in{LogGroupNamePattern: aws.String(p.prefix + "-d-x-Data")})
			wantNames(p, got, "x-DataLogs-y")
			got, _ = p.listGroups(prefix, in{LogGroupNamePattern: aws.String("DataLogs")})
			wantNames(p, got, "DataLogs", "x-DataLogs-y")
		}),
		rule(source, "with a pattern, arn, creation time and name are returned, but not retention and stored bytes", func(p *probe) {
			group := p.group(withTags(map[string]string{"k": "v"}))
			p.must(retain(p, group, 3))
			out, err := p.DescribeLogGroups(p.ctx, &in{LogGroupNamePattern: &group})
			p.must(err)
			if len(out.LogGroups) != 1 {
				p.fatalf("%d groups", len(out.LogGroups))
			}
			g := out.LogGroups[0]
			if g.Arn == nil || g.CreationTime == nil || *g.LogGroupName != group {
				p.errorf("got %s", plain(g))
			}
			// The documents say "only" these three. Recorded responses also have the other ARN, the
			// class and the number of metric filters.
			if g.RetentionInDays != nil || g.StoredBytes != nil {
				p.errorf("got more: %s", plain(g))
			}
		}),
		rule(source, "prefix and pattern exclude each other", refuses(invalid, describe(in{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("b")}))),
		rule(source, "groups are in ASCII order of their names", func(p *probe) {
			prefix := p.groupsWith("b", "a", "B", "a/b", "_", "1")
			got, _ := p.listGroups(prefix, in{LogGroupNamePrefix: &prefix})
			wantNames(p, got, "1", "B", "_", "a", "a/b", "b")
		}),
		rule(source, "the last page has no token", func(p *probe) {
			prefix := p.groupsWith("a", "b", "c", "d", "e")
			got, pages := p.listGroups(prefix, in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(2)})
			wantNames(p, got, "a", "b", "c", "d", "e")
			if pages != 3 {
				p.errorf("got %d pages", pages)
			}
		}),
		rule(source, "a page has 50 groups by default", func(p *probe) {
			var suffixes []string
			for i := range 51 {
				suffixes = append(suffixes, fmt.Sprintf("%02d", i))
			}
			prefix := p.groupsWith(suffixes...)
			out, err := p.DescribeLogGroups(p.ctx, &in{LogGroupNamePrefix: &prefix})
			p.must(err)
			if len(out.LogGroups) != 50 || out.NextToken == nil {
				p.errorf("it has %d", len(out.LogGroups))
			}
		}),
		rule(source, "the limit is 1 to 50", func(p *probe) {
			p.must(describe(in{Limit: aws.Int32(1)})(p))
			p.must(describe(in{Limit: aws.Int32(50)})(p))
			p.refused(invalid, describe(in{Limit: aws.Int32(0)})(p))
			p.refused(invalid, describe(in{Limit: aws.Int32(51)})(p))
		}),
		rule(source, "prefix and pattern are checked", func(p *probe) {
			p.refused(invalid, describe(in{LogGroupNamePrefix: aws.String("a*")})(p))
			p.refused(invalid, describe(in{LogGroupNamePattern: aws.String("a*")})(p))
		}),
		rule(source, "a prefix has at least 1 character", refuses(invalid, describe(in{LogGroupNamePrefix: aws.String("")}))),
		rule(source, "a made-up token is refused", refuses(invalid, describe(in{NextToken: aws.String("next")}))),
		clockRule(source, "a token expires after 24 hours", func(p *probe) {
			prefix := p.groupsWith("a", "b")
			out, err := p.DescribeLogGroups(p.ctx, &in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(1)})
			p.must(err)
			next := describe(in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(1), NextToken: out.NextToken})
			p.sleep(24 * time.Hour)
			p.must(next(p))
			p.sleep(time.Second)
			p.refused(invalid, next(p))
		}),
		rule(source, "a class selects groups", func(p *probe) {
			standard, cheap := p.group(), p.group(ofClass(types.LogGroupClassInfrequentAccess))
			got, _ := p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: types.LogGroupClassStandard})
			wantNames(p, got, standard)
			got, _ = p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: types.LogGroupClassInfrequentAccess})
			wantNames(p, got, cheap)
		}),
		rule(source, "INFREQUENT_ACCESS and ESSENTIALS both select both", func(p *probe) {
			one, two := p.group(ofClass(types.LogGroupClassInfrequentAccess)), p.group(ofClass("ESSENTIALS"))
			for _, class := range []types.LogGroupClass{types.LogGroupClassInfrequentAccess, "ESSENTIALS"} {
				got, _ := p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: class})
				wantNames(p, got, one, two)
			}
		}),
		rule(source, "identifiers select groups", func(p *probe) {
			one, two := p.group(), p.group()
			p.group()
			got, _ := p.listGroups("", in{LogGroupIdentifiers: []string{two, one}})
			wantNames(p, got, one, two)
		}),
		rule(source, "at most 50 identifiers are allowed", func(p *probe) {
			p.must(describe(in{LogGroupIdentifiers: slices.Repeat([]string{"x"}, 50)})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: slices.Repeat([]string{"x"}, 51)})(p))
		}),
		rule(source, "identifiers exclude other filters", func(p *probe) {
			group := p.group()
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupNamePrefix: &group})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupNamePattern: &group})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupClass: types.LogGroupClassStandard})(p))
		}),
		rule(source, "at most 20 accounts of 12 digits are allowed", func(p *probe) {
			p.refused(invalid, describe(in{AccountIdentifiers: slices.Repeat([]string{"123456789012"}, 21)})(p))
			p.refused(invalid, describe(in{AccountIdentifiers: []string{"12345678901"}})(p))
		}),
		rule("LogGroup", "arn ends with :*, logGroupArn does not", func(p *probe) {
			group := p.group()
			g := p.describe(group)
			tail := ":log-group:" + group
			if !strings.HasPrefix(aws.ToString(g.Arn), "arn:aws") || !strings.HasSuffix(aws.ToString(g.Arn), tail+":*") || !strings.HasSuffix(aws.ToString(g.LogGroupArn), tail) {
				p.errorf("they are %q and %q", aws.ToString(g.Arn), aws.ToString(g.LogGroupArn))
			}
		}),
		rule("LogGroup", "a new group has a creation time, 0 stored bytes and 0 metric filters", func(p *probe) {
			g := p.describe(p.group())
			if time.Since(time.UnixMilli(aws.ToInt64(g.CreationTime))).Abs() > 5*time.Minute || g.StoredBytes == nil || *g.StoredBytes != 0 || g.MetricFilterCount == nil || *g.MetricFilterCount != 0 {
				p.errorf("got %s", plain(g))
			}
		}),
	)
}

// listStreams reads all pages.
func (p *probe) listStreams(in logs.DescribeLogStreamsInput) (names []string, pages int) {
	pages = p.pages(&in.NextToken, func() (next *string) {
		out, err := p.DescribeLogStreams(p.ctx, &in)
		p.must(err)
		for _, s := range out.LogStreams {
			names = append(names, *s.LogStreamName)
		}
		return out.NextToken
	})
	return names, pages
}

func describeStreamRules() []Rule {
	const source = "DescribeLogStreams"
	type in = logs.DescribeLogStreamsInput
	describe := func(p *probe, in in) error {
		_, err := p.DescribeLogStreams(p.ctx, &in)
		return err
	}
	wantNames := func(p *probe, in in, want ...string) {
		p.want("the streams", want, func() []string {
			got, _ := p.listStreams(in)
			return got
		})
	}
	return area("DescribeLogStreams",
		rule(source, "streams are ordered by name by default", func(p *probe) {
			group := p.groupWith("b", "a", "B", "1")
			wantNames(p, in{LogGroupName: &group}, "1", "B", "a", "b")
		}),
		rule(source, "the order may be descending", func(p *probe) {
			group := p.groupWith("b", "a", "B", "1")
			wantNames(p, in{LogGroupName: &group, Descending: aws.Bool(true)}, "b", "a", "B", "1")
		}),
		rule(source, "a prefix selects streams", func(p *probe) {
			group := p.groupWith("a1", "a2", "b", "xa")
			wantNames(p, in{LogGroupName: &group, LogStreamNamePrefix: aws.String("a")}, "a1", "a2")
		}),
		rule(source, "streams may be ordered by their last events", func(p *probe) {
			group := p.groupWith("a", "b", "c")
			now := time.Now()
			for i, s := range []string{"b", "c", "a"} {
				p.put(group, s, event(now.Add(time.Duration(i-10)*time.Second), "x"))
			}
			wantNames(p, in{LogGroupName: &group, OrderBy: types.OrderByLastEventTime}, "b", "c", "a")
			wantNames(p, in{LogGroupName: &group, OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)}, "a", "c", "b")
		}),
		rule(source, "a prefix and the order by last events exclude each other", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), LogStreamNamePrefix: aws.String("a"), OrderBy: types.OrderByLastEventTime})
		})),
		rule(source, "other orders are refused", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), OrderBy: "Size"})
		})),
		rule(source, "the last page has no token", func(p *probe) {
			group := p.groupWith("a", "b", "c", "d", "e")
			got, pages := p.listStreams(in{LogGroupName: &group, Limit: aws.Int32(2)})
			if !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) || pages != 3 {
				p.errorf("got %q in %d pages", got, pages)
			}
		}),
		rule(source, "a page has 50 streams by default", func(p *probe) {
			group := p.group()
			for i := range 51 {
				p.stream(group, fmt.Sprintf("%02d", i))
			}
			out, err := p.DescribeLogStreams(p.ctx, &in{LogGroupName: &group})
			p.must(err)
			if len(out.LogStreams) != 50 || out.NextToken == nil {
				p.errorf("it has %d", len(out.LogStreams))
			}
		}),
		rule(source, "the limit is 1 to 50", func(p *probe) {
			group := p.group()
			p.must(describe(p, in{LogGroupName: &group, Limit: aws.Int32(1)}))
			p.must(describe(p, in{LogGroupName: &group, Limit: aws.Int32(50)}))
			p.refused(invalid, describe(p, in{LogGroupName: &group, Limit: aws.Int32(0)}))
			p.refused(invalid, describe(p, in{LogGroupName: &group, Limit: aws.Int32(51)}))
		}),
		rule(source, "a log group may be identified by name or ARN", func(p *probe) {
			p.groupWith("other") // must not be found
			group := p.groupWith("s")
			p.groupWith("other")
			for _, identifier := range []string{group, p.arn(group)} {
				wantNames(p, in{LogGroupIdentifier: &identifier}, "s")
			}
		}),
		rule(source, "exactly one of name and identifier is required", func(p *probe) {
			group := p.group()
			p.refusedSomehow(describe(p, in{LogGroupName: &group, LogGroupIdentifier: &group}))
			p.refusedSomehow(describe(p, in{}))
		}),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error { return describe(p, in{LogGroupName: aws.String(p.newName(""))}) })),
		rule(source, "a prefix is checked", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), LogStreamNamePrefix: aws.String("a:")})
		})),
		rule(source, "a made-up token is refused", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), NextToken: aws.String("next")})
		})),
		clockRule(source, "a token expires after 24 hours", func(p *probe) {
			group := p.groupWith("a", "b")
			out, err := p.DescribeLogStreams(p.ctx, &in{LogGroupName: &group, Limit: aws.Int32(1)})
			p.must(err)
			next := in{LogGroupName: &group, Limit: aws.Int32(1), NextToken: out.NextToken}
			p.sleep(24 * time.Hour)
			p.must(describe(p, next))
			p.sleep(time.Second)
			p.refused(invalid, describe(p, next))
		}),
		rule("LogStream", "a stream has the timestamps of its first and last event, and its last ingestion time", func(p *probe) {
			group := p.groupWith("s")
			now := time.Now()
			p.put(group, "s", event(now.Add(-time.Hour), "x"), event(now, "y"))
			want := []string{fmt.Sprint(now.Add(-time.Hour).UnixMilli()), fmt.Sprint(now.UnixMilli()), "true"}
			p.want("the times", want, func() []string {
				s := p.onlyStream(group)
				fresh := time.Since(time.UnixMilli(aws.ToInt64(s.LastIngestionTime))).Abs() < 5*time.Minute
				return []string{fmt.Sprint(aws.ToInt64(s.FirstEventTimestamp)), fmt.Sprint(aws.ToInt64(s.LastEventTimestamp)), fmt.Sprint(fresh)}
			})
		}),
		rule("LogStream", "a stream without events has none of these times", func(p *probe) {
			s := p.onlyStream(p.groupWith("s"))
			if s.FirstEventTimestamp != nil || s.LastEventTimestamp != nil || s.LastIngestionTime != nil {
				p.errorf("got %s", plain(s))
			}
		}),
		rule("LogStream", "the stored bytes of a stream are 0", func(p *probe) {
			group, _ := p.stored("one")
			//lint:ignore SA1019 a deprecated member still has to be right
			if n := p.onlyStream(group).StoredBytes; aws.ToInt64(n) != 0 {
				p.errorf("they are %d", *n)
			}
		}),
		rule("LogStream", "the ARN of a stream is that of its group, :log-stream: and its name", func(p *probe) {
			group := p.groupWith("s")
			if got, want := aws.ToString(p.onlyStream(group).Arn), p.arn(group)+":log-stream:s"; got != want {
				p.errorf("got %q, want %q", got, want)
			}
		}),
		rule("LogStream", "a stream has a creation time", func(p *probe) {
			s := p.onlyStream(p.groupWith("s"))
			if time.Since(time.UnixMilli(aws.ToInt64(s.CreationTime))).Abs() > 5*time.Minute {
				p.errorf("got %d", aws.ToInt64(s.CreationTime))
			}
		}),
	)
}

func (p *probe) onlyStream(group string) types.LogStream {
	out, err := p.DescribeLogStreams(p.ctx, &logs.DescribeLogStreamsInput{LogGroupName: &group})
	p.must(err)
	if len(out.LogStreams) != 1 {
		p.fatalf("%d streams", len(out.LogStreams))
	}
	return out.LogStreams[0]
}
