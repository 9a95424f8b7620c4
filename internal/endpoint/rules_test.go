package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// rule is one documented rule, or the valid side of its boundary.
type rule struct {
	name string
	call func(ctx context.Context, c *cloudwatchlogs.Client) error
	code string // "" = allowed
	text string // part of the error's text
}

const (
	invalid  = "InvalidParameterException"
	notFound = "ResourceNotFoundException"
	exists   = "ResourceAlreadyExistsException"
	bad      = "ValidationException"

	groupPattern  = `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`
	streamPattern = `Member must satisfy regular expression pattern: [^:*]*`

	tooLong = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."

	arnPrefix = "arn:aws:logs:us-east-1:000000000000:log-group:"
)

// s returns a pointer to a string.
func s(v string) *string { return &v }

// checkRules runs each rule against an endpoint of its own, in which these
// exist: group g with stream s; group ia of the class INFREQUENT_ACCESS,
// group delivery of DELIVERY, group kept with deletion protection, each with
// a stream s.
func checkRules(t *testing.T, rules []rule) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			_, c := ready(t)
			ctx := t.Context()
			for _, in := range []*cloudwatchlogs.CreateLogGroupInput{
				{LogGroupName: s("ia"), LogGroupClass: types.LogGroupClassInfrequentAccess},
				{LogGroupName: s("delivery"), LogGroupClass: types.LogGroupClassDelivery},
				{LogGroupName: s("kept"), DeletionProtectionEnabled: aws.Bool(true)},
			} {
				_, err := c.CreateLogGroup(ctx, in)
				must(t, err)
				_, err = c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: in.LogGroupName, LogStreamName: s("s")})
				must(t, err)
			}
			err := r.call(ctx, c)
			if r.code == "" {
				must(t, err)
				return
			}
			wantAPIError(t, err, r.code, r.text)
			var res *smithyhttp.ResponseError
			if !errors.As(err, &res) || res.HTTPStatusCode() != 400 {
				t.Errorf("got %v, want status 400", err)
			}
		})
	}
}

func createGroup(in cloudwatchlogs.CreateLogGroupInput) func(context.Context, *cloudwatchlogs.Client) error {
	return func(ctx context.Context, c *cloudwatchlogs.Client) error {
		_, err := c.CreateLogGroup(ctx, &in)
		return err
	}
}

func namedGroup(name string) func(context.Context, *cloudwatchlogs.Client) error {
	return createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
}

func namedStream(group, stream string) func(context.Context, *cloudwatchlogs.Client) error {
	return func(ctx context.Context, c *cloudwatchlogs.Client) error {
		_, err := c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
		return err
	}
}

func manyTags(n int) map[string]string {
	tags := make(map[string]string)
	for i := range n {
		tags[fmt.Sprint("key", i)] = "v"
	}
	return tags
}

