package conformance

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// retain sets the retention of a log group.
func retain(p *probe, group string, days int32) error {
	_, err := p.PutRetentionPolicy(p.ctx, &logs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: &days})
	return err
}

func forever(p *probe, group string) error {
	_, err := p.DeleteRetentionPolicy(p.ctx, &logs.DeleteRetentionPolicyInput{LogGroupName: &group})
	return err
}

func retentionRules() []Rule {
	const source = "PutRetentionPolicy"
	const day = 24 * time.Hour
	wantDays := func(p *probe, group string, want int32) {
		if got := aws.ToInt32(p.describe(group).RetentionInDays); got != want {
			p.errorf("retentionInDays is %d, want %d", got, want)
		}
	}
	return area("Retention",
		rule(source, "22 values are allowed: 1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653", func(p *probe) {
			group := p.group()
			for _, days := range []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653} {
				p.must(retain(p, group, days))
				wantDays(p, group, days)
			}
		}),
		rule(source, "other values are refused", func(p *probe) {
			group := p.group()
			for _, days := range []int32{-1, 0, 2, 4, 6, 29, 366, 730, 3652, 3654} {
				p.refused(invalid, retain(p, group, days))
			}
			wantDays(p, group, 0)
		}),
		rule(source, "the number of days is required", refuses(invalid, func(p *probe) error {
			_, err := p.PutRetentionPolicy(p.ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String(p.group())})
			return err
		})),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error { return retain(p, p.newName(""), 1) })),
		rule(source, "the name is checked", refuses(invalid, func(p *probe) error { return retain(p, "a b", 1) })),
		rule("DeleteRetentionPolicy", "without a policy events never expire", func(p *probe) {
			group := p.group()
			p.must(retain(p, group, 7))
			p.must(forever(p, group))
			if days := p.describe(group).RetentionInDays; days != nil {
				p.errorf("retentionInDays is %d", *days)
			}
		}),
		rule("DeleteRetentionPolicy", "the log group of a policy to delete must exist", refuses(notFound, func(p *probe) error { return forever(p, p.newName("")) })),
		rule(recorded, "deleting a policy that does not exist succeeds", accepts(func(p *probe) error { return forever(p, p.group()) })),
		clockRule(source, "an event expires after that many days", func(p *probe) {
			group, stream := p.stored("one")
			p.must(retain(p, group, 3))
			p.sleep(3*day - time.Minute)
			p.wantStored(group, stream, "one")
			p.sleep(2 * time.Minute)
			p.wantStored(group, stream)
			out, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: &group})
			p.must(err)
			if len(out.Events) > 0 {
				p.errorf("FilterLogEvents shows %q", filtered(out.Events))
			}
		}),
	)
}

