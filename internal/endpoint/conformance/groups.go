package conformance

import (
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// createGroup creates a log group whose name ends with suffix.
func createGroup(suffix string, change ...func(*logs.CreateLogGroupInput)) call {
	return func(p *probe) error {
		in := &logs.CreateLogGroupInput{LogGroupName: aws.String(p.newName(suffix))}
		for _, f := range change {
			f(in)
		}
		_, err := p.CreateLogGroup(p.ctx, in)
		return err
	}
}

// groupNamed creates a log group with exactly that name.
func groupNamed(name string) call {
	return func(p *probe) error {
		_, err := p.CreateLogGroup(p.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String(p.ours(name))})
		return err
	}
}

// long returns a unique name of a given length.
func (p *probe) long(characters int) string {
	name := p.prefix + "-"
	return p.ours(name + strings.Repeat("x", characters-len(name)))
}

func manyTags(n int) map[string]string {
	tags := make(map[string]string)
	for i := range n {
		tags[fmt.Sprint("key", i)] = "v"
	}
	return tags
}

func ofClass(class types.LogGroupClass) func(*logs.CreateLogGroupInput) {
	return func(in *logs.CreateLogGroupInput) { in.LogGroupClass = class }
}

func withTags(tags map[string]string) func(*logs.CreateLogGroupInput) {
	return func(in *logs.CreateLogGroupInput) { in.Tags = tags }
}

func logGroupRules() []Rule {
	const source = "CreateLogGroup"
	return area("Log groups",
		rule(source, "a name has at least 1 character", refuses(invalid, groupNamed(""))),
		rule(source, "a name may have 512 characters", accepts(func(p *probe) error { return groupNamed(p.long(512))(p) })),
		rule(source, "a name has at most 512 characters", refuses(invalid, func(p *probe) error { return groupNamed(p.long(513))(p) })),
		rule(source, "a name may contain letters, digits and _ - / . #", accepts(createGroup("/aZ09_-.#"))),
		rule(source, "a name must not contain a space", refuses(invalid, createGroup("a b"))),
		rule(source, "a name must not contain an asterisk", refuses(invalid, createGroup("a*"))),
		rule(source, "a name must not contain a colon", refuses(invalid, createGroup("a:b"))),
		rule(source, "a name must contain only ASCII letters", refuses(invalid, createGroup("é"))),
		rule(source, "a name must not start with aws/", refuses(invalid, func(p *probe) error { return groupNamed("aws/" + p.prefix)(p) })),
		rule(source, "a name may start with /aws/", accepts(func(p *probe) error { return groupNamed("/aws/" + p.prefix)(p) })),
		rule(source, "a name is required", refuses(invalid, func(p *probe) error {
			_, err := p.CreateLogGroup(p.ctx, &logs.CreateLogGroupInput{})
			return err
		})),
		rule(source, "names are unique", refuses(exists, func(p *probe) error { return groupNamed(p.group())(p) })),
		rule(source, "names are case-sensitive", accepts(func(p *probe) error {
			name := p.group()
			return groupNamed(strings.ToUpper(name))(p)
		})),
		rule(source, "a KMS key id has at most 256 characters", refuses(invalid, createGroup("", func(in *logs.CreateLogGroupInput) {
			in.KmsKeyId = aws.String(strings.Repeat("k", 257))
		}))),
		rule(source, "the default class is STANDARD", func(p *probe) { p.wantClass(p.group(), types.LogGroupClassStandard) }),
		rule(source, "the class may be INFREQUENT_ACCESS", func(p *probe) {
			p.wantClass(p.group(ofClass(types.LogGroupClassInfrequentAccess)), types.LogGroupClassInfrequentAccess)
		}),
		rule(source, "the class may be DELIVERY", func(p *probe) {
			p.wantClass(p.group(ofClass(types.LogGroupClassDelivery)), types.LogGroupClassDelivery)
		}),
		rule(source, "the class may be ESSENTIALS", func(p *probe) { p.wantClass(p.group(ofClass("ESSENTIALS")), "ESSENTIALS") }),
		rule(source, "other classes are refused", refuses(invalid, createGroup("", ofClass("GOLD")))),
		rule(source, "tags may be set at creation", func(p *probe) {
			group := p.group(withTags(map[string]string{"team": "a", "stage": ""}))
			p.wantTags(group, map[string]string{"team": "a", "stage": ""})
		}),
		rule(source, "50 tags are allowed at creation", accepts(createGroup("", withTags(manyTags(50))))),
		rule(source, "at most 50 tags are allowed at creation", refuses(invalid, createGroup("", withTags(manyTags(51))))),
		rule(source, "tags at creation must not be an empty map", refuses(invalid, createGroup("", withTags(map[string]string{})))),
		rule(source, "events never expire by default", func(p *probe) {
			if days := p.describe(p.group()).RetentionInDays; days != nil {
				p.errorf("retentionInDays is %d", *days)
			}
		}),
		rule(source, "deletion protection may be set at creation", func(p *probe) {
			group := p.group(func(in *logs.CreateLogGroupInput) { in.DeletionProtectionEnabled = aws.Bool(true) })
			if !aws.ToBool(p.describe(group).DeletionProtectionEnabled) {
				p.errorf("DescribeLogGroups does not show it")
			}
		}),
	)
}

