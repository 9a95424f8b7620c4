package endpoint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

type putFilter = cloudwatchlogs.PutMetricFilterInput

// metricFilter puts a valid filter that change has modified.
func metricFilter(change func(in *putFilter, t *types.MetricTransformation)) func(context.Context, *cloudwatchlogs.Client) error {
	return func(ctx context.Context, c *cloudwatchlogs.Client) error {
		in := &putFilter{LogGroupName: s("g"), FilterName: s("f"), FilterPattern: s("{ $.a = * }")}
		t := types.MetricTransformation{MetricName: s("m"), MetricNamespace: s("n"), MetricValue: s("1")}
		change(in, &t)
		if in.MetricTransformations == nil {
			in.MetricTransformations = []types.MetricTransformation{t}
		}
		_, err := c.PutMetricFilter(ctx, in)
		return err
	}
}

func TestMetricFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		ctx := t.Context()
		must(t, srv.CreateLogGroup("h"))
		put := func(group, name, metric string) {
			t.Helper()
			must(t, metricFilter(func(in *putFilter, t *types.MetricTransformation) {
				in.LogGroupName, in.FilterName, t.MetricName = &group, &name, &metric
			})(ctx, c))
		}
		for _, f := range []string{"g/b/m1", "g/B/m2", "g/ba/m1", "h/a/m1", "h/b/m1"} {
			parts := strings.Split(f, "/")
			put(parts[0], parts[1], parts[2])
		}
		type in = cloudwatchlogs.DescribeMetricFiltersInput
		for _, r := range []struct {
			name string
			in   in
			want string
		}{
			{"all, in ASCII order of names", in{}, "g/B h/a g/b h/b g/ba"},
			{"of a group", in{LogGroupName: s("g")}, "g/B g/b g/ba"},
			{"of a group, by prefix", in{LogGroupName: s("g"), FilterNamePrefix: s("b")}, "g/b g/ba"},
			{"a prefix has an effect only with a group", in{FilterNamePrefix: s("b")}, "g/B h/a g/b h/b g/ba"},
			{"of a metric", in{MetricName: s("m1"), MetricNamespace: s("n")}, "h/a g/b h/b g/ba"},
			{"of a metric without filters", in{MetricName: s("m1"), MetricNamespace: s("N")}, ""},
		} {
			r.in.Limit = aws.Int32(2)
			var got []string
			p := cloudwatchlogs.NewDescribeMetricFiltersPaginator(c, &r.in)
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				must(t, err)
				if len(out.MetricFilters) > 2 {
					t.Errorf("%s: a page of %d", r.name, len(out.MetricFilters))
				}
				for _, f := range out.MetricFilters {
					got = append(got, *f.LogGroupName+"/"+*f.FilterName)
				}
			}
			if strings.Join(got, " ") != r.want {
				t.Errorf("%s: got %q, want %q", r.name, got, r.want)
			}
		}

		// A filter of the same name replaces the old one but keeps its creation time.
		created := time.Now().UnixMilli()
		time.Sleep(time.Minute)
		must(t, metricFilter(func(in *putFilter, t *types.MetricTransformation) {
			in.FilterName, in.FilterPattern = s("b"), s("[w1, size]")
			t.MetricValue, t.Unit, t.Dimensions = s("$size"), types.StandardUnitBytes, map[string]string{"W": "$w1"}
			in.ApplyOnTransformedLogs = true
			in.EmitSystemFieldDimensions = []string{"@aws.region", "@aws.region", "@source.log"}
			in.FieldSelectionCriteria = s(`@aws.account = "000000000000"`)
		})(ctx, c))
		out, err := c.DescribeMetricFilters(ctx, &in{LogGroupName: s("g"), FilterNamePrefix: s("b")})
		must(t, err)
		f := out.MetricFilters[0]
		if *f.CreationTime != created || *f.FilterPattern != "[w1, size]" || !f.ApplyOnTransformedLogs || *f.FieldSelectionCriteria != `@aws.account = "000000000000"` ||
			!slices.Equal(f.EmitSystemFieldDimensions, []string{"@aws.region", "@aws.region", "@source.log"}) {
			t.Errorf("replaced: %+v", f)
		}
		if m := f.MetricTransformations[0]; *m.MetricName != "m" || *m.MetricNamespace != "n" || *m.MetricValue != "$size" || m.Unit != "Bytes" || m.Dimensions["W"] != "$w1" || m.DefaultValue != nil {
			t.Errorf("replaced: %+v", m)
		}
		if m := out.MetricFilters[1].MetricTransformations[0]; m.Unit != "" || m.Dimensions != nil {
			t.Errorf("absent members: %+v", m)
		}
		r := srv.Requests()[0]
		if r.Operation != "PutMetricFilter" || r.LogGroup != "g" {
			t.Errorf("request log: %+v", r)
		}
	})
}

