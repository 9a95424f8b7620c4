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

// groups creates log groups of those suffixes, and returns what they begin
// with: no other group does.
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
		rule(source, "a prefix chooses groups", func(p *probe) {
			prefix := p.groupsWith("app", "app-2", "web")
			got, _ := p.listGroups(prefix, in{LogGroupNamePrefix: aws.String(prefix + "app")})
			wantNames(p, got, "app", "app-2")
		}),
		rule(source, "a pattern chooses groups by a part of their name, in that case of letters", func(p *probe) {
			prefix := p.groupsWith("x-DataLogs-y", "datalogs", "DataLogs")
			got, _ := p.listGroups(prefix, in{LogGroupNamePattern: aws.String(p.prefix + "-d-x-Data")})
			wantNames(p, got, "x-DataLogs-y")
			got, _ = p.listGroups(prefix, in{LogGroupNamePattern: aws.String("DataLogs")})
			wantNames(p, got, "DataLogs", "x-DataLogs-y")
		}),
		rule(source, "with a pattern arn, creation time and name come back, but no retention and no stored bytes", func(p *probe) {
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
			// The documents say "only" these three. Recorded answers have the other
			// ARN, the class and the count of metric filters as well.
			if g.RetentionInDays != nil || g.StoredBytes != nil {
				p.errorf("more came back: %s", plain(g))
			}
		}),
		rule(source, "prefix and pattern exclude each other", refuses(invalid, describe(in{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("b")}))),
		rule(source, "groups are in ASCII order of their names", func(p *probe) {
			prefix := p.groupsWith("b", "a", "B", "a/b", "_", "1")
			got, _ := p.listGroups(prefix, in{LogGroupNamePrefix: &prefix})
			wantNames(p, got, "1", "B", "_", "a", "a/b", "b")
		}),
		rule(source, "pages follow each other until there is no token", func(p *probe) {
			prefix := p.groupsWith("a", "b", "c", "d", "e")
			got, pages := p.listGroups(prefix, in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(2)})
			wantNames(p, got, "a", "b", "c", "d", "e")
			if pages != 3 {
				p.errorf("there are %d pages", pages)
			}
		}),
		rule(source, "a page has 50 groups unless told", func(p *probe) {
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
		rule(source, "a token is one that was given out", refuses(invalid, describe(in{NextToken: aws.String("next")}))),
		clockRule(source, "a token lives 24 hours", func(p *probe) {
			prefix := p.groupsWith("a", "b")
			out, err := p.DescribeLogGroups(p.ctx, &in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(1)})
			p.must(err)
			next := describe(in{LogGroupNamePrefix: &prefix, Limit: aws.Int32(1), NextToken: out.NextToken})
			p.sleep(24 * time.Hour)
			p.must(next(p))
			p.sleep(time.Second)
			p.refused(invalid, next(p))
		}),
		rule(source, "a class chooses groups", func(p *probe) {
			standard, cheap := p.group(), p.group(ofClass(types.LogGroupClassInfrequentAccess))
			got, _ := p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: types.LogGroupClassStandard})
			wantNames(p, got, standard)
			got, _ = p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: types.LogGroupClassInfrequentAccess})
			wantNames(p, got, cheap)
		}),
		rule(source, "INFREQUENT_ACCESS and ESSENTIALS stand for both", func(p *probe) {
			one, two := p.group(ofClass(types.LogGroupClassInfrequentAccess)), p.group(ofClass("ESSENTIALS"))
			for _, class := range []types.LogGroupClass{types.LogGroupClassInfrequentAccess, "ESSENTIALS"} {
				got, _ := p.listGroups("", in{LogGroupNamePrefix: &p.prefix, LogGroupClass: class})
				wantNames(p, got, one, two)
			}
		}),
		rule(source, "identifiers choose groups", func(p *probe) {
			one, two := p.group(), p.group()
			p.group()
			got, _ := p.listGroups("", in{LogGroupIdentifiers: []string{two, one}})
			wantNames(p, got, one, two)
		}),
		rule(source, "at most 50 identifiers are given", func(p *probe) {
			p.must(describe(in{LogGroupIdentifiers: slices.Repeat([]string{"x"}, 50)})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: slices.Repeat([]string{"x"}, 51)})(p))
		}),
		rule(source, "identifiers exclude other filters", func(p *probe) {
			group := p.group()
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupNamePrefix: &group})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupNamePattern: &group})(p))
			p.refused(invalid, describe(in{LogGroupIdentifiers: []string{group}, LogGroupClass: types.LogGroupClassStandard})(p))
		}),
		rule(source, "at most 20 accounts of 12 digits are given", func(p *probe) {
			p.refused(invalid, describe(in{AccountIdentifiers: slices.Repeat([]string{"123456789012"}, 21)})(p))
			p.refused(invalid, describe(in{AccountIdentifiers: []string{"12345678901"}})(p))
		}),
		rule("LogGroup", "arn ends in :*, logGroupArn does not", func(p *probe) {
			group := p.group()
			g := p.describe(group)
			tail := ":log-group:" + group
			if !strings.HasPrefix(aws.ToString(g.Arn), "arn:aws") || !strings.HasSuffix(aws.ToString(g.Arn), tail+":*") || !strings.HasSuffix(aws.ToString(g.LogGroupArn), tail) {
				p.errorf("they are %q and %q", aws.ToString(g.Arn), aws.ToString(g.LogGroupArn))
			}
		}),
		rule("LogGroup", "a group has a creation time, 0 stored bytes and 0 metric filters at first", func(p *probe) {
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
		rule(source, "streams are in order of their names unless told", func(p *probe) {
			group := p.groupWith("b", "a", "B", "1")
			wantNames(p, in{LogGroupName: &group}, "1", "B", "a", "b")
		}),
		rule(source, "the order can be descending", func(p *probe) {
			group := p.groupWith("b", "a", "B", "1")
			wantNames(p, in{LogGroupName: &group, Descending: aws.Bool(true)}, "b", "a", "B", "1")
		}),
		rule(source, "a prefix chooses streams", func(p *probe) {
			group := p.groupWith("a1", "a2", "b", "xa")
			wantNames(p, in{LogGroupName: &group, LogStreamNamePrefix: aws.String("a")}, "a1", "a2")
		}),
		rule(source, "the order can be that of their last events", func(p *probe) {
			group := p.groupWith("a", "b", "c")
			now := time.Now()
			for i, s := range []string{"b", "c", "a"} {
				p.put(group, s, event(now.Add(time.Duration(i-10)*time.Second), "x"))
			}
			wantNames(p, in{LogGroupName: &group, OrderBy: types.OrderByLastEventTime}, "b", "c", "a")
			wantNames(p, in{LogGroupName: &group, OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)}, "a", "c", "b")
		}),
		rule(source, "a prefix excludes the order of last events", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), LogStreamNamePrefix: aws.String("a"), OrderBy: types.OrderByLastEventTime})
		})),
		rule(source, "the order is one of two", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), OrderBy: "Size"})
		})),
		rule(source, "pages follow each other until there is no token", func(p *probe) {
			group := p.groupWith("a", "b", "c", "d", "e")
			got, pages := p.listStreams(in{LogGroupName: &group, Limit: aws.Int32(2)})
			if !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) || pages != 3 {
				p.errorf("got %q in %d pages", got, pages)
			}
		}),
		rule(source, "a page has 50 streams unless told", func(p *probe) {
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
		rule(source, "a log group may be named by an identifier, a name or an ARN", func(p *probe) {
			p.groupWith("other") // which must not be found
			group := p.groupWith("s")
			p.groupWith("other")
			for _, identifier := range []string{group, p.arn(group)} {
				wantNames(p, in{LogGroupIdentifier: &identifier}, "s")
			}
		}),
		rule(source, "exactly one of name and identifier is given", func(p *probe) {
			group := p.group()
			p.refusedSomehow(describe(p, in{LogGroupName: &group, LogGroupIdentifier: &group}))
			p.refusedSomehow(describe(p, in{}))
		}),
		rule(source, "the log group exists", refuses(notFound, func(p *probe) error { return describe(p, in{LogGroupName: aws.String(p.newName(""))}) })),
		rule(source, "a prefix is checked", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), LogStreamNamePrefix: aws.String("a:")})
		})),
		rule(source, "a token is one that was given out", refuses(invalid, func(p *probe) error {
			return describe(p, in{LogGroupName: aws.String(p.group()), NextToken: aws.String("next")})
		})),
		clockRule(source, "a token lives 24 hours", func(p *probe) {
			group := p.groupWith("a", "b")
			out, err := p.DescribeLogStreams(p.ctx, &in{LogGroupName: &group, Limit: aws.Int32(1)})
			p.must(err)
			next := in{LogGroupName: &group, Limit: aws.Int32(1), NextToken: out.NextToken}
			p.sleep(24 * time.Hour)
			p.must(describe(p, next))
			p.sleep(time.Second)
			p.refused(invalid, describe(p, next))
		}),
		rule("LogStream", "a stream has the times of its first and last event, and of its last ingestion", func(p *probe) {
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
		rule("LogStream", "a stream without events has no such times", func(p *probe) {
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
		rule("LogStream", "the ARN of a stream is that of its group with :log-stream: and its name", func(p *probe) {
			group := p.groupWith("s")
			if got, want := aws.ToString(p.onlyStream(group).Arn), p.arn(group)+":log-stream:s"; got != want {
				p.errorf("got %q, want %q", got, want)
			}
		}),
		rule("LogStream", "a stream has the time of its creation", func(p *probe) {
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
