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
		{"a group name has at most 512 characters", namedGroup(strings.Repeat("x", 513)), invalid, tooLong},
		{"a group name holds no space", namedGroup("a b"), invalid, "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern},
		{"a group name does not start with aws/", namedGroup("aws/x"), invalid, "Log groups starting with AWS/ are reserved for AWS."},
		{"a group name may start with aws", namedGroup("aws"), "", ""},
		{"the class is one of four", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), LogGroupClass: "GOLD"}), invalid, "Value 'GOLD' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY, ESSENTIALS]"},

		{"a name that is too long is told alone", namedStream("a b", strings.Repeat("x", 513)), invalid, tooLong},
		{"a stream name holds no colon", namedStream("g", "a:b"), invalid, "Value 'a:b' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
		{"all violations are told together", namedStream("a b", "c*"), invalid, "2 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern + "; Value 'c*' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
	})
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
		{"a bare name is no ARN", list("g"), bad, "Invalid resourceArn"},
		{"the ARN of a stream cannot be tagged", tag(arnPrefix+"g:log-stream:s", one), bad, "Invalid resourceArn"},
		{"an ARN to tag holds no number sign", list(arnPrefix + "a#b"), invalid, `at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=/:,.@-]*`},
		{"an ARN has at most 1011 characters", list(arnPrefix + strings.Repeat("x", 1012-len(arnPrefix))), invalid, "Member must have length less than or equal to 1011"},
		{"an ARN of 1011 characters is looked up", list(arnPrefix + strings.Repeat("x", 1011-len(arnPrefix))), notFound, "The specified log group does not exist."},
		{"a tag can be replaced when there are 50", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			return errors.Join(tag(arnPrefix+"g", manyTags(50))(ctx, c), tag(arnPrefix+"g", map[string]string{"key0": "new"})(ctx, c))
		}, "", ""},
		{"at most 50 tags are taken away", untag(arnPrefix+"g", strings.Split(strings.Repeat("k,", 50)+"k", ",")...), invalid, "at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"},
	})
}
