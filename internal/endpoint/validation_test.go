package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// rule is one documented rule, or the valid side of its limit.
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

// checkRules runs each rule against a separate endpoint with these groups, each with a stream s: g;
// ia, of class INFREQUENT_ACCESS; delivery, of class DELIVERY; kept, with deletion protection.
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
		{"a group name must not contain a space", namedGroup("a b"), invalid, "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern},
		{"a group name must not start with aws/", namedGroup("aws/x"), invalid, "Log groups starting with AWS/ are reserved for AWS."},
		{"a group name may start with aws", namedGroup("aws"), "", ""},
		{"the class must be one of four", createGroup(cloudwatchlogs.CreateLogGroupInput{LogGroupName: s("x"), LogGroupClass: "GOLD"}), invalid, "Value 'GOLD' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY, ESSENTIALS]"},

		{"a name that is too long is the only error", namedStream("a b", strings.Repeat("x", 513)), invalid, tooLong},
		{"a stream name must not contain a colon", namedStream("g", "a:b"), invalid, "Value 'a:b' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
		{"all violations are reported together", namedStream("a b", "c*"), invalid, "2 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: " + groupPattern + "; Value 'c*' at 'logStreamName' failed to satisfy constraint: " + streamPattern},
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
		{"a bare name is not an ARN", list("g"), bad, "Invalid resourceArn"},
		{"the ARN of a stream cannot be tagged", tag(arnPrefix+"g:log-stream:s", one), bad, "Invalid resourceArn"},
		{"an ARN must not contain a number sign", list(arnPrefix + "a#b"), invalid, `at 'resourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=/:,.@-]*`},
		{"an ARN has at most 1011 characters", list(arnPrefix + strings.Repeat("x", 1012-len(arnPrefix))), invalid, "Member must have length less than or equal to 1011"},
		{"an ARN of 1011 characters is looked up", list(arnPrefix + strings.Repeat("x", 1011-len(arnPrefix))), notFound, "The specified log group does not exist."},
		{"a tag can be replaced when there are 50", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			return errors.Join(tag(arnPrefix+"g", manyTags(50))(ctx, c), tag(arnPrefix+"g", map[string]string{"key0": "new"})(ctx, c))
		}, "", ""},
		{"at most 50 tags can be removed", untag(arnPrefix+"g", strings.Split(strings.Repeat("k,", 50)+"k", ",")...), invalid, "at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"},
	})
}

// event returns an event with the given time.
func event(at time.Time, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: &message}
}

func putEvents(events ...types.InputLogEvent) func(context.Context, *cloudwatchlogs.Client) error {
	return putTo("g", "s", events...)
}

func putTo(group, stream string, events ...types.InputLogEvent) func(context.Context, *cloudwatchlogs.Client) error {
	return func(ctx context.Context, c *cloudwatchlogs.Client) error {
		if events == nil {
			events = []types.InputLogEvent{}
		}
		out, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
		if err == nil && out.RejectedLogEventsInfo != nil {
			return errors.New("events were rejected")
		}
		return err
	}
}

func repeat(n int, e types.InputLogEvent) []types.InputLogEvent {
	events := make([]types.InputLogEvent, n)
	for i := range events {
		events[i] = e
	}
	return events
}

func TestPutLogEventsRules(t *testing.T) {
	checkRules(t, []rule{
		{"a batch must not be empty", putEvents(), invalid, "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a timestamp must not be negative", putEvents(event(time.UnixMilli(-1), "x")), invalid, "Value '-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0"},
	})
}

