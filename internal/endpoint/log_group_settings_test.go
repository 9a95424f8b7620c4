package endpoint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

func TestKMSKeys(t *testing.T) {
	associate := func(in cloudwatchlogs.AssociateKmsKeyInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.AssociateKmsKey(ctx, &in)
			return err
		}
	}
	type in = cloudwatchlogs.AssociateKmsKeyInput
	key := "arn:aws:kms:us-east-1:000000000000:key/1"
	checkRules(t, []rule{
		{"a key of 256 characters is allowed", associate(in{LogGroupName: s("g"), KmsKeyId: s(strings.Repeat("k", 256))}), "", ""},
		{"a key has at most 256 characters", associate(in{LogGroupName: s("g"), KmsKeyId: s(strings.Repeat("k", 257))}), invalid, "at 'kmsKeyId' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"a group by ARN", associate(in{ResourceIdentifier: s(arnPrefix + "g"), KmsKeyId: &key}), "", ""},
		{"the group must exist", associate(in{LogGroupName: s("other"), KmsKeyId: &key}), notFound, "The specified log group does not exist."},
		{"group and identifier exclude each other", associate(in{LogGroupName: s("g"), ResourceIdentifier: s(arnPrefix + "g"), KmsKeyId: &key}), invalid, "Exactly one of logGroupName and resourceIdentifier"},
		{"group or identifier is required", associate(in{KmsKeyId: &key}), invalid, "Exactly one of logGroupName and resourceIdentifier"},
		{"an identifier is checked", associate(in{ResourceIdentifier: s("a#b"), KmsKeyId: &key}), invalid, `at 'resourceIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=/:,.@\-\*]*`},
		{"query results are refused by name", associate(in{ResourceIdentifier: s("arn:aws:logs:us-east-1:000000000000:query-result:*"), KmsKeyId: &key}), invalid, "not supported by this endpoint"},
		{"a key can be replaced and removed", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			shown := func() string {
				out, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: s("g")})
				if err != nil {
					return err.Error()
				}
				return aws.ToString(out.LogGroups[0].KmsKeyId)
			}
			var seen []string
			for _, key := range []string{"k1", "k2"} {
				if err := associate(in{LogGroupName: s("g"), KmsKeyId: &key})(ctx, c); err != nil {
					return err
				}
				seen = append(seen, shown())
			}
			if _, err := c.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: s("g")}); err != nil {
				return err
			}
			if seen = append(seen, shown()); !slices.Equal(seen, []string{"k1", "k2", ""}) {
				return fmt.Errorf("keys shown: %q", seen)
			}
			_, err := c.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{ResourceIdentifier: s(arnPrefix + "other")})
			return err
		}, notFound, "The specified log group does not exist."},
	})
}

func TestTagLogGroupRules(t *testing.T) {
	tag := func(group string, tags map[string]string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			//lint:ignore SA1019 clients still use these
			_, err := c.TagLogGroup(ctx, &cloudwatchlogs.TagLogGroupInput{LogGroupName: &group, Tags: tags})
			return err
		}
	}
	untag := func(group string, keys ...string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			if keys == nil {
				keys = []string{}
			}
			//lint:ignore SA1019 clients still use these
			_, err := c.UntagLogGroup(ctx, &cloudwatchlogs.UntagLogGroupInput{LogGroupName: &group, Tags: keys})
			return err
		}
	}
	list := func(group string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			//lint:ignore SA1019 clients still use these
			_, err := c.ListTagsLogGroup(ctx, &cloudwatchlogs.ListTagsLogGroupInput{LogGroupName: &group})
			return err
		}
	}
	one := map[string]string{"k": "v"}
	checkRules(t, []rule{
		{"at least one tag in a request", tag("g", map[string]string{}), invalid, "at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"at most 50 tags on a group", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			if err := tag("g", manyTags(50))(ctx, c); err != nil {
				return err
			}
			return tag("g", one)(ctx, c)
		}, invalid, "50 tags"},
		{"more than 50 keys can be removed", untag("g", strings.Split(strings.Repeat("k,", 60)+"k", ",")...), "", ""},
		{"at least one key must be removed", untag("g"), invalid, "at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"the group to untag must exist", untag("other", "k"), notFound, "The specified log group does not exist."},
		{"the group to list tags of must exist", list("other"), notFound, "The specified log group does not exist."},
	})
}
