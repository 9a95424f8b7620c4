package endpoint_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// event returns an event of the given time.
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
	now := time.Now()
	x := event(now, "x")
	const mib = 1_048_576
	// 1,024 events of 1,024 counted bytes are a full batch.
	full := repeat(1024, event(now, strings.Repeat("x", 1024-26)))
	over := append(full[:1023:1023], event(now, strings.Repeat("x", 1025-26)))
	checkRules(t, []rule{
		{"a batch is not empty", putEvents(), invalid, "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"10,000 events are allowed", putEvents(repeat(10_000, x)...), "", ""},
		{"at most 10,000 events in a batch", putEvents(repeat(10_001, x)...), invalid, "at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000"},
		{"a batch of 1,048,576 counted bytes is allowed", putEvents(full...), "", ""},
		{"a batch has at most 1,048,576 counted bytes", putEvents(over...), invalid, "Upload too large: 1048577 bytes exceeds limit of 1048576"},
		{"an event of 1,048,550 bytes is allowed", putEvents(event(now, strings.Repeat("x", mib-26))), "", ""},
		{"an event counts 26 bytes more than its message", putEvents(event(now, strings.Repeat("x", mib-25))), invalid, "Log event too large: 1048577 bytes exceeds limit of 1048576"},
		{"sizes are UTF-8 bytes, not characters", putEvents(event(now, strings.Repeat("é", (mib-24)/2))), invalid, "Log event too large: 1048578 bytes exceeds limit of 1048576"},
		{"sizes are of the decoded message, without JSON escapes", putEvents(event(now, strings.Repeat("\n", mib-26))), "", ""},
		{"a message is not empty, and the text names it", putEvents(x, event(now, ""), x, event(now, "")), invalid, "2 validation errors detected: Value '' at 'logEvents.2.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'logEvents.4.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a message may be white space", putEvents(event(now, " ")), "", ""},
		{"timestamps ascend", putEvents(x, event(now.Add(-time.Millisecond), "x")), invalid, "Log events in a single PutLogEvents request must be in chronological order."},
		{"equal timestamps are allowed", putEvents(x, x), "", ""},
		{"timestamps are not negative", putEvents(event(time.UnixMilli(-1), "x")), invalid, "Value '-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"a span of 24 hours is allowed", putEvents(event(now.Add(-24*time.Hour), "x"), x), "", ""},
		{"a batch spans at most 24 hours", putEvents(event(now.Add(-24*time.Hour-time.Millisecond), "x"), x), invalid, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
		{"the group exists", putTo("other", "s", x), notFound, "The specified log group does not exist."},
		{"the stream exists", putTo("g", "other", x), notFound, "The specified log stream does not exist."},
		{"the group name is checked", putTo("a b", "s", x), invalid, groupPattern},
		{"the stream name is checked", putTo("g", "a:b", x), invalid, streamPattern},
		{"groups of the class INFREQUENT_ACCESS take events", putTo("ia", "s", x), "", ""},
		{"a sequence token is ignored", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			in := batch(now, "x")
			in.SequenceToken = s("long ago")
			_, err := c.PutLogEvents(ctx, in)
			return err
		}, "", ""},
	})
}

// TestFormRules holds the rules about requests that the SDK would not send.
func TestFormRules(t *testing.T) {
	for _, r := range []struct{ name, operation, body, code, text string }{
		{"logGroupName is required to create a group", "CreateLogGroup", `{}`, invalid, "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"},
		{"logStreamName is required to create a stream", "CreateLogStream", `{"logGroupName":"g"}`, invalid, "Value null at 'logStreamName'"},
		{"logGroupName is required to delete a group", "DeleteLogGroup", `{}`, invalid, "Value null at 'logGroupName'"},
		{"logStreamName is required to delete a stream", "DeleteLogStream", `{"logGroupName":"g"}`, invalid, "Value null at 'logStreamName'"},
		{"retentionInDays is required", "PutRetentionPolicy", `{"logGroupName":"g"}`, invalid, "Value null at 'retentionInDays'"},
		{"logGroupName is required to take retention away", "DeleteRetentionPolicy", `{}`, invalid, "Value null at 'logGroupName'"},
		{"resourceArn is required to tag", "TagResource", `{"tags":{"k":"v"}}`, invalid, "Value null at 'resourceArn'"},
		{"tags are required to tag", "TagResource", `{"resourceArn":"` + arnPrefix + `g"}`, invalid, "Value null at 'tags'"},
		{"tagKeys are required to untag", "UntagResource", `{"resourceArn":"` + arnPrefix + `g"}`, invalid, "Value null at 'tagKeys'"},
		{"logGroupName is required to tag the old way", "TagLogGroup", `{"tags":{"k":"v"}}`, invalid, "Value null at 'logGroupName'"},
		{"tags are required to tag the old way", "TagLogGroup", `{"logGroupName":"g"}`, invalid, "Value null at 'tags'"},
		{"logGroupName is required to untag the old way", "UntagLogGroup", `{"tags":["k"]}`, invalid, "Value null at 'logGroupName'"},
		{"tags are required to untag the old way", "UntagLogGroup", `{"logGroupName":"g"}`, invalid, "Value null at 'tags'"},
		{"logGroupName is required to list tags the old way", "ListTagsLogGroup", `{}`, invalid, "Value null at 'logGroupName'"},
		{"logGroupIdentifier is required to protect", "PutLogGroupDeletionProtection", `{"deletionProtectionEnabled":true}`, invalid, "Value null at 'logGroupIdentifier'"},
		{"deletionProtectionEnabled is required to protect", "PutLogGroupDeletionProtection", `{"logGroupIdentifier":"g"}`, invalid, "Value null at 'deletionProtectionEnabled'"},
		{"kmsKeyId is required to associate it", "AssociateKmsKey", `{"logGroupName":"g"}`, invalid, "Value null at 'kmsKeyId'"},
		{"logRecordPointer is required", "GetLogRecord", `{}`, invalid, "Value null at 'logRecordPointer'"},
		{"logGroupIdentifiers are required to tail", "StartLiveTail", `{}`, invalid, "Value null at 'logGroupIdentifiers'"},
		{"a tag filter needs a key", "ListLogGroups", `{"logGroupTags":[{"values":["v"]}]}`, invalid, "Value null at 'logGroupTags.1.member.key'"},
		{"logGroupName is required to put a metric filter", "PutMetricFilter", `{"filterName":"x","filterPattern":"x","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`, invalid, "Value null at 'logGroupName'"},
		{"filterName is required to put a metric filter", "PutMetricFilter", `{"logGroupName":"x","filterPattern":"x","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`, invalid, "Value null at 'filterName'"},
		{"filterPattern is required to put a metric filter", "PutMetricFilter", `{"logGroupName":"x","filterName":"x","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`, invalid, "Value null at 'filterPattern'"},
		{"metricTransformations are required to put a metric filter", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":""}`, invalid, "Value null at 'metricTransformations'"},
		{"metricName is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricNamespace":"1","metricValue":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricName'"},
		{"metricNamespace is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricName":"1","metricValue":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricNamespace'"},
		{"metricValue is required of a transformation", "PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricName":"1","metricNamespace":"1"}]}`, invalid, "Value null at 'metricTransformations.1.member.metricValue'"},
		{"DeleteMetricFilter: logGroupName is required", "DeleteMetricFilter", `{"filterName":"f"}`, invalid, "Value null at 'logGroupName'"},
		{"DeleteMetricFilter: filterName is required", "DeleteMetricFilter", `{"logGroupName":"g"}`, invalid, "Value null at 'filterName'"},
		{"TestMetricFilter: filterPattern is required", "TestMetricFilter", `{"logEventMessages":["x"]}`, invalid, "Value null at 'filterPattern'"},
		{"TestMetricFilter: logEventMessages is required", "TestMetricFilter", `{"filterPattern":"x"}`, invalid, "Value null at 'logEventMessages'"},
		{"resourceArn is required to list tags", "ListTagsForResource", `{}`, invalid, "Value null at 'resourceArn'"},
		{"logStreamName is required to get events", "GetLogEvents", `{"logGroupName":"g"}`, invalid, "Value null at 'logStreamName'"},
		{"logEvents is required", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s"}`, invalid, "Value null at 'logEvents' failed to satisfy constraint: Member must not be null"},
		{"logEvents null is none", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":null}`, invalid, "Value null at 'logEvents'"},
		{"an event needs a timestamp", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"message":"x"}]}`, invalid, "1 validation error detected: Value null at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must not be null"},
		{"an event needs a message", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1}]}`, invalid, "1 validation error detected: Value null at 'logEvents.1.member.message' failed to satisfy constraint: Member must not be null"},
		{"a timestamp is a number", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":"1","message":"x"}]}`, "SerializationException", ""},
		{"a message is a string", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":{}}]}`, "SerializationException", ""},
		{"messages are UTF-8", "PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"` + "\xff" + `"}]}`, "SerializationException", "UTF-8"},
		{"a body is JSON", "CreateLogGroup", `{"logGroupName":`, "SerializationException", ""},
		{"a body is one JSON value", "CreateLogGroup", `{"logGroupName":"x"} {}`, "SerializationException", ""},
		{"a body is an object", "CreateLogGroup", `null`, "SerializationException", "not a JSON object"},
		{"a body is there", "DescribeLogGroups", ``, "SerializationException", "not a JSON object"},
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
		{"a group is named by name", get(in{LogGroupName: s("g"), LogStreamName: s("s")}), "", ""},
		{"a group is named by identifier, a name", get(in{LogGroupIdentifier: s("g"), LogStreamName: s("s")}), "", ""},
		{"a group is named by identifier, an ARN", get(in{LogGroupIdentifier: s(arnPrefix + "g"), LogStreamName: s("s")}), "", ""},
		{"an identifier has no star at the end", get(in{LogGroupIdentifier: s(arnPrefix + "g:*"), LogStreamName: s("s")}), invalid, `Member must satisfy regular expression pattern: [\w#+=/:,.@-]*`},
		{"an identifier has at most 2048 characters", get(in{LogGroupIdentifier: s(strings.Repeat("x", 2049)), LogStreamName: s("s")}), invalid, "Member must have length less than or equal to 2048"},
		{"an identifier of 2048 characters is looked up", get(in{LogGroupIdentifier: s(strings.Repeat("x", 2048)), LogStreamName: s("s")}), notFound, "The specified log group does not exist."},
		{"an identifier is not an ARN of something else", get(in{LogGroupIdentifier: s("arn:aws:logs:us-east-1:000000000000:destination:d"), LogStreamName: s("s")}), invalid, "Invalid logGroupIdentifier"},
		{"not both name and identifier", get(in{LogGroupName: s("g"), LogGroupIdentifier: s("g"), LogStreamName: s("s")}), invalid, "logGroupName and logGroupIdentifier are mutually exclusive"},
		{"name or identifier is needed", get(in{LogStreamName: s("s")}), invalid, "Either logGroupName or logGroupIdentifier"},
		{"the group exists", get(in{LogGroupName: s("other"), LogStreamName: s("s")}), notFound, "The specified log group does not exist."},
		{"the stream exists", get(in{LogGroupName: s("g"), LogStreamName: s("other")}), notFound, "The specified log stream does not exist."},
		{"the stream name is checked", get(in{LogGroupName: s("g"), LogStreamName: s("a*")}), invalid, streamPattern},
		{"a limit of 1 is allowed", get(in{LogGroupName: s("g"), LogStreamName: s("s"), Limit: aws.Int32(1)}), "", ""},
		{"the limit is at least 1", get(in{LogGroupName: s("g"), LogStreamName: s("s"), Limit: aws.Int32(0)}), invalid, "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"a limit of 10,000 is allowed", get(in{LogGroupName: s("g"), LogStreamName: s("s"), Limit: aws.Int32(10_000)}), "", ""},
		{"the limit is at most 10,000", get(in{LogGroupName: s("g"), LogStreamName: s("s"), Limit: aws.Int32(10_001)}), invalid, "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"the start is not negative", get(in{LogGroupName: s("g"), LogStreamName: s("s"), StartTime: aws.Int64(-1)}), invalid, "at 'startTime'"},
		{"the end is not negative", get(in{LogGroupName: s("g"), LogStreamName: s("s"), EndTime: aws.Int64(-1)}), invalid, "at 'endTime'"},
		{"a token is not empty", get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: s("")}), invalid, "Value '' at 'nextToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a token is one that was given out", get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: s("f/" + strings.Repeat("3", 56) + "/s")}), invalid, "The specified nextToken is invalid."},
		{"a token has the right form", get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: s("next")}), invalid, "The specified nextToken is invalid."},
		{"groups of the class INFREQUENT_ACCESS are not read", get(in{LogGroupName: s("ia"), LogStreamName: s("s")}), "InvalidOperationException", "GetLogEvents is not supported for this log class."},
		{"a token belongs to its stream", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.GetLogEvents(ctx, &in{LogGroupName: s("kept"), LogStreamName: s("s")})
			if err != nil {
				return err
			}
			return get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: out.NextBackwardToken})(ctx, c)
		}, invalid, "The specified nextToken is invalid."},
		{"a backward token works without startFromHead", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.GetLogEvents(ctx, &in{LogGroupName: s("g"), LogStreamName: s("s")})
			if err != nil {
				return err
			}
			return get(in{LogGroupName: s("g"), LogStreamName: s("s"), NextToken: out.NextBackwardToken})(ctx, c)
		}, "", ""},
		{"a forward token needs startFromHead", func(ctx context.Context, c *cloudwatchlogs.Client) error {
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
	names := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = "s"
		}
		return list
	}
	year2024 := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	checkRules(t, []rule{
		{"a group is named by name", filter(in{LogGroupName: s("g")}), "", ""},
		{"a group is named by identifier, an ARN", filter(in{LogGroupIdentifier: s(arnPrefix + "g")}), "", ""},
		{"not both name and identifier", filter(in{LogGroupName: s("g"), LogGroupIdentifier: s("g")}), invalid, "logGroupName and logGroupIdentifier are mutually exclusive"},
		{"name or identifier is needed", filter(in{}), invalid, "Either logGroupName or logGroupIdentifier"},
		{"the group exists", filter(in{LogGroupName: s("other")}), notFound, "The specified log group does not exist."},
		{"streams that are named exist", filter(in{LogGroupName: s("g"), LogStreamNames: []string{"s", "other"}}), notFound, "The specified log stream does not exist."},
		{"100 stream names are allowed", filter(in{LogGroupName: s("g"), LogStreamNames: names(100)}), "", ""},
		{"at most 100 stream names", filter(in{LogGroupName: s("g"), LogStreamNames: names(101)}), invalid, "at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"at least 1 stream name", filter(in{LogGroupName: s("g"), LogStreamNames: []string{}}), invalid, "Value '[]' at 'logStreamNames' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"stream names are checked", filter(in{LogGroupName: s("g"), LogStreamNames: []string{"a*"}}), invalid, "Value 'a*' at 'logStreamNames.1.member' failed to satisfy constraint: " + streamPattern},
		{"a prefix is checked", filter(in{LogGroupName: s("g"), LogStreamNamePrefix: s("a*")}), invalid, "at 'logStreamNamePrefix'"},
		{"a prefix without streams is allowed", filter(in{LogGroupName: s("g"), LogStreamNamePrefix: s("other")}), "", ""},
		{"not both names and prefix", filter(in{LogGroupName: s("g"), LogStreamNames: []string{"s"}, LogStreamNamePrefix: s("s")}), invalid, "logStreamNames and logStreamNamePrefix are mutually exclusive"},
		{"the limit is at least 1", filter(in{LogGroupName: s("g"), Limit: aws.Int32(0)}), invalid, "at 'limit'"},
		{"a limit of 10,000 is allowed", filter(in{LogGroupName: s("g"), Limit: aws.Int32(10_000)}), "", ""},
		{"the limit is at most 10,000", filter(in{LogGroupName: s("g"), Limit: aws.Int32(10_001)}), invalid, "at 'limit'"},
		{"the start is not negative", filter(in{LogGroupName: s("g"), StartTime: aws.Int64(-1)}), invalid, "at 'startTime'"},
		{"the end is not negative", filter(in{LogGroupName: s("g"), EndTime: aws.Int64(-1)}), invalid, "at 'endTime'"},
		{"an empty pattern matches all", filter(in{LogGroupName: s("g"), FilterPattern: s("")}), "", ""},
		{"a pattern is allowed", filter(in{LogGroupName: s("g"), FilterPattern: s(`{ $.level = "ERROR" && $.took > 1e3 }`)}), "", ""},
		{"a malformed pattern is refused, and where", filter(in{LogGroupName: s("g"), FilterPattern: s("größe: x")}), invalid, "Invalid filter pattern: character 3: invalid character(s) in term 'ö'"},
		{"a malformed JSON pattern is refused, and where", filter(in{LogGroupName: s("g"), FilterPattern: s(`{ $.level == "ERROR" }`)}), invalid, "Invalid filter pattern: character 12: expected a value"},
		{"a pattern has at most 1024 characters", filter(in{LogGroupName: s("g"), FilterPattern: s(strings.Repeat("x", 1025))}), invalid, "at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"backwards from 2024 on", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false), StartTime: aws.Int64(year2024)}), "", ""},
		{"not backwards before 2024", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false), StartTime: aws.Int64(year2024 - 1)}), invalid, "Jan 1, 2024"},
		{"not backwards without a start", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(false)}), invalid, "Jan 1, 2024"},
		{"forwards at any time", filter(in{LogGroupName: s("g"), StartFromHead: aws.Bool(true)}), "", ""},
		{"a token is not empty", filter(in{LogGroupName: s("g"), NextToken: s("")}), invalid, "at 'nextToken'"},
		{"a token is one that was given out", filter(in{LogGroupName: s("g"), NextToken: s("Bxkq6kVGFtq2y")}), invalid, "The specified nextToken is invalid."},
		{"groups of the class INFREQUENT_ACCESS are not read", filter(in{LogGroupName: s("ia")}), "InvalidOperationException", "The log group ia is of log-group-class INFREQUENT_ACCESS. FilterLogEvents is not supported for this log class."},
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
	manyNames := strings.Split(strings.Repeat("x,", 49)+"x", ",")
	checkRules(t, []rule{
		{"not both prefix and pattern", groups(g{LogGroupNamePrefix: s("a"), LogGroupNamePattern: s("b")}), invalid, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."},
		{"a group prefix is checked", groups(g{LogGroupNamePrefix: s("a*")}), invalid, groupPattern},
		{"a group prefix is not empty", groups(g{LogGroupNamePrefix: s("")}), invalid, "Member must have length greater than or equal to 1"},
		{"a group pattern may be empty", groups(g{LogGroupNamePattern: s("")}), "", ""},
		{"a group pattern is checked", groups(g{LogGroupNamePattern: s("a*")}), invalid, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]*`},
		{"a class is one of four", groups(g{LogGroupClass: "GOLD"}), invalid, "at 'logGroupClass'"},
		{"50 identifiers are allowed", groups(g{LogGroupIdentifiers: manyNames}), "", ""},
		{"at most 50 identifiers", groups(g{LogGroupIdentifiers: append(manyNames, "x")}), invalid, "at 'logGroupIdentifiers' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"identifiers are checked", groups(g{LogGroupIdentifiers: []string{"a*"}}), invalid, "at 'logGroupIdentifiers.1.member'"},
		{"identifiers are not ARNs of something else", groups(g{LogGroupIdentifiers: []string{"arn:aws:s3:::bucket"}}), invalid, "Invalid logGroupIdentifier"},
		{"identifiers exclude a prefix", groups(g{LogGroupIdentifiers: []string{"g"}, LogGroupNamePrefix: s("g")}), invalid, "includeLinkedAccounts"},
		{"identifiers exclude a pattern", groups(g{LogGroupIdentifiers: []string{"g"}, LogGroupNamePattern: s("g")}), invalid, "includeLinkedAccounts"},
		{"identifiers exclude a class", groups(g{LogGroupIdentifiers: []string{"g"}, LogGroupClass: "STANDARD"}), invalid, "includeLinkedAccounts"},
		{"an account has 12 digits", groups(g{AccountIdentifiers: []string{"12345678901"}}), invalid, "at 'accountIdentifiers.1.member'"},
		{"at most 20 accounts of groups", groups(g{AccountIdentifiers: strings.Split(strings.Repeat("000000000000,", 20)+"000000000000", ",")}), invalid, "Member must have length less than or equal to 20"},
		{"the limit of groups is at least 1", groups(g{Limit: aws.Int32(0)}), invalid, "at 'limit'"},
		{"a limit of 50 groups is allowed", groups(g{Limit: aws.Int32(50)}), "", ""},
		{"the limit of groups is at most 50", groups(g{Limit: aws.Int32(51)}), invalid, "Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50"},
		{"a token for groups is one that was given out", groups(g{NextToken: s("g")}), invalid, "The specified nextToken is invalid."},

		{"streams by name", streams(i{LogGroupName: s("g")}), "", ""},
		{"streams by identifier", streams(i{LogGroupIdentifier: s(arnPrefix + "g")}), "", ""},
		{"not both name and identifier", streams(i{LogGroupName: s("g"), LogGroupIdentifier: s("g")}), bad, "LogGroup name and LogGroup ARN are mutually exclusive parameters."},
		{"name or identifier is needed", streams(i{}), invalid, "Either logGroupName or logGroupIdentifier"},
		{"the group exists", streams(i{LogGroupName: s("other")}), notFound, "The specified log group does not exist."},
		{"a prefix with order by name", streams(i{LogGroupName: s("g"), LogStreamNamePrefix: s("x"), OrderBy: "LogStreamName"}), "", ""},
		{"no prefix with order by time", streams(i{LogGroupName: s("g"), LogStreamNamePrefix: s("x"), OrderBy: "LastEventTime"}), invalid, "Cannot order by LastEventTime with a logStreamNamePrefix."},
		{"the order is one of two", streams(i{LogGroupName: s("g"), OrderBy: "Size"}), invalid, "Value 'Size' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]"},
		{"a stream prefix is checked", streams(i{LogGroupName: s("g"), LogStreamNamePrefix: s("a:")}), invalid, "at 'logStreamNamePrefix'"},
		{"the limit of streams is at least 1", streams(i{LogGroupName: s("g"), Limit: aws.Int32(0)}), invalid, "at 'limit'"},
		{"a limit of 50 streams is allowed", streams(i{LogGroupName: s("g"), Limit: aws.Int32(50)}), "", ""},
		{"the limit of streams is at most 50", streams(i{LogGroupName: s("g"), Limit: aws.Int32(51)}), invalid, "at 'limit'"},
		{"a token for streams is one that was given out", streams(i{LogGroupName: s("g"), NextToken: s("s")}), invalid, "The specified nextToken is invalid."},
	})
}

func TestEntityRules(t *testing.T) {
	service := func(change func(e *types.Entity)) *types.Entity {
		e := &types.Entity{KeyAttributes: map[string]string{"Type": "Service", "Name": "web", "Environment": "test"}, Attributes: map[string]string{}}
		change(e)
		return e
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, r := range []struct {
		name   string
		entity *types.Entity
		want   types.EntityRejectionErrorType
	}{
		{"no entity", nil, ""},
		{"a service", service(func(e *types.Entity) {}), ""},
		{"an AWS resource", &types.Entity{KeyAttributes: map[string]string{"Type": "AWS::Resource", "ResourceType": "AWS::EC2::Instance", "Identifier": "i-1"}}, ""},
		{"a remote service", &types.Entity{KeyAttributes: map[string]string{"Type": "RemoteService", "Name": "db"}}, ""},
		{"an entity without anything", &types.Entity{}, "InvalidEntity"},
		{"an entity without key attributes", &types.Entity{Attributes: map[string]string{"Host": "h"}}, "MissingRequiredFields"},
		{"one key attribute", &types.Entity{KeyAttributes: map[string]string{"Type": "Service"}}, "InvalidKeyAttributes"},
		{"five key attributes", service(func(e *types.Entity) {
			e.KeyAttributes["ResourceType"], e.KeyAttributes["Identifier"] = "a", "b"
		}), "InvalidKeyAttributes"},
		{"a key attribute of another name", service(func(e *types.Entity) { e.KeyAttributes["Colour"] = "red" }), "InvalidKeyAttributes"},
		{"a key attribute of 512 characters", service(func(e *types.Entity) { e.KeyAttributes["Name"] = long(512) }), ""},
		{"a key attribute of 513 characters", service(func(e *types.Entity) { e.KeyAttributes["Name"] = long(513) }), "InvalidKeyAttributes"},
		{"an empty key attribute", service(func(e *types.Entity) { e.KeyAttributes["Name"] = "" }), "InvalidKeyAttributes"},
		{"no type", &types.Entity{KeyAttributes: map[string]string{"Name": "web", "Environment": "test"}}, "MissingRequiredFields"},
		{"another type", service(func(e *types.Entity) { e.KeyAttributes["Type"] = "Planet" }), "InvalidTypeValue"},
		{"a service without environment", service(func(e *types.Entity) { delete(e.KeyAttributes, "Environment") }), "MissingRequiredFields"},
		{"a resource without identifier", &types.Entity{KeyAttributes: map[string]string{"Type": "Resource", "ResourceType": "x"}}, "MissingRequiredFields"},
		{"ten attributes", service(func(e *types.Entity) { e.Attributes = manyTags(10) }), ""},
		{"eleven attributes", service(func(e *types.Entity) { e.Attributes = manyTags(11) }), "InvalidAttributes"},
		{"an attribute key of 256 characters", service(func(e *types.Entity) { e.Attributes[long(256)] = "v" }), ""},
		{"an attribute key of 257 characters", service(func(e *types.Entity) { e.Attributes[long(257)] = "v" }), "InvalidAttributes"},
		{"an attribute of 513 characters", service(func(e *types.Entity) { e.Attributes["Host"] = long(513) }), "InvalidAttributes"},
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
				t.Errorf("%d events were accepted, want 1 all the same", n)
			}
		})
	}
}

func TestRefusedBatchLeavesNothing(t *testing.T) {
	srv, c := ready(t)
	put(t, c, "before")
	now := time.Now()
	_, err := c.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: s("g"), LogStreamName: s("s"),
		LogEvents: []types.InputLogEvent{event(now, "good"), event(now, "")}})
	wantAPIError(t, err, invalid, "logEvents.2.member.message")
	if got := srv.Messages("g", "s"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestDirectCallsKeepTheRules(t *testing.T) {
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