// TestRequiredMembersAndBodies checks requests that the SDK would not send.
func TestRequiredMembersAndBodies(t *testing.T) {
	for _, r := range []struct{ name, operation, body, code, text string }{
		{"logGroupName is required to create a group", "CreateLogGroup", `{}`, invalid, "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"},
		{"logGroupName is required by UntagLogGroup", "UntagLogGroup", `{"tags":["k"]}`, invalid, "Value null at 'logGroupName'"},
		{"tags are required by UntagLogGroup", "UntagLogGroup", `{"logGroupName":"g"}`, invalid, "Value null at 'tags'"},
		{"logGroupIdentifier is required to protect", "PutLogGroupDeletionProtection", `{"deletionProtectionEnabled":true}`, invalid, "Value null at 'logGroupIdentifier'"},
		{"kmsKeyId is required to associate it", "AssociateKmsKey", `{"logGroupName":"g"}`, invalid, "Value null at 'kmsKeyId'"},
		{"logRecordPointer is required", "GetLogRecord", `{}`, invalid, "Value null at 'logRecordPointer'"},
		{"a tag filter requires a key", "ListLogGroups", `{"logGroupTags":[{"values":["v"]}]}`, invalid, "Value null at 'logGroupTags.1.member.key'"},
		{"metricName is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricNamespace":"1","metricValue":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricName'"},
		{"metricNamespace is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricName":"1","metricValue":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricNamespace'"},
		{"metricValue is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricName":"1","metricNamespace":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricValue'"},
		{"logEvents must not be null", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":null}`, invalid, "Value null at 'logEvents'"},
		{"an event requires a timestamp", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"message":"x"}]}`, invalid, "1 validation error detected: Value null at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must not be null"},
		{"a message must be a string", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":{}}]}`, "SerializationException", ""},
		{"a body must be one JSON value", "CreateLogGroup", `{"logGroupName":"x"} {}`, "SerializationException", ""},
		{"a body is required", "DescribeLogGroups", ``, "SerializationException", "not a JSON object"},
	} {
		t.Run(r.name, func(t *testing.T) {
			srv, _ := ready(t)
			a := post(t, srv, r.operation, r.body)
			code, text := a.error(t)
			if a.status != 400 || code != r.code || !strings.Contains(text, r.text) {
				t.Errorf("got %d %s: %s\nwant 400 %s: %s", a.status, code, text, r.code, r.text)
			}
			last := srv.Requests()[0]
			if last.Status != 400 || last.Code != code || last.Message != text || last.Committed {
				t.Errorf("request log: %+v", last)
			}
		})
	}
}

func TestGetLogEventsRules(t *testing.T) {
	get := func(in cloudwatchlogs.GetLogEventsInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.GetLogEvents(ctx, &in)
			return err
		}
	}
	type in = cloudwatchlogs.GetLogEventsInput
	checkRules(t, []rule{
		{"an identifier has at most 2048 characters", get(in{LogGroupIdentifier: s(strings.Repeat("x", 2049)), LogStreamName: s("s")}), invalid, "Member must have length less than or equal to 2048"},
		{"an identifier of 2048 characters is looked up", get(in{LogGroupIdentifier: s(strings.Repeat("x", 2048)), LogStreamName: s("s")}), notFound, "The specified log group does not exist."},
		{"an identifier must not be another ARN", get(in{LogGroupIdentifier: s("arn:aws:logs:us-east-1:000000000000:destination:d"), LogStreamName: s("s")}), invalid, "Invalid logGroupIdentifier"},
		{"name or identifier is required", get(in{LogStreamName: s("s")}), invalid, "Either logGroupName or logGroupIdentifier"},
		{"the limit is at most 10,000", get(in{LogGroupName: s("g"), LogStreamName: s("s"), Limit: aws.Int32(10_001)}), invalid, "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"a malformed token is invalid", get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: s("next")}), invalid, "The specified nextToken is invalid."},
		{"a token is bound to its stream", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.GetLogEvents(ctx, &in{LogGroupName: s("kept"), LogStreamName: s("s")})
			if err != nil {
				return err
			}
			return get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: out.NextBackwardToken})(ctx, c)
		}, invalid, "The specified nextToken is invalid."},
		{"a backward token does not require startFromHead", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.GetLogEvents(ctx, &in{LogGroupName: s("g"), LogStreamName: s("s")})
			if err != nil {
				return err
			}
			return get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: out.NextBackwardToken})(ctx, c)
		}, "", ""},
		{"a forward token requires startFromHead", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.GetLogEvents(ctx, &in{LogGroupName: s("g"), LogStreamName: s("s")})
			if err != nil {
				return err
			}
			return get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: out.NextForwardToken})(ctx, c)
		}, invalid, "startFromHead must be true"},
	})
}

