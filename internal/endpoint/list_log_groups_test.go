package endpoint_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestListLogGroups(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	c, ctx := sdk(srv), t.Context()
	for _, in := range []cloudwatchlogs.CreateLogGroupInput{
		{LogGroupName: s("/aws/lambda/a"), Tags: map[string]string{"env": "Prod", "team": "red"}},
		{LogGroupName: s("app"), LogGroupClass: types.LogGroupClassInfrequentAccess, Tags: map[string]string{"env": "prod-2"}},
		{LogGroupName: s("App.one"), LogGroupClass: "ESSENTIALS", Tags: map[string]string{"env": "test"}},
		{LogGroupName: s("discovery/aws/lambda"), LogGroupClass: types.LogGroupClassDelivery, Tags: map[string]string{"env": ""}},
		{LogGroupName: s("zzz")},
	} {
		_, err := c.CreateLogGroup(ctx, &in)
		must(t, err)
	}
	env := func(values ...string) []types.TagFilter { return []types.TagFilter{{Key: s("env"), Values: values}} }
	type in = cloudwatchlogs.ListLogGroupsInput
	for _, r := range []struct {
		name string
		in   in
		want string
	}{
		{"all, in ASCII order", in{}, "/aws/lambda/a App.one app discovery/aws/lambda zzz"},
		{"a pattern is a substring", in{LogGroupNamePattern: s("/aws/lambda")}, "/aws/lambda/a discovery/aws/lambda"},
		{"a pattern with ^ is a prefix", in{LogGroupNamePattern: s("^/aws/lambda")}, "/aws/lambda/a"},
		{"patterns are separated by |", in{LogGroupNamePattern: s("^/aws/lambda|discovery|^zzz")}, "/aws/lambda/a discovery/aws/lambda zzz"},
		{"case matters in patterns", in{LogGroupNamePattern: s("App")}, "App.one"},
		{"a dot matches any character", in{LogGroupNamePattern: s("a.p")}, "app"},
		{"by class", in{LogGroupClass: types.LogGroupClassStandard}, "/aws/lambda/a zzz"},
		{"ESSENTIALS alone", in{LogGroupClass: "ESSENTIALS"}, "App.one"},
		{"INFREQUENT_ACCESS alone", in{LogGroupClass: "INFREQUENT_ACCESS"}, "app"},
		{"a tag with any value", in{LogGroupTags: env()}, "/aws/lambda/a App.one app discovery/aws/lambda"},
		{"a tag with a value", in{LogGroupTags: env("test")}, "App.one"},
		{"case matters in values", in{LogGroupTags: env("prod")}, ""},
		{"an empty value", in{LogGroupTags: env("")}, "discovery/aws/lambda"},
		{"one of two values", in{LogGroupTags: env("test", "Prod")}, "/aws/lambda/a App.one"},
		{"a negated value", in{LogGroupTags: env("!test")}, "/aws/lambda/a app discovery/aws/lambda"},
		{"a value prefix, in any case", in{LogGroupTags: env("prod*")}, "/aws/lambda/a app"},
		{"a value suffix, in any case", in{LogGroupTags: env("*T")}, "App.one"},
		{"a value substring, in any case", in{LogGroupTags: env("*O*")}, "/aws/lambda/a app"},
		{"any value", in{LogGroupTags: env("*")}, "/aws/lambda/a App.one app discovery/aws/lambda"},
		{"a negated wildcard", in{LogGroupTags: env("!prod*")}, "App.one discovery/aws/lambda"},
		{"all tag filters must match", in{LogGroupTags: append(env("prod*"), types.TagFilter{Key: s("team")})}, "/aws/lambda/a"},
		{"all filters must match", in{LogGroupNamePattern: s("lambda"), LogGroupClass: "DELIVERY"}, "discovery/aws/lambda"},
		{"own account", in{IncludeLinkedAccounts: aws.Bool(true), AccountIdentifiers: []string{"123456789012", "000000000000"}, LogGroupNamePattern: s("zzz")}, "zzz"},
		{"another account", in{IncludeLinkedAccounts: aws.Bool(true), AccountIdentifiers: []string{"123456789012"}}, ""},
		{"accounts without includeLinkedAccounts", in{AccountIdentifiers: []string{"123456789012"}, LogGroupNamePattern: s("zzz")}, "zzz"},
	} {
		r.in.Limit = aws.Int32(1)
		var got []string
		for more := true; more; more = r.in.NextToken != nil {
			out, err := c.ListLogGroups(ctx, &r.in)
			must(t, err)
			for _, g := range out.LogGroups {
				got = append(got, *g.LogGroupName)
			}
			r.in.NextToken = out.NextToken
		}
		if strings.Join(got, " ") != r.want {
			t.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
	}
}

func TestListLogGroupsRules(t *testing.T) {
	type in = cloudwatchlogs.ListLogGroupsInput
	list := func(in in) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.ListLogGroups(ctx, &in)
			return err
		}
	}
	pattern := func(pattern string) func(context.Context, *cloudwatchlogs.Client) error {
		return list(in{LogGroupNamePattern: &pattern})
	}
	tags := func(filters ...types.TagFilter) func(context.Context, *cloudwatchlogs.Client) error {
		return list(in{LogGroupTags: filters})
	}
	key := types.TagFilter{Key: s("k")}
	value := func(v string) types.TagFilter { return types.TagFilter{Key: s("k"), Values: []string{v}} }
	const grammar = `Member must satisfy regular expression pattern: (\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}`
	long := strings.Repeat("x", 24)
	checkRules(t, []rule{
		{"a pattern has at least 3 characters", pattern("ab"), invalid, "at 'logGroupNamePattern' failed to satisfy constraint: Member must have length greater than or equal to 3"},
		{"five patterns of 24 characters are allowed", pattern("^" + strings.Join([]string{long, long, long, long, long}, "|^")), "", ""},
		{"at most five patterns", pattern("aaa|bbb|ccc|ddd|eee|fff"), invalid, grammar},
		{"each pattern has at most 24 characters", pattern(long + "x"), invalid, grammar},
		{"each pattern has at least 3 characters", pattern("aaa|bb"), invalid, grammar},
		{"a pattern must not be empty", pattern("aaa|"), invalid, grammar},
		{"^ only at the beginning", pattern("aaa^"), invalid, grammar},
		{"^ only once", pattern("^^aaa"), invalid, grammar},
		{"a pattern has no other operator", pattern("aaa.*"), invalid, grammar},
		{"a pattern has at most 129 characters", pattern(strings.Repeat("x", 130)), invalid, "Member must have length less than or equal to 129"},
		{"a token is bound to its filters", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.ListLogGroups(ctx, &in{Limit: aws.Int32(1)})
			if err != nil {
				return err
			}
			return list(in{Limit: aws.Int32(1), LogGroupTags: []types.TagFilter{key}, NextToken: out.NextToken})(ctx, c)
		}, invalid, "The specified nextToken is invalid."},
		{"5 tag filters are allowed", tags(key, key, key, key, key), "", ""},
		{"at most 5 tag filters", tags(key, key, key, key, key, key), invalid, "at 'logGroupTags' failed to satisfy constraint: Member must have length less than or equal to 5"},
		{"the list of tag filters must not be empty", list(in{LogGroupTags: []types.TagFilter{}}), invalid, "at 'logGroupTags' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a key of a tag filter is checked", tags(types.TagFilter{Key: s("k*")}), invalid, "at 'logGroupTags.1.member.key'"},
		{"at most 5 values of a tag filter", tags(types.TagFilter{Key: s("k"), Values: []string{"1", "2", "3", "4", "5", "6"}}), invalid, "at 'logGroupTags.1.member.values' failed to satisfy constraint: Member must have length less than or equal to 5"},
		{"a value of 259 characters is allowed", tags(value("!*" + strings.Repeat("x", 256) + "*")), "", ""},
		{"a value has at most 259 characters", tags(value(strings.Repeat("x", 260))), invalid, "at 'logGroupTags.1.member.values.1.member' failed to satisfy constraint: Member must have length less than or equal to 259"},
		{"a star only at an end", tags(value("a*b")), invalid, "at 'logGroupTags.1.member.values.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		{"an exclamation mark only in front", tags(value("a!")), invalid, "Member must satisfy regular expression pattern"},
		{"data sources are refused by name", list(in{DataSources: []types.DataSourceFilter{{Name: s("x")}}}), invalid, "dataSources is not supported by this endpoint."},
		{"field indexes are refused by name", list(in{FieldIndexNames: []string{"x"}}), invalid, "fieldIndexNames is not supported by this endpoint."},
	})
}