func TestCreateRules(t *testing.T) {
	checkRules(t, []rule{
		{"a group name has at least 1 character", namedGroup(""), invalid, "Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a group name of 512 characters is allowed", namedGroup(strings.Repeat("x", 512)), "", ""},
		{"a group name has at most 512 characters", namedGroup(strings.Repeat("x", 513)), invalid, tooLong},
		{"a group name may hold letters, digits and _ - / . #", namedGroup("/aZ09_-.#"), "", ""},
		{"a group name holds no space", namedGroup("a b"), invalid, "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern},
		{"a group name holds no star", namedGroup("a*"), invalid, groupPattern},
		{"a group name holds no colon", namedGroup("a:b"), invalid, groupPattern},
		{"a group name holds ASCII letters only", namedGroup("é"), invalid, groupPattern},
		{"a group name does not start with aws/", namedGroup("aws/x"), invalid, "Log groups starting with AWS/ are reserved for AWS."},
		{"a group name may start with /aws/", namedGroup("/aws/x"), "", ""},
		{"a group name may start with aws", namedGroup("aws"), "", ""},
		{"a group exists once", namedGroup("g"), exists, "The specified log group already exists"},
		{"a KMS key id of 256 characters is allowed", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), KmsKeyId: s(strings.Repeat("k", 256))}), "", ""},
		{"a KMS key id has at most 256 characters", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), KmsKeyId: s(strings.Repeat("k", 257))}), invalid, "at 'kmsKeyId' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"the class ESSENTIALS is known", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), LogGroupClass: "ESSENTIALS"}), "", ""},
		{"the class is one of four", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), LogGroupClass: "GOLD"}), invalid, "Value 'GOLD' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY, ESSENTIALS]"},
		{"50 tags at creation are allowed", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), Tags: manyTags(50)}), "", ""},
		{"at most 50 tags at creation", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), Tags: manyTags(51)}), invalid, "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"tags at creation are not an empty map", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), Tags: map[string]string{}}), invalid, "at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1"},

		{"a stream name has at least 1 character", namedStream("g", ""), invalid, "1 validation error detected: Value '' at 'logStreamName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a stream name of 512 characters is allowed", namedStream("g", strings.Repeat("é", 512)), "", ""},
		{"a stream name has at most 512 characters", namedStream("g", strings.Repeat("é", 513)), invalid, tooLong},
		{"a name that is too long is told alone", namedStream("a b", strings.Repeat("x", 513)), invalid, tooLong},
		{"a stream name holds no colon", namedStream("g", "a:b"), invalid, "Value 'a:b' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
		{"a stream name holds no star", namedStream("g", "a*b"), invalid, streamPattern},
		{"a stream name may hold any other character", namedStream("g", "[$LATEST] ../é\n\x00"), "", ""},
		{"a stream exists once", namedStream("g", "s"), exists, "The specified log stream already exists"},
		{"a stream needs its group", namedStream("other", "s"), notFound, "The specified log group does not exist."},
		{"all violations are told together", namedStream("a b", "c*"), invalid, "2 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern + "; Value 'c*' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
	})
}

func TestDeleteRules(t *testing.T) {
	deleteGroup := func(name string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
			return err
		}
	}
	deleteStream := func(group, stream string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
			return err
		}
	}
	checkRules(t, []rule{
		{"a group can be deleted", deleteGroup("g"), "", ""},
		{"a deleted group is gone", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			return errors.Join(deleteGroup("g")(ctx, c), namedStream("g", "s")(ctx, c))
		}, notFound, "The specified log group does not exist."},
		{"a group that is not there cannot be deleted", deleteGroup("other"), notFound, "The specified log group does not exist."},
		{"a group name to delete is checked", deleteGroup("a b"), invalid, groupPattern},
		{"a protected group cannot be deleted", deleteGroup("kept"), bad, "eletion protection"},
		{"a stream of a protected group cannot be deleted", deleteStream("kept", "s"), bad, "eletion protection"},
		{"a stream can be deleted", deleteStream("g", "s"), "", ""},
		{"a stream that is not there cannot be deleted", deleteStream("g", "other"), notFound, "The specified log stream does not exist."},
		{"a stream to delete needs its group", deleteStream("other", "s"), notFound, "The specified log group does not exist."},
		{"a stream name to delete is checked", deleteStream("g", "a*"), invalid, streamPattern},
	})
}

func TestRetentionRules(t *testing.T) {
	retention := func(group string, days int32) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &group, RetentionInDays: &days})
			return err
		}
	}
	forever := func(group string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &group})
			return err
		}
	}
	const list = "Invalid retention value. Valid values are: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]"
	rules := []rule{
		{"retention in a group that is not there", retention("other", 1), notFound, "The specified log group does not exist."},
		{"a group name for retention is checked", retention("a b", 1), invalid, groupPattern},
		{"the retention of DELIVERY is fixed", retention("delivery", 3), invalid, "DELIVERY"},
		{"retention can be taken away", forever("g"), "", ""},
		{"retention taken away in a group that is not there", forever("other"), notFound, "The specified log group does not exist."},
	}
	for _, days := range []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653} {
		rules = append(rules, rule{fmt.Sprintf("a retention of %d days is allowed", days), retention("g", days), "", ""})
	}
	for _, days := range []int32{-1, 0, 2, 4, 730, 3652, 3654} {
		rules = append(rules, rule{fmt.Sprintf("a retention of %d days is not in the list", days), retention("g", days), invalid, list})
	}
	checkRules(t, rules)
}

