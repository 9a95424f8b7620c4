package conformance

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// wordingRules are about error texts, since programs look for some of them and people read all of
// them.
func wordingRules() []Rule {
	// says returns a rule that an error text contains parts.
	reported := func(source, text, code string, c call, parts ...string) Rule {
		return rule(source, text, func(p *probe) { p.refusedSaying(code, c(p), parts...) })
	}
	says := func(text, code string, c call, parts ...string) Rule {
		return reported(recorded, text, code, c, parts...)
	}
	missingGroup := func(p *probe) error {
		_, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: aws.String(p.newName("")), LogStreamName: aws.String("s"), LogEvents: events("x")})
		return err
	}
	missingStream := func(p *probe) error {
		_, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: aws.String(p.group()), LogStreamName: aws.String("s"), LogEvents: events("x")})
		return err
	}
	filter := func(pattern string) call {
		return func(p *probe) error {
			_, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: aws.String(p.group()), FilterPattern: &pattern})
			return err
		}
	}
	return area("Wordings of errors",
		says("a log group is missing: The specified log group does not exist.", notFound, missingGroup, "The specified log group does not exist."),
		says("a log stream is missing: The specified log stream does not exist.", notFound, missingStream, "The specified log stream does not exist."),
		says("a log group exists: The specified log group already exists", exists, func(p *probe) error { return groupNamed(p.group())(p) }, "The specified log group already exists"),
		says("a log stream exists: The specified log stream already exists", exists, func(p *probe) error {
			group := p.groupWith("s")
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")})
			return err
		}, "The specified log stream already exists"),
		says("out of order: Log events in a single PutLogEvents request must be in chronological order.", invalid, putting(spread(0, -time.Second)),
			"Log events in a single PutLogEvents request must be in chronological order."),
		says("too wide: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.", invalid, putting(spread(-25*time.Hour, 0)),
			"The batch of log events in a single PutLogEvents request cannot span more than 24 hours."),
		says("an event is too large: Log event too large: 1048577 bytes exceeds limit of 1048576", invalid, oneEvent(strings.Repeat("x", maxBatchBytes-eventOverhead+1)),
			"Log event too large: 1048577 bytes exceeds limit of 1048576"),
		reported("vectordotdev/vector#2394", "a batch is too large: Upload too large: 1048577 bytes exceeds limit of 1048576", invalid, putting(func() []types.InputLogEvent { return full(1) }),
			"Upload too large: 1048577 bytes exceeds limit of 1048576"),
		says("a member is invalid: the text counts the errors, names the member and the constraint", invalid, func(p *probe) error {
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String(p.group()), LogStreamName: aws.String("")})
			return err
		}, "1 validation error detected: Value '' at 'logStreamName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
		reported("fluent-plugins-nursery/fluent-plugin-cloudwatch-logs#140", "a message is empty: the text has the number of the event", invalid, putting(func() []types.InputLogEvent { return events("one", "", "three") }),
			"'logEvents.2.member.message'", "Member must have length greater than or equal to 1"),
		says("several members are invalid: the text names all of them", invalid, func(p *probe) error {
			_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String("a b"), LogStreamName: aws.String("c*")})
			return err
		}, "2 validation errors detected", "'logGroupName'", "'logStreamName'"),
		says("a pattern has an invalid term: the text names it", invalid, filter("ERR*"), "*"),
		says("a pattern has three regular expressions: the text says that 2 are allowed", invalid, filter("{ $.v = %a% || $.v = %b% || $.v = %c% }"), "2", "regular expressions"),
		says("a pattern has four wildcard selectors: the text says that 3 are allowed", invalid, filter("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.* = 1 }"), "3", "wildcard"),
		says("two fields of a pattern have the same name: the text names it", invalid, filter("[word, word]"), "word"),
	)
}