func TestMetricFilterQuotas(t *testing.T) {
	_, c := ready(t)
	ctx := t.Context()
	put := func(name, pattern string) error {
		return metricFilter(func(in *putFilter, _ *types.MetricTransformation) { in.FilterName, in.FilterPattern = &name, &pattern })(ctx, c)
	}
	// A pattern with two regular expressions counts as one filter.
	must(t, put("r0", "{ $.a = %x% && $.b = %y% }"))
	for i := range 4 {
		must(t, put(fmt.Sprint("r", i+1), "%x%"))
	}
	wantAPIError(t, put("r5", "%x%"), "LimitExceededException", "Resource limit exceeded.")
	must(t, put("r4", "%y%"))
	must(t, put("p", "x"))
	wantAPIError(t, put("p", "[a=%x%]"), "LimitExceededException", "Resource limit exceeded.")
	must(t, put("r0", "x"))
	must(t, put("r5", "%x%"))
}

func TestPutMetricFilterRules(t *testing.T) {
	change := metricFilter
	type transformation = types.MetricTransformation
	value := func(pattern, value string) func(context.Context, *cloudwatchlogs.Client) error {
		return change(func(in *putFilter, t *transformation) { in.FilterPattern, t.MetricValue = &pattern, &value })
	}
	dimensions := func(pattern string, selectors ...string) func(context.Context, *cloudwatchlogs.Client) error {
		return change(func(in *putFilter, t *transformation) {
			in.FilterPattern, t.Dimensions = &pattern, map[string]string{}
			for i, s := range selectors {
				t.Dimensions[fmt.Sprint("d", i)] = s
			}
		})
	}
	system := func(dimensions int, fields ...string) func(context.Context, *cloudwatchlogs.Client) error {
		return change(func(in *putFilter, t *transformation) {
			in.EmitSystemFieldDimensions, t.Dimensions = fields, map[string]string{}
			for i := range dimensions {
				t.Dimensions[fmt.Sprint(i)] = "$.a"
			}
		})
	}
	selection := func(text string) func(context.Context, *cloudwatchlogs.Client) error {
		return change(func(in *putFilter, _ *transformation) { in.FieldSelectionCriteria = &text })
	}
	const (
		noNumber    = "must be a valid number"
		noSelector  = "Invalid metric transformation: dimension value must be valid selector"
		tooMany     = "Number of dimensions exceeds the maximum number of dimensions supported per metric filter"
		noSelection = "The provided field selection criteria is invalid"
		noSystem    = "The provided system fields are invalid. The supported system fields are - [@aws.region, @aws.account, @source.log]"
	)
	long := func(n int) *string { return aws.String(strings.Repeat("x", n)) }
	rules := []rule{
		{"a pattern may be empty", change(func(in *putFilter, _ *transformation) { in.FilterPattern = s("") }), "", ""},
		{"a pattern may be a space", change(func(in *putFilter, _ *transformation) { in.FilterPattern = s(" ") }), "", ""},
		{"a pattern must be well-formed", change(func(in *putFilter, _ *transformation) { in.FilterPattern = s("{ $.broken = }") }), invalid, "Invalid metric filter pattern: character 14: "},
		{"at most one transformation", change(func(in *putFilter, t *transformation) {
			in.MetricTransformations = []transformation{*t, *t}
		}), invalid, "1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1"},
		{"at least one transformation", change(func(in *putFilter, _ *transformation) {
			in.MetricTransformations = []transformation{}
		}), invalid, "Value at 'metricTransformations' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a namespace may hold a colon", change(func(_ *putFilter, t *transformation) { t.MetricNamespace = s("A.B-c_d/1#2:metricNamespace") }), "", ""},
		{"a unit must be one of 27", change(func(_ *putFilter, t *transformation) { t.Unit = "Widgets" }), invalid, "Value at 'metricTransformations.1.member.unit' failed to satisfy constraint: Member must satisfy enum value set: [Gigabits/Second, Gigabits, Percent,"},
		{"a value has at most 100 characters", value("x", strings.Repeat("1", 101)), invalid, "at 'metricTransformations.1.member.metricValue' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"a value may be a field outside the pattern", value("{ $.val = * }", "$.value"), "", ""},
		{"a value may be a nested field", value("{ $.a = * }", "$.a.b[0].['c.d']"), "", ""},
		{"a value may be a word outside the pattern", value("[kind, value]", "$missing"), "", ""},
		{"a value may be a word by its number", value("[...]", "$3"), "", ""},
		{"a value has no wildcard", value("{ $.items[*].value = * }", "$.items[*].value"), invalid, "Invalid metric transformation: metric value $.items[*].value must be a valid number"},
		{"a value must be one field", value("{ $.a = * }", "$.a = 1 || $.b"), invalid, noNumber},
		{"a value must not be a lone dollar sign", value("{ $.a = * }", "$"), invalid, noNumber},
		{"no default value with dimensions", change(func(_ *putFilter, t *transformation) {
			t.DefaultValue, t.Dimensions = aws.Float64(0), map[string]string{"A": "$.a"}
		}), invalid, "Invalid metric transformation: dimensions and default value are mutually exclusive properties"},
		{"at most 3 dimensions", dimensions("{ $.a = * }", "$.a", "$.a", "$.a", "$.a"), invalid, tooMany},
		{"dimensions of words", dimensions("[a, b]", "$a", "$missing"), "", ""},
		{"a dimension must be a field", dimensions("{ $.a = * }", "literal"), invalid, noSelector},
		{"a dimension has no wildcard", dimensions("{ $.a = * }", "$.a[*]"), invalid, noSelector},
		{"terms have no dimensions", dimensions("ERROR", "$.a"), invalid, "The specified filter pattern does not support dimensions"},
		{"a regular expression has no dimensions", dimensions("%x%", "$.a"), invalid, "The specified filter pattern does not support dimensions"},
		{"a dimension's name has at most 255 characters", change(func(_ *putFilter, t *transformation) { t.Dimensions = map[string]string{*long(256): "$.a"} }), invalid, "Member must have length less than or equal to 255"},
		{"system fields are dimensions", system(0, "@aws.account", "@aws.region", "@source.log"), "", ""},
		{"system fields count as dimensions", system(3, "@aws.account"), invalid, tooMany},
		{"a system field counts once", system(2, "@aws.account", "@aws.account"), "", ""},
		{"a system field must be one of three", system(0, "@aws.nope"), invalid, noSystem},
		{"criteria have at most 2000 characters", selection(strings.Repeat("x", 2001)), invalid, "at 'fieldSelectionCriteria' failed to satisfy constraint: Member must have length less than or equal to 2000"},
	}
	for _, v := range []string{"0", "-1.5", "+2", "1e-3", ".5", "5."} {
		rules = append(rules, rule{"the number " + v + " is a value", value("x", v), "", ""})
	}
	for _, v := range []string{"", "not-a-number", "NaN", "Inf", "0x10", "1e999", "1_000", "1-2"} {
		rules = append(rules, rule{v + " is no value", value("x", v), invalid, "Invalid metric transformation: metric value " + v + " must be a valid number"})
	}
	for _, text := range []string{
		`@aws.account = "1"`, `@aws.region != "us-east-1" AND @aws.account = "1"`, `@aws.account IN ["1", "2"] OR @source.log NOT IN ["x"]`,
		` ( @aws.account="1" OR(@aws.region="x") ) AND @aws.region IN ["a,b]"] `,
	} {
		rules = append(rules, rule{"criteria " + text, selection(text), "", ""})
	}
	for _, text := range []string{
		"nonsense", "", `@aws.account`, `@aws.account = `, `@aws.account = 1`, `@aws.account = "1`, `@aws.nope = "1"`, `@aws.account = "1" AND`, `@aws.account = "1" XOR @aws.account = "1"`,
		`(@aws.account = "1"`, `@aws.account = "1")`, `@aws.account IN []`, `@aws.account IN ["1",]`, `@aws.account IN ["1"`, `@aws.account NOT = "1"`, `@aws.account INX ["1"]`, `@aws.accountIN ["1"]`,
		strings.Repeat("(", 500) + `@aws.account = "1"` + strings.Repeat(")", 500),
	} {
		rules = append(rules, rule{"no criteria " + text, selection(text), invalid, noSelection})
	}
	checkRules(t, rules)
}

func TestDescribeDeleteAndTestMetricFilterRules(t *testing.T) {
	type in = cloudwatchlogs.DescribeMetricFiltersInput
	list := func(in in) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DescribeMetricFilters(ctx, &in)
			return err
		}
	}
	remove := func(group, name string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: &group, FilterName: &name})
			return err
		}
	}
	test := func(pattern string, messages ...string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			if messages == nil {
				messages = []string{}
			}
			_, err := c.TestMetricFilter(ctx, &cloudwatchlogs.TestMetricFilterInput{FilterPattern: &pattern, LogEventMessages: messages})
			return err
		}
	}
	const (
		noToken = "Pagination token in request is invalid. Only token from previous list call or null is valid."
		either  = "Describe Metric Filters request must contain either logGroupName or metricName and metricNamespace"
	)
	checkRules(t, []rule{
		{"group and metric exclude each other", list(in{LogGroupName: s("g"), MetricName: s("m"), MetricNamespace: s("n")}), invalid, either},
		{"group and metric name exclude each other", list(in{LogGroupName: s("g"), MetricName: s("m")}), invalid, either},
		{"a prefix is checked", list(in{FilterNamePrefix: s(strings.Repeat("X", 513))}), invalid, "at 'filterNamePrefix' failed to satisfy constraint: Member must have length less than or equal to 512"},
		{"a metric name is checked", list(in{MetricName: s(strings.Repeat("X", 256)), MetricNamespace: s("n")}), invalid, "at 'metricName' failed to satisfy constraint: Member must have length less than or equal to 255"},
		{"a made-up token is invalid", list(in{NextToken: s("x")}), invalid, noToken},
		{"a token is bound to its filters", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			for _, name := range []string{"a", "b"} {
				if err := metricFilter(func(in *putFilter, _ *types.MetricTransformation) { in.FilterName = &name })(ctx, c); err != nil {
					return err
				}
			}
			out, err := c.DescribeMetricFilters(ctx, &in{LogGroupName: s("g"), Limit: aws.Int32(1)})
			if err != nil {
				return err
			}
			return list(in{NextToken: out.NextToken})(ctx, c)
		}, invalid, noToken},

		{"a filter to delete must exist", remove("g", "f"), notFound, "The specified metric filter does not exist."},
		{"a name to delete is checked", remove("g", "a:b"), invalid, "at 'filterName'"},
		{"a group name to delete a filter of has at most 512 characters", remove(strings.Repeat("X", 513), "f"), invalid, tooLong},

		{"a pattern to test must be well-formed", test("[a, b", "x"), invalid, "Invalid filter pattern: character "},
	})
}

func TestTestMetricFilterWithoutMatch(t *testing.T) {
	srv, _ := ready(t)
	if a := post(t, srv, "TestMetricFilter", `{"filterPattern":"x","logEventMessages":["y"]}`); a.body != `{"matches":[]}` {
		t.Errorf("got %s", a.body)
	}
}
