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

// metricFilter puts a metric filter into a log group.
func (p *probe) metricFilter(group string, change ...func(*logs.PutMetricFilterInput)) error {
	in := &logs.PutMetricFilterInput{
		LogGroupName:  &group,
		FilterName:    aws.String("errors"),
		FilterPattern: aws.String("ERROR"),
		MetricTransformations: []types.MetricTransformation{{
			MetricName: aws.String("Errors"), MetricNamespace: aws.String(p.prefix), MetricValue: aws.String("1"),
		}},
	}
	for _, f := range change {
		f(in)
	}
	_, err := p.PutMetricFilter(p.ctx, in)
	return err
}

// filters returns the metric filters of a group.
func (p *probe) filters(in logs.DescribeMetricFiltersInput) (list []types.MetricFilter, pages int) {
	pages = p.pages(&in.NextToken, func() (next *string) {
		out, err := p.DescribeMetricFilters(p.ctx, &in)
		p.must(err)
		list = append(list, out.MetricFilters...)
		return out.NextToken
	})
	return list, pages
}

func filterNames(list []types.MetricFilter) (names []string) {
	for _, f := range list {
		names = append(names, aws.ToString(f.FilterName))
	}
	return names
}

func filterNamed(name string) func(*logs.PutMetricFilterInput) {
	return func(in *logs.PutMetricFilterInput) { in.FilterName = &name }
}

func withPattern(pattern string) func(*logs.PutMetricFilterInput) {
	return func(in *logs.PutMetricFilterInput) { in.FilterPattern = &pattern }
}

// transforming changes the metric transformation.
func transforming(f func(*types.MetricTransformation)) func(*logs.PutMetricFilterInput) {
	return func(in *logs.PutMetricFilterInput) { f(&in.MetricTransformations[0]) }
}