// describe returns the DescribeLogGroups entry of a log group.
func (p *probe) describe(group string) types.LogGroup {
	out, err := p.DescribeLogGroups(p.ctx, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
	p.must(err)
	if len(out.LogGroups) == 0 || *out.LogGroups[0].LogGroupName != group {
		p.fatalf("DescribeLogGroups does not return %s", group)
	}
	return out.LogGroups[0]
}

func (p *probe) wantClass(group string, want types.LogGroupClass) {
	if got := p.describe(group).LogGroupClass; got != want {
		p.errorf("the class is %q", got)
	}
}

func (p *probe) wantTags(group string, want map[string]string) {
	out, err := p.ListTagsForResource(p.ctx, &logs.ListTagsForResourceInput{ResourceArn: aws.String(p.arn(group))})
	p.must(err)
	if !maps.Equal(out.Tags, want) {
		p.errorf("the tags are %v, want %v", out.Tags, want)
	}
}

func logStreamRules() []Rule {
	const source = "CreateLogStream"
	named := func(stream string) call {
		return func(p *probe) error {
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String(p.group()), LogStreamName: &stream})
			return err
		}
	}
	return area("Log streams",
		rule(source, "a name has at least 1 character", refuses(invalid, named(""))),
		rule(source, "a name may have 512 characters", accepts(named(strings.Repeat("é", 512)))),
		rule(source, "a name has at most 512 characters", refuses(invalid, named(strings.Repeat("é", 513)))),
		rule(source, "a name must not contain a colon", refuses(invalid, named("a:b"))),
		rule(source, "a name must not contain an asterisk", refuses(invalid, named("a*b"))),
		rule(source, "a name may contain any other character", accepts(named("2026/11/22/[$LATEST] ../é#?"))),
		rule(source, "names are unique in their log group", refuses(exists, func(p *probe) error {
			group := p.groupWith("s")
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")})
			return err
		})),
		rule(source, "the same name may be used in another log group", accepts(func(p *probe) error {
			p.groupWith("s")
			p.groupWith("s")
			return nil
		})),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error {
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String(p.newName("")), LogStreamName: aws.String("s")})
			return err
		})),
		rule(source, "both names are required", func(p *probe) {
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogStreamName: aws.String("s")})
			p.refused(invalid, err)
			_, err = p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String(p.group())})
			p.refused(invalid, err)
		}),
	)
}