func tagRules() []Rule {
	const source = "TagResource"
	tag := func(p *probe, arn string, tags map[string]string) error {
		_, err := p.TagResource(p.ctx, &logs.TagResourceInput{ResourceArn: &arn, Tags: tags})
		return err
	}
	untag := func(p *probe, arn string, keys ...string) error {
		_, err := p.UntagResource(p.ctx, &logs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
		return err
	}
	list := func(p *probe, arn string) error {
		_, err := p.ListTagsForResource(p.ctx, &logs.ListTagsForResourceInput{ResourceArn: &arn})
		return err
	}
	// tagging tags a new group.
	tagging := func(tags map[string]string) call {
		return func(p *probe) error { return tag(p, p.arn(p.group()), tags) }
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	one := map[string]string{"k": "v"}
	return area("Tags",
		rule(source, "new tags are added to the old ones, and replace those with the same key", func(p *probe) {
			group := p.group(withTags(map[string]string{"a": "1", "b": "2"}))
			p.must(tag(p, p.arn(group), map[string]string{"b": "3", "c": ""}))
			p.wantTags(group, map[string]string{"a": "1", "b": "3", "c": ""})
		}),
		rule("UntagResource", "tags are removed by key", func(p *probe) {
			group := p.group(withTags(map[string]string{"a": "1", "b": "2"}))
			p.must(untag(p, p.arn(group), "a", "missing"))
			p.wantTags(group, map[string]string{"b": "2"})
		}),
		rule("ListTagsForResource", "a group without tags has none", func(p *probe) { p.wantTags(p.group(), nil) }),
		rule(source, "the ARN must not end with :*", func(p *probe) {
			arn := p.arn(p.group()) + ":*"
			for _, err := range []error{tag(p, arn, one), untag(p, arn, "k"), list(p, arn)} {
				p.refusedSomehow(err)
			}
		}),
		rule(source, "the log group must exist", func(p *probe) {
			arn := p.arn(p.group()) + "-other"
			p.refused(notFound, tag(p, arn, one))
			p.refused(notFound, untag(p, arn, "k"))
			p.refused(notFound, list(p, arn))
		}),
		rule(source, "ARN and tags are required", func(p *probe) {
			_, err := p.TagResource(p.ctx, &logs.TagResourceInput{Tags: one})
			p.refused(invalid, err)
			p.refused(invalid, tag(p, p.arn(p.group()), nil))
		}),
		rule(source, "a key may have 128 characters, a value 256", accepts(tagging(map[string]string{long(128): long(256)}))),
		rule(source, "a key has at most 128 characters", refuses(invalid, tagging(map[string]string{long(129): "v"}))),
		rule(source, "a key has at least 1 character", refuses(invalid, tagging(map[string]string{"": "v"}))),
		rule(source, "a value has at most 256 characters", refuses(invalid, tagging(map[string]string{"k": long(257)}))),
		rule(source, "keys and values may contain letters, spaces, digits and _ . : / = + - @", accepts(tagging(map[string]string{"é 9_.:/=+-@": "é 9_.:/=+-@"}))),
		rule(source, "keys and values must not contain other characters", func(p *probe) {
			p.refused(invalid, tagging(map[string]string{"k*": "v"})(p))
			p.refused(invalid, tagging(map[string]string{"k": "v*"})(p))
		}),
		rule(source, "1 to 50 tags are allowed", func(p *probe) {
			p.must(tagging(manyTags(50))(p))
			p.refused(invalid, tagging(manyTags(51))(p))
			p.refused(invalid, tagging(map[string]string{})(p))
		}),
		rule(source, "a group has at most 50 tags", func(p *probe) {
			arn := p.arn(p.group(withTags(manyTags(50))))
			p.must(tag(p, arn, map[string]string{"key0": "new"}))
			p.refused("TooManyTagsException", tag(p, arn, map[string]string{"more": "v"}))
		}),
		rule("TagLogGroup", "the older operations identify the group by name and change the same tags", func(p *probe) {
			group := p.group(withTags(map[string]string{"a": "1"}))
			//lint:ignore SA1019 deprecated operations are still there
			_, err := p.TagLogGroup(p.ctx, &logs.TagLogGroupInput{LogGroupName: &group, Tags: map[string]string{"b": "2"}})
			p.must(err)
			//lint:ignore SA1019 as above
			_, err = p.UntagLogGroup(p.ctx, &logs.UntagLogGroupInput{LogGroupName: &group, Tags: []string{"a", "missing"}})
			p.must(err)
			p.wantTags(group, map[string]string{"b": "2"})
			//lint:ignore SA1019 as above
			out, err := p.ListTagsLogGroup(p.ctx, &logs.ListTagsLogGroupInput{LogGroupName: &group})
			p.must(err)
			if !maps.Equal(out.Tags, map[string]string{"b": "2"}) {
				p.errorf("ListTagsLogGroup returns %v", out.Tags)
			}
		}),
		rule("TagLogGroup", "the log group of the older operations must exist", func(p *probe) {
			name := p.newName("")
			//lint:ignore SA1019 deprecated operations are still there
			_, err := p.TagLogGroup(p.ctx, &logs.TagLogGroupInput{LogGroupName: &name, Tags: one})
			p.refused(notFound, err)
			//lint:ignore SA1019 as above
			_, err = p.ListTagsLogGroup(p.ctx, &logs.ListTagsLogGroupInput{LogGroupName: &name})
			p.refused(notFound, err)
		}),
		rule("UntagResource", "at most 50 keys are allowed", func(p *probe) {
			var keys []string
			for i := range 51 {
				keys = append(keys, fmt.Sprint("k", i))
			}
			arn := p.arn(p.group())
			p.must(untag(p, arn, keys[:50]...))
			p.refused(invalid, untag(p, arn, keys...))
		}),
	)
}

func classRules() []Rule {
	cheap := func(p *probe) (group, stream string) {
		group = p.group(ofClass(types.LogGroupClassInfrequentAccess))
		p.stream(group, "s")
		return group, "s"
	}
	return area("Log classes",
		rule(logClasses, "a group of the class INFREQUENT_ACCESS accepts events", func(p *probe) {
			group, stream := cheap(p)
			p.put(group, stream, events("x")...)
		}),
		rule(logClasses, "a group of the class INFREQUENT_ACCESS has no GetLogEvents", func(p *probe) {
			group, stream := cheap(p)
			_, err := p.GetLogEvents(p.ctx, &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream})
			p.refusedSomehow(err)
		}),
		rule(logClasses, "a group of the class INFREQUENT_ACCESS has no FilterLogEvents", func(p *probe) {
			group, _ := cheap(p)
			_, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: &group})
			p.refusedSomehow(err)
		}),
		rule(logClasses, "a group of the class INFREQUENT_ACCESS has no Live Tail", func(p *probe) {
			group, _ := cheap(p)
			s, err := p.tail(&logs.StartLiveTailInput{LogGroupIdentifiers: []string{p.arn(group)}})
			if err == nil {
				s.close()
			}
			p.refusedSomehow(err)
		}),
		rule(logClasses, "a group of the class INFREQUENT_ACCESS has no metric filters", func(p *probe) {
			group, _ := cheap(p)
			p.refusedSomehow(p.metricFilter(group))
		}),
		rule(logClasses, "a group of the class INFREQUENT_ACCESS has streams, tags and retention", func(p *probe) {
			group, stream := cheap(p)
			p.must(retain(p, group, 7))
			_, err := p.TagResource(p.ctx, &logs.TagResourceInput{ResourceArn: aws.String(p.arn(group)), Tags: map[string]string{"k": "v"}})
			p.must(err)
			tags, err := p.ListTagsForResource(p.ctx, &logs.ListTagsForResourceInput{ResourceArn: aws.String(p.arn(group))})
			p.must(err)
			if got, _ := p.listStreams(logs.DescribeLogStreamsInput{LogGroupName: &group}); !maps.Equal(tags.Tags, map[string]string{"k": "v"}) || len(got) != 1 || got[0] != stream {
				p.errorf("got %v and %v", tags.Tags, got)
			}
		}),
		rule("LogGroup", "the retention of a group of the class DELIVERY is fixed", refuses(invalid, func(p *probe) error {
			return retain(p, p.group(ofClass(types.LogGroupClassDelivery)), 30)
		})),
	)
}