func metricFilterRules() []Rule {
	const source, transformation = "PutMetricFilter", "MetricTransformation"
	type (
		in = logs.DescribeMetricFiltersInput
		t  = types.MetricTransformation
	)
	// put puts a metric filter into a new group.
	put := func(change ...func(*logs.PutMetricFilterInput)) call {
		return func(p *probe) error { return p.metricFilter(p.group(), change...) }
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	return area("Metric filters",
		rule("MetricFilter", "a filter is returned unchanged, with its creation time and group", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group, withPattern(`{ $.level = "ERROR" }`), transforming(func(t *t) {
				t.MetricValue, t.Unit, t.Dimensions = aws.String("$.latency"), types.StandardUnitMilliseconds, map[string]string{"Level": "$.level"}
			})))
			list, _ := p.filters(in{LogGroupName: &group})
			if len(list) != 1 {
				p.fatalf("%d filters", len(list))
			}
			f := list[0]
			if *f.FilterName != "errors" || *f.FilterPattern != `{ $.level = "ERROR" }` || *f.LogGroupName != group || time.Since(time.UnixMilli(*f.CreationTime)).Abs() > 5*time.Minute || len(f.MetricTransformations) != 1 {
				p.fatalf("got %s", plain(f))
			}
			if t := f.MetricTransformations[0]; *t.MetricName != "Errors" || *t.MetricNamespace != p.prefix || *t.MetricValue != "$.latency" || t.Unit != types.StandardUnitMilliseconds || t.Dimensions["Level"] != "$.level" || t.DefaultValue != nil {
				p.errorf("got %s", plain(t))
			}
		}),
		rule(source, "a filter of the same name is replaced", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			p.must(p.metricFilter(group, withPattern("FATAL")))
			if list, _ := p.filters(in{LogGroupName: &group}); len(list) != 1 || *list[0].FilterPattern != "FATAL" {
				p.errorf("got %s", plain(list))
			}
		}),
		rule("LogGroup", "metricFilterCount counts the filters of a group", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			p.must(p.metricFilter(group, filterNamed("two")))
			if got := aws.ToInt32(p.describe(group).MetricFilterCount); got != 2 {
				p.errorf("it is %d", got)
			}
		}),
		rule("DeleteMetricFilter", "a filter can be deleted", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			_, err := p.DeleteMetricFilter(p.ctx, &logs.DeleteMetricFilterInput{LogGroupName: &group, FilterName: aws.String("errors")})
			p.must(err)
			if list, _ := p.filters(in{LogGroupName: &group}); len(list) != 0 {
				p.errorf("it is still there")
			}
		}),
		rule("DeleteMetricFilter", "a filter to delete must exist", func(p *probe) {
			group := p.group()
			_, err := p.DeleteMetricFilter(p.ctx, &logs.DeleteMetricFilterInput{LogGroupName: &group, FilterName: aws.String("errors")})
			p.refused(notFound, err)
		}),
		rule("DeleteMetricFilter", "the log group of a filter to delete must exist", func(p *probe) {
			_, err := p.DeleteMetricFilter(p.ctx, &logs.DeleteMetricFilterInput{LogGroupName: aws.String(p.newName("")), FilterName: aws.String("errors")})
			p.refused(notFound, err)
		}),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error { return p.metricFilter(p.newName("")) })),
		rule(source, "a malformed pattern is refused", refuses(invalid, put(withPattern("{ $.broken = }")))),
		rule(recorded, "a refused filter leaves the filter of that name unchanged", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			p.refused(invalid, p.metricFilter(group, withPattern("{ $.broken = }")))
			if list, _ := p.filters(in{LogGroupName: &group}); len(list) != 1 || *list[0].FilterPattern != "ERROR" {
				p.errorf("got %s", plain(list))
			}
		}),
		rule(source, "a pattern has at most 1,024 characters", func(p *probe) {
			p.must(put(withPattern(long(1024)))(p))
			p.refused(invalid, put(withPattern(long(1025)))(p))
		}),
		rule(source, "a name has 1 to 512 characters", func(p *probe) {
			p.must(put(filterNamed(long(512)))(p))
			p.refused(invalid, put(filterNamed(long(513)))(p))
			p.refused(invalid, put(filterNamed(""))(p))
		}),
		rule(source, "a name must not contain a colon or an asterisk", func(p *probe) {
			p.refused(invalid, put(filterNamed("a:b"))(p))
			p.refused(invalid, put(filterNamed("a*b"))(p))
		}),
		rule(source, "all four parts are required", func(p *probe) {
			for _, f := range []func(*logs.PutMetricFilterInput){
				func(in *logs.PutMetricFilterInput) { in.LogGroupName = nil },
				func(in *logs.PutMetricFilterInput) { in.FilterName = nil },
				func(in *logs.PutMetricFilterInput) { in.FilterPattern = nil },
				func(in *logs.PutMetricFilterInput) { in.MetricTransformations = nil },
			} {
				p.refused(invalid, put(f)(p))
			}
		}),
		rule(source, "exactly 1 metric transformation is required", func(p *probe) {
			p.refused(invalid, put(func(in *logs.PutMetricFilterInput) { in.MetricTransformations = []t{} })(p))
			p.refused(invalid, put(func(in *logs.PutMetricFilterInput) {
				in.MetricTransformations = slices.Repeat(in.MetricTransformations, 2)
			})(p))
		}),
		rule(transformation, "name and namespace of the metric have at most 255 characters", func(p *probe) {
			p.must(put(transforming(func(t *t) { t.MetricName, t.MetricNamespace = aws.String(long(255)), aws.String(long(255)) }))(p))
			p.refused(invalid, put(transforming(func(t *t) { t.MetricName = aws.String(long(256)) }))(p))
			p.refused(invalid, put(transforming(func(t *t) { t.MetricNamespace = aws.String(long(256)) }))(p))
		}),
		rule(transformation, "name and namespace of the metric must not contain an asterisk or a dollar sign", func(p *probe) {
			for _, bad := range []string{"a*b", "a$b"} {
				p.refused(invalid, put(transforming(func(t *t) { t.MetricName = &bad }))(p))
				p.refused(invalid, put(transforming(func(t *t) { t.MetricNamespace = &bad }))(p))
			}
		}),
		rule(transformation, "the name of the metric must not contain a colon", refuses(invalid, put(transforming(func(t *t) { t.MetricName = aws.String("a:b") })))),
		rule(transformation, "the value has at most 100 characters", refuses(invalid, put(withPattern(`{ $.v = * }`), transforming(func(t *t) { t.MetricValue = aws.String("$." + long(99)) })))),
		rule(transformation, "the value must be a number or a field of the pattern", func(p *probe) {
			p.must(put(transforming(func(t *t) { t.MetricValue = aws.String("-1.5") }))(p))
			p.must(put(withPattern(`{ $.v = * }`), transforming(func(t *t) { t.MetricValue = aws.String("$.v") }))(p))
			p.must(put(withPattern(`[ip, latency]`), transforming(func(t *t) { t.MetricValue = aws.String("$latency") }))(p))
			p.refused(invalid, put(transforming(func(t *t) { t.MetricValue = aws.String("many") }))(p))
		}),
		rule(transformation, "the unit must be one of 27", func(p *probe) {
			for _, unit := range types.StandardUnitNone.Values() {
				p.must(put(transforming(func(t *t) { t.Unit = unit }))(p))
			}
			p.refused(invalid, put(transforming(func(t *t) { t.Unit = "Parsecs" }))(p))
		}),
		rule(transformation, "at most 3 dimensions are allowed", func(p *probe) {
			dimensions := func(n int) func(*logs.PutMetricFilterInput) {
				return transforming(func(t *t) {
					t.Dimensions = make(map[string]string)
					for i := range n {
						t.Dimensions[fmt.Sprint("D", i)] = "$.v"
					}
				})
			}
			p.must(put(withPattern(`{ $.v = * }`), dimensions(3))(p))
			p.refused(invalid, put(withPattern(`{ $.v = * }`), dimensions(4))(p))
		}),
		rule(patternSyntax, "dimensions and a default value exclude each other", refuses(invalid, put(withPattern(`{ $.v = * }`), transforming(func(t *t) {
			t.Dimensions, t.DefaultValue = map[string]string{"V": "$.v"}, aws.Float64(0)
		})))),
		rule(source, "a default value is allowed", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group, transforming(func(t *t) { t.DefaultValue = aws.Float64(0) })))
			list, _ := p.filters(in{LogGroupName: &group})
			if len(list) != 1 || list[0].MetricTransformations[0].DefaultValue == nil || *list[0].MetricTransformations[0].DefaultValue != 0 {
				p.errorf("got %s", plain(list))
			}
		}),
		rule(quotas, "a log group has at most 100 filters", func(p *probe) {
			group := p.group()
			for i := range 100 {
				p.must(p.metricFilter(group, filterNamed(fmt.Sprint(i))))
			}
			p.must(p.metricFilter(group, filterNamed("99"))) // a replacement
			p.refused(limitExceeded, p.metricFilter(group, filterNamed("100")))
		}),
		rule(source, "a log group has at most 5 filters with regular expressions", func(p *probe) {
			group := p.group()
			for i := range 5 {
				p.must(p.metricFilter(group, filterNamed(fmt.Sprint(i)), withPattern("%a%")))
			}
			p.must(p.metricFilter(group, filterNamed("plain")))
			if err := p.metricFilter(group, filterNamed("6"), withPattern("%a%")); err == nil {
				p.errorf("a sixth is accepted")
			} else if code := codeOf(err); code != limitExceeded && code != invalid {
				p.errorf("got %w", brief(err))
			}
		}),
		rule("DescribeMetricFilters", "filters are in ASCII order of their names", func(p *probe) {
			group := p.group()
			for _, name := range []string{"b", "a", "B", "1"} {
				p.must(p.metricFilter(group, filterNamed(name)))
			}
			list, _ := p.filters(in{LogGroupName: &group})
			if got := filterNames(list); !slices.Equal(got, []string{"1", "B", "a", "b"}) {
				p.errorf("got %q", got)
			}
		}),
		rule("DescribeMetricFilters", "a prefix selects filters", func(p *probe) {
			group := p.group()
			for _, name := range []string{"a1", "a2", "b"} {
				p.must(p.metricFilter(group, filterNamed(name)))
			}
			list, _ := p.filters(in{LogGroupName: &group, FilterNamePrefix: aws.String("a")})
			if got := filterNames(list); !slices.Equal(got, []string{"a1", "a2"}) {
				p.errorf("got %q", got)
			}
		}),
		rule("DescribeMetricFilters", "name and namespace of the metric select filters", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			p.must(p.metricFilter(group, filterNamed("other"), transforming(func(t *t) { t.MetricName = aws.String("Other") })))
			list, _ := p.filters(in{MetricName: aws.String("Errors"), MetricNamespace: &p.prefix})
			if got := filterNames(list); !slices.Equal(got, []string{"errors"}) {
				p.errorf("got %q", got)
			}
		}),
		rule("DescribeMetricFilters", "name and namespace of the metric require each other", func(p *probe) {
			_, err := p.DescribeMetricFilters(p.ctx, &in{MetricName: aws.String("Errors")})
			p.refused(invalid, err)
			_, err = p.DescribeMetricFilters(p.ctx, &in{MetricNamespace: &p.prefix})
			p.refused(invalid, err)
		}),
		rule("DescribeMetricFilters", "the last page has no token", func(p *probe) {
			group := p.group()
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				p.must(p.metricFilter(group, filterNamed(name)))
			}
			list, pages := p.filters(in{LogGroupName: &group, Limit: aws.Int32(2)})
			if got := filterNames(list); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) || pages != 3 {
				p.errorf("got %q in %d pages", got, pages)
			}
		}),
		rule("DescribeMetricFilters", "the limit is 1 to 50", func(p *probe) {
			group := p.group()
			for n, allowed := range map[int32]bool{0: false, 1: true, 50: true, 51: false} {
				_, err := p.DescribeMetricFilters(p.ctx, &in{LogGroupName: &group, Limit: &n})
				if allowed {
					p.must(err)
				} else {
					p.refused(invalid, err)
				}
			}
		}),
		rule("DescribeMetricFilters", "the log group of filters to list must exist", func(p *probe) {
			_, err := p.DescribeMetricFilters(p.ctx, &in{LogGroupName: aws.String(p.newName(""))})
			p.refused(notFound, err)
		}),
		rule("DeleteLogGroup", "deleting a log group deletes its filters", func(p *probe) {
			group := p.group()
			p.must(p.metricFilter(group))
			p.must(deleteGroup(p, group))
			if list, _ := p.filters(in{MetricName: aws.String("Errors"), MetricNamespace: &p.prefix}); len(list) != 0 {
				p.errorf("%d are left", len(list))
			}
		}),
	)
}