func TestTagRules(t *testing.T) {
	tag := func(arn string, tags map[string]string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: tags})
			return err
		}
	}
	untag := func(arn string, keys ...string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
			return err
		}
	}
	list := func(arn string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
			return err
		}
	}
	one := map[string]string{"k": "v"}
	checkRules(t, []rule{
		{"a group is tagged by its ARN", tag(arnPrefix+"g", one), "", ""},
		{"the ARN to tag has no star at the end", tag(arnPrefix+"g:*", one), bad, "Invalid resourceArn"},
		{"the ARN to untag has no star at the end", untag(arnPrefix+"g:*", "k"), bad, "Invalid resourceArn"},
		{"the ARN to list tags has no star at the end", list(arnPrefix + "g:*"), bad, "Invalid resourceArn"},
		{"a bare name is no ARN", list("g"), bad, "Invalid resourceArn"},
		{"the ARN of a stream cannot be tagged", tag(arnPrefix+"g:log-stream:s", one), bad, "Invalid resourceArn"},
		{"an ARN to tag holds no number sign", list(arnPrefix + "a#b"), invalid, `at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=/:,.@-]*`},
		{"an ARN has at most 1011 characters", list(arnPrefix + strings.Repeat("x", 1012-len(arnPrefix))), invalid, "Member must have length less than or equal to 1011"},
		{"an ARN of 1011 characters is looked up", list(arnPrefix + strings.Repeat("x", 1011-len(arnPrefix))), notFound, "The specified log group does not exist."},
		{"tags of a group that is not there", tag(arnPrefix+"other", one), notFound, "The specified log group does not exist."},
		{"a tag key of 128 characters is allowed", tag(arnPrefix+"g", map[string]string{strings.Repeat("k", 128): ""}), "", ""},
		{"a tag key has at most 128 characters", tag(arnPrefix+"g", map[string]string{strings.Repeat("k", 129): ""}), invalid, "Member must have length less than or equal to 128"},
		{"a tag key has at least 1 character", tag(arnPrefix+"g", map[string]string{"": "v"}), invalid, "Member must have length greater than or equal to 1"},
		{"a tag value of 256 characters is allowed", tag(arnPrefix+"g", map[string]string{"k": strings.Repeat("v", 256)}), "", ""},
		{"a tag value has at most 256 characters", tag(arnPrefix+"g", map[string]string{"k": strings.Repeat("v", 257)}), invalid, "Member must have length less than or equal to 256"},
		{"a tag holds letters, spaces, digits and _.:/=+-@", tag(arnPrefix+"g", map[string]string{"é 9_.:/=+-@": "é 9_.:/=+-@"}), "", ""},
		{"a tag key holds no other character", tag(arnPrefix+"g", map[string]string{"k*": "v"}), invalid, "Member must satisfy regular expression pattern"},
		{"a tag value holds no other character", tag(arnPrefix+"g", map[string]string{"k": "v*"}), invalid, "Member must satisfy regular expression pattern"},
		{"50 tags are allowed", tag(arnPrefix+"g", manyTags(50)), "", ""},
		{"at most 50 tags in a request", tag(arnPrefix+"g", manyTags(51)), invalid, "Member must have length less than or equal to 50"},
		{"at least one tag in a request", tag(arnPrefix+"g", map[string]string{}), invalid, "Member must have length greater than or equal to 1"},
		{"at most 50 tags on a group", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			return errors.Join(tag(arnPrefix+"g", manyTags(50))(ctx, c), tag(arnPrefix+"g", map[string]string{"k": "v"})(ctx, c))
		}, "TooManyTagsException", "50 tags"},
		{"a tag can be replaced when there are 50", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			return errors.Join(tag(arnPrefix+"g", manyTags(50))(ctx, c), tag(arnPrefix+"g", map[string]string{"key0": "new"})(ctx, c))
		}, "", ""},
		{"a tag that is not there can be taken away", untag(arnPrefix+"g", "k"), "", ""},
		{"at most 50 tags are taken away", untag(arnPrefix+"g", strings.Split(strings.Repeat("k,", 50)+"k", ",")...), invalid, "at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"a tag key to take away is checked", untag(arnPrefix+"g", "k*"), invalid, "at 'tagKeys.1.member' failed to satisfy constraint"},
	})
}