func TestFilterLogEventsRules(t *testing.T) {
	filter := func(in cloudwatchlogs.FilterLogEventsInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.FilterLogEvents(ctx, &in)
			return err
		}
	}
	type in = cloudwatchlogs.FilterLogEventsInput
	year2024 := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	checkRules(t, []rule{
		{"a malformed pattern is refused with its position", filter(in{LogGroupName: s("g"), FilterPattern: s("größe: x")}), invalid, "Invalid filter pattern: character 3: invalid character(s) in term 'ö'"},
		{"a malformed JSON pattern is refused with its position", filter(in{LogGroupName: s("g"), FilterPattern: s(`{ $.level == "ERROR" }`)}), invalid, "Invalid filter pattern: character 12: expected a value"},
		{"backward from 2024 on", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false), StartTime: aws.Int64(year2024)}), "", ""},
		{"not backward before 2024", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false), StartTime: aws.Int64(year2024 - 1)}), invalid, "Jan 1, 2024"},
		{"not backward without a start", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false)}), invalid, "Jan 1, 2024"},
		//lint:ignore SA1019 a deprecated field still has to be accepted
		{"interleaved and unmask have no effect", filter(in{LogGroupName: s("g"), Interleaved: aws.Bool(false), Unmask: true}), "", ""},
	})
}

func TestDescribeRules(t *testing.T) {
	groups := func(in cloudwatchlogs.DescribeLogGroupsInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DescribeLogGroups(ctx, &in)
			return err
		}
	}
	streams := func(in cloudwatchlogs.DescribeLogStreamsInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.DescribeLogStreams(ctx, &in)
			return err
		}
	}
	type (
		g = cloudwatchlogs.DescribeLogGroupsInput
		i = cloudwatchlogs.DescribeLogStreamsInput
	)
	checkRules(t, []rule{
		{"a group pattern may be empty", groups(g{LogGroupNamePattern: s("")}), "", ""},
		{"identifiers must not be other ARNs", groups(g{LogGroupIdentifiers: []string{"arn:aws:s3:::bucket"}}), invalid, "Invalid logGroupIdentifier"},

		{"name and identifier exclude each other", streams(i{LogGroupName: s("g"), LogGroupIdentifier: s("g")}), bad, "LogGroup name and LogGroup ARN are mutually exclusive parameters."},
		{"name or identifier is required", streams(i{}), invalid, "Either logGroupName or logGroupIdentifier"},
	})
}

func TestEntityRules(t *testing.T) {
	for _, r := range []struct {
		name   string
		entity *types.Entity
		want   types.EntityRejectionErrorType
	}{
		{"an entity without anything", &types.Entity{}, "InvalidEntity"},
		{"an entity without key attributes", &types.Entity{Attributes: map[string]string{"Host": "h"}}, "MissingRequiredFields"},
		{"an entity without type", &types.Entity{KeyAttributes: map[string]string{"Name": "web", "Environment": "test"}}, "MissingRequiredFields"},
	} {
		t.Run(r.name, func(t *testing.T) {
			srv, c := ready(t)
			in := batch(time.Now(), "x")
			in.Entity = r.entity
			out, err := c.PutLogEvents(t.Context(), in)
			must(t, err)
			var got types.EntityRejectionErrorType
			if out.RejectedEntityInfo != nil {
				got = out.RejectedEntityInfo.ErrorType
			}
			if got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
			if n := len(srv.Events("g", "s")); n != 1 {
				t.Errorf("%d events were accepted, want 1 anyway", n)
			}
		})
	}
}

func TestDirectMethodsFollowTheRules(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	want := func(err error, code string) {
		t.Helper()
		var apiErr *cloudwatchtest.APIError
		if code == "" && err != nil || code != "" && (!errors.As(err, &apiErr) || apiErr.Code != code) {
			t.Errorf("got %v, want %q", err, code)
		}
	}
	srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()})
	want(srv.CreateLogGroup("a b"), invalid)
	want(srv.CreateLogStream("g", "s"), notFound)
	want(srv.CreateLogGroup("g"), "")
	want(srv.CreateLogGroup("g"), exists)
	if got := srv.CreateLogGroup("g").Error(); got != "ResourceAlreadyExistsException: The specified log group already exists" {
		t.Errorf("error text %q", got)
	}
	want(srv.CreateLogStream("g", "s"), "")
	want(srv.CreateLogStream("g", "s"), exists)
	want(srv.DeleteLogStream("g", "s"), "")
	want(srv.DeleteLogStream("g", "s"), notFound)
	want(srv.DeleteLogGroup("g"), "")
	want(srv.DeleteLogGroup("g"), notFound)
	if n := srv.RequestCount(""); n != 0 {
		t.Errorf("the request log shows %d direct calls", n)
	}
}