func testMetricFilterRules() []Rule {
	const source = "TestMetricFilter"
	test := func(p *probe, pattern string, messages ...string) []types.MetricFilterMatchRecord {
		out, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: &pattern, LogEventMessages: messages})
		p.must(err)
		return out.Matches
	}
	const line = `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534`
	wantValues := func(p *probe, got map[string]string, want map[string]string) {
		if fmt.Sprint(got) != fmt.Sprint(want) { // fmt prints maps in order
			p.errorf("got %v, want %v", got, want)
		}
	}
	return area("TestMetricFilter",
		rule(source, "it matches what FilterLogEvents matches, for each example in the areas of patterns", func(p *probe) {
			for _, m := range allExamples() {
				if got := p.tested(m.pattern, slices.Concat(m.no, m.yes, m.no)); !slices.Equal(got, m.yes) {
					p.errorf("%s: got %s, want %s", m.pattern, shown(got), shown(m.yes))
				}
			}
		}),
		rule(cliReference, "events are numbered from 1, and have their message", func(p *probe) {
			got := test(p, "ERROR", "[ERROR] 400 BAD REQUEST", "[INFO] 200 OK", "[ERROR] 500")
			if len(got) != 2 || got[0].EventNumber != 1 || got[1].EventNumber != 3 || *got[1].EventMessage != "[ERROR] 500" {
				p.errorf("got %s", plain(got))
			}
		}),
		rule(source, "the fields of a space-delimited pattern are extracted under their names", func(p *probe) {
			got := test(p, "[ip, identity, user_id, timestamp, request, status_code, size]", line)
			if len(got) != 1 {
				p.fatalf("%d matches", len(got))
			}
			wantValues(p, got[0].ExtractedValues, map[string]string{"$ip": "127.0.0.1", "$identity": "-", "$user_id": "frank", "$timestamp": "10/Oct/2000:13:25:15 -0700",
				"$request": "GET /apache_pb.gif HTTP/1.0", "$status_code": "200", "$size": "1534"})
		}),
		rule(source, "fields without a name are extracted under their number", func(p *probe) {
			got := test(p, "[..., size]", line)
			if len(got) != 1 {
				p.fatalf("%d matches", len(got))
			}
			wantValues(p, got[0].ExtractedValues, map[string]string{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
				"$5": "GET /apache_pb.gif HTTP/1.0", "$6": "200", "$size": "1534"})
		}),
		rule(source, "an empty list of names extracts all fields", func(p *probe) {
			got := test(p, "[]", `a "b c" d`)
			if len(got) != 1 {
				p.fatalf("%d matches", len(got))
			}
			wantValues(p, got[0].ExtractedValues, map[string]string{"$1": "a", "$2": "b c", "$3": "d"})
		}),
		rule(recorded, "other patterns extract nothing", func(p *probe) {
			for _, pattern := range []string{"ERROR", `{ $.level = "ERROR" }`} {
				got := test(p, pattern, `{"level":"ERROR"}`)
				if len(got) != 1 {
					p.fatalf("%d matches", len(got))
				}
				wantValues(p, got[0].ExtractedValues, nil)
			}
		}),
		rule(source, "1 to 50 messages are allowed", func(p *probe) {
			test(p, "x", slices.Repeat([]string{"x"}, 50)...)
			for _, n := range []int{0, 51} {
				_, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: aws.String("x"), LogEventMessages: slices.Repeat([]string{"x"}, n)})
				p.refused(invalid, err)
			}
		}),
		rule(source, "a message has at least 1 character", func(p *probe) {
			_, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: aws.String("x"), LogEventMessages: []string{""}})
			p.refused(invalid, err)
		}),
		rule(source, "a malformed pattern is refused", func(p *probe) {
			_, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: aws.String("{ $.v EXISTS }"), LogEventMessages: []string{"x"}})
			p.refused(invalid, err)
		}),
		rule(source, "a pattern has at most 1,024 characters", func(p *probe) {
			_, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: aws.String(strings.Repeat("x", 1025)), LogEventMessages: []string{"x"}})
			p.refused(invalid, err)
		}),
	)
}
