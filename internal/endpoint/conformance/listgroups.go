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

func listGroupRules() []Rule {
	const source = "ListLogGroups"
	type in = logs.ListLogGroupsInput
	// Patterns are short, so this probe's groups are selected by a part of their names: the random
	// digits.
	mark := func(p *probe) string { return p.prefix[len("conformance-"):] }
	names := func(p *probe, i in) (list []string, pages int) {
		pages = p.pages(&i.NextToken, func() (next *string) {
			out, err := p.ListLogGroups(p.ctx, &i)
			p.must(err)
			for _, g := range out.LogGroups {
				if _, ours, found := strings.Cut(aws.ToString(g.LogGroupName), mark(p)+"-d-"); found {
					list = append(list, ours)
				}
			}
			return out.NextToken
		})
		slices.Sort(list)
		return list, pages
	}
	want := func(p *probe, i in, want ...string) {
		p.want(fmt.Sprintf("the groups of %s", aws.ToString(i.LogGroupNamePattern)), want, func() []string {
			got, _ := names(p, i)
			return got
		})
	}
	list := func(i in) call {
		return func(p *probe) error {
			_, err := p.ListLogGroups(p.ctx, &i)
			return err
		}
	}
	return area("ListLogGroups",
		rule(source, "a pattern selects groups by a substring of their names", func(p *probe) {
			p.groupsWith("web", "Web")
			want(p, in{LogGroupNamePattern: aws.String(mark(p))}, "Web", "web")
			want(p, in{LogGroupNamePattern: aws.String(mark(p) + "-d-w")}, "web")
		}),
		rule(source, "^ in a pattern matches the beginning of the name", func(p *probe) {
			p.groupsWith("web")
			want(p, in{LogGroupNamePattern: aws.String("^conformance-" + mark(p)[:8])}, "web")
			want(p, in{LogGroupNamePattern: aws.String("^" + mark(p))})
		}),
		rule(source, "| in a pattern separates alternatives", func(p *probe) {
			p.groupsWith("web1", "web2", "shop")
			tail := mark(p)[len(mark(p))-5:]
			want(p, in{LogGroupNamePattern: aws.String(tail + "-d-w|" + tail + "-d-s")}, "shop", "web1", "web2")
		}),
		rule(source, "a pattern has 3 to 24 characters", func(p *probe) {
			p.refused(invalid, list(in{LogGroupNamePattern: aws.String("ab")})(p))
			p.refused(invalid, list(in{LogGroupNamePattern: aws.String(strings.Repeat("x", 25))})(p))
		}),
		rule(source, "a class selects groups", func(p *probe) {
			p.groupsWith("standard")
			p.must(func() error {
				_, err := p.CreateLogGroup(p.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String(p.ours(p.prefix + "-d-cheap")), LogGroupClass: types.LogGroupClassInfrequentAccess})
				return err
			}())
			want(p, in{LogGroupNamePattern: aws.String(mark(p)), LogGroupClass: types.LogGroupClassInfrequentAccess}, "cheap")
		}),
		rule(source, "tags select groups by key and by value, with * and !", func(p *probe) {
			for name, tags := range map[string]map[string]string{"a": {"env": "prod-1"}, "b": {"env": "prod-2", "team": "x"}, "c": {"env": "test"}, "d": {"team": "x"}} {
				_, err := p.CreateLogGroup(p.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String(p.ours(p.prefix + "-d-" + name)), Tags: tags})
				p.must(err)
			}
			tagged := func(filters ...types.TagFilter) in {
				return in{LogGroupNamePattern: aws.String(mark(p)), LogGroupTags: filters}
			}
			env := func(values ...string) types.TagFilter { return types.TagFilter{Key: aws.String("env"), Values: values} }
			want(p, tagged(env()), "a", "b", "c")
			want(p, tagged(env("test", "prod-2")), "b", "c")
			want(p, tagged(env("PROD*")), "a", "b")
			want(p, tagged(env("!test")), "a", "b")
			want(p, tagged(env(), types.TagFilter{Key: aws.String("team"), Values: []string{"x"}}), "b")
		}),
		rule(source, "the last page has no token", func(p *probe) {
			p.groupsWith("a", "b", "c", "d", "e")
			got, pages := names(p, in{LogGroupNamePattern: aws.String(mark(p)), Limit: aws.Int32(2)})
			if !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) || pages < 3 {
				p.errorf("got %q in %d pages", got, pages)
			}
		}),
		rule(source, "the limit is 1 to 1,000", func(p *probe) {
			p.must(list(in{Limit: aws.Int32(1)})(p))
			p.must(list(in{Limit: aws.Int32(1000)})(p))
			p.refused(invalid, list(in{Limit: aws.Int32(0)})(p))
			p.refused(invalid, list(in{Limit: aws.Int32(1001)})(p))
		}),
		rule("LogGroupSummary", "a group has its name, its ARN and its class", func(p *probe) {
			p.groupsWith("web")
			group := p.prefix + "-d-web"
			out, err := p.ListLogGroups(p.ctx, &in{LogGroupNamePattern: aws.String(mark(p))})
			p.must(err)
			if len(out.LogGroups) != 1 {
				p.fatalf("%d groups", len(out.LogGroups))
			}
			if g := out.LogGroups[0]; aws.ToString(g.LogGroupName) != group || aws.ToString(g.LogGroupArn) != p.arn(group) || g.LogGroupClass != types.LogGroupClassStandard {
				p.errorf("got %s", plain(g))
			}
		}),
		clockRule(source, "a token expires after 24 hours", func(p *probe) {
			p.groupsWith("a", "b")
			i := in{LogGroupNamePattern: aws.String(mark(p)), Limit: aws.Int32(1)}
			out, err := p.ListLogGroups(p.ctx, &i)
			p.must(err)
			i.NextToken = out.NextToken
			p.sleep(24 * time.Hour)
			p.must(list(i)(p))
			p.sleep(time.Second)
			p.refused(invalid, list(i)(p))
		}),
	)
}