// deleteGroup and deleteStream delete a group or stream, which may not exist.
func deleteGroup(p *probe, group string) error {
	_, err := p.DeleteLogGroup(p.ctx, &logs.DeleteLogGroupInput{LogGroupName: &group})
	return err
}

func deleteStream(p *probe, group, stream string) error {
	_, err := p.DeleteLogStream(p.ctx, &logs.DeleteLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	return err
}

// protect sets deletion protection.
func protect(p *probe, identifier string, on bool) error {
	_, err := p.PutLogGroupDeletionProtection(p.ctx, &logs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: &identifier, DeletionProtectionEnabled: &on})
	return err
}

func deletionRules() []Rule {
	const source = "PutLogGroupDeletionProtection"
	return area("Deletion",
		rule("DeleteLogGroup", "deleting a log group deletes its streams and events", func(p *probe) {
			group, _ := p.stored("one")
			p.must(deleteGroup(p, group))
			_, err := p.DescribeLogStreams(p.ctx, &logs.DescribeLogStreamsInput{LogGroupName: &group})
			p.refused(notFound, err)
			// A new group of that name has nothing of the old one. (In the service, it takes a
			// while until the name is free.)
			p.want("a new group of the same name", []string{}, func() []string {
				if err := groupNamed(group)(p); err != nil && codeOf(err) != exists {
					return []string{err.Error()}
				}
				out, err := p.DescribeLogStreams(p.ctx, &logs.DescribeLogStreamsInput{LogGroupName: &group})
				if err != nil {
					return []string{err.Error()}
				}
				names := []string{}
				for _, s := range out.LogStreams {
					names = append(names, *s.LogStreamName)
				}
				return names
			})
		}),
		rule("DeleteLogGroup", "a log group to delete must exist", refuses(notFound, func(p *probe) error { return deleteGroup(p, p.newName("")) })),
		rule("DeleteLogGroup", "the name of a log group to delete is checked", refuses(invalid, func(p *probe) error { return deleteGroup(p, "a b") })),
		rule("DeleteLogStream", "deleting a log stream deletes its events", func(p *probe) {
			group, stream := p.stored("one")
			p.must(deleteStream(p, group, stream))
			_, err := p.GetLogEvents(p.ctx, &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream})
			p.refused(notFound, err)
		}),
		rule("DeleteLogStream", "a log stream to delete must exist", refuses(notFound, func(p *probe) error { return deleteStream(p, p.group(), "s") })),
		rule("DeleteLogStream", "the log group of a log stream to delete must exist", refuses(notFound, func(p *probe) error { return deleteStream(p, p.newName(""), "s") })),
		rule(source, "deletion protection prevents the deletion of a log group", refuses(validation, func(p *probe) error {
			group := p.group()
			p.must(protect(p, group, true))
			return deleteGroup(p, group)
		})),
		rule(source, "deletion protection prevents the deletion of a log stream", refuses(validation, func(p *probe) error {
			group := p.groupWith("s")
			p.must(protect(p, group, true))
			return deleteStream(p, group, "s")
		})),
		rule(source, "deletion protection may be enabled at creation", refuses(validation, func(p *probe) error {
			return deleteGroup(p, p.group(func(in *logs.CreateLogGroupInput) { in.DeletionProtectionEnabled = aws.Bool(true) }))
		})),
		rule(source, "deletion protection can be disabled", accepts(func(p *probe) error {
			group := p.group()
			p.must(protect(p, group, true))
			p.must(protect(p, group, false))
			return deleteGroup(p, group)
		})),
		rule(source, "a log group may be identified by its ARN", func(p *probe) {
			group := p.group()
			p.must(protect(p, p.arn(group), true))
			p.refused(validation, deleteGroup(p, group))
		}),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error { return protect(p, p.newName(""), true) })),
		rule(source, "deletionProtectionEnabled is required", refuses(invalid, func(p *probe) error {
			_, err := p.PutLogGroupDeletionProtection(p.ctx, &logs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: aws.String(p.group())})
			return err
		})),
	)
}
