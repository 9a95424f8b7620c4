package conformance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Source of these limits: API reference, PutLogEvents.
const (
	maxBatchBytes = 1_048_576
	eventOverhead = 26
)

// putting puts events into a new stream.
func putting(batch func() []types.InputLogEvent) call {
	return func(p *probe) error {
		group, stream := p.groupWith("s"), "s"
		out, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: batch()})
		if err == nil && out.RejectedLogEventsInfo != nil {
			p.errorf("events were rejected: %s", plain(*out.RejectedLogEventsInfo))
		}
		return err
	}
}

// oneEvent puts one event with a message.
func oneEvent(message string) call {
	return putting(func() []types.InputLogEvent { return events(message) })
}

// full returns a batch of 1,024 events, each of 1,024 counted bytes, and more bytes in the last.
func full(more int) []types.InputLogEvent {
	messages := slices.Repeat([]string{strings.Repeat("x", 1024-eventOverhead)}, 1024)
	messages[1023] += strings.Repeat("x", more)
	return events(messages...)
}

// spread returns a batch with one event for each offset from now.
func spread(offsets ...time.Duration) func() []types.InputLogEvent {
	return func() []types.InputLogEvent {
		now := time.Now()
		var batch []types.InputLogEvent
		for _, d := range offsets {
			batch = append(batch, event(now.Add(d), d.String()))
		}
		return batch
	}
}

func putRules() []Rule {
	const (
		source = "PutLogEvents"
		ms     = time.Millisecond
		day    = 24 * time.Hour
	)
	to := func(group, stream string, p *probe) error {
		_, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events("x")})
		return err
	}
	return area("Batches of events",
		rule(source, "a batch must not be empty", refuses(invalid, putting(func() []types.InputLogEvent { return []types.InputLogEvent{} }))),
		rule(source, "a batch may have 10,000 events", accepts(putting(func() []types.InputLogEvent { return events(slices.Repeat([]string{"x"}, 10_000)...) }))),
		rule(source, "a batch has at most 10,000 events", refuses(invalid, putting(func() []types.InputLogEvent { return events(slices.Repeat([]string{"x"}, 10_001)...) }))),
		rule(source, "a batch may have 1,048,576 bytes: the messages, and 26 per event", accepts(putting(func() []types.InputLogEvent { return full(0) }))),
		rule(source, "a batch has at most 1,048,576 bytes", refuses(invalid, putting(func() []types.InputLogEvent { return full(1) }))),
		rule(quotas, "an event may have 1,048,576 bytes: its message, and 26", accepts(oneEvent(strings.Repeat("x", maxBatchBytes-eventOverhead)))),
		rule(quotas, "an event has at most 1,048,576 bytes", refuses(invalid, oneEvent(strings.Repeat("x", maxBatchBytes-eventOverhead+1)))),
		rule(source, "sizes are in bytes of UTF-8, not characters", func(p *probe) {
			half := (maxBatchBytes - eventOverhead) / 2
			p.must(oneEvent(strings.Repeat("é", half))(p))
			p.refused(invalid, oneEvent(strings.Repeat("é", half+1))(p))
		}),
		rule(source, "sizes are those of the message, not of its JSON encoding", accepts(oneEvent(strings.Repeat("\n", maxBatchBytes-eventOverhead)))),
		rule(source, "a message has at least 1 character", refuses(invalid, oneEvent(""))),
		rule(source, "one empty message fails the whole batch", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			_, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events("one", "", "three")})
			p.refused(invalid, err)
			p.wantStored(group, stream)
		}),
		rule(source, "a message may be white space", accepts(oneEvent(" "))),
		rule(source, "the events must be in chronological order", refuses(invalid, putting(spread(0, -ms)))),
		rule(source, "events with the same timestamp are in order", accepts(putting(spread(0, 0)))),
		rule(source, "a timestamp must not be negative", refuses(invalid, putting(func() []types.InputLogEvent { return []types.InputLogEvent{event(time.UnixMilli(-1), "x")} }))),
		rule(source, "a batch may span 24 hours", accepts(putting(spread(-day, 0)))),
		rule(source, "a batch spans at most 24 hours", refuses(invalid, putting(spread(-day-ms, 0)))),
		rule(source, "only events of the last 14 days and the next 2 hours count for the span", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			out := p.put(group, stream, spread(-20*day, -23*time.Hour, 0, 10*time.Hour)()...)
			if r := out.RejectedLogEventsInfo; r == nil || aws.ToInt32(r.TooOldLogEventEndIndex) != 1 || aws.ToInt32(r.TooNewLogEventStartIndex) != 3 {
				p.errorf("got %s", plain(r))
			}
		}),
		rule(source, "the log group must exist", refuses(notFound, func(p *probe) error { return to(p.newName(""), "s", p) })),
		rule(source, "the log stream must exist", refuses(notFound, func(p *probe) error { return to(p.group(), "s", p) })),
		rule(source, "the names are checked", func(p *probe) {
			p.refused(invalid, to("a b", "s", p))
			p.refused(invalid, to(p.group(), "a:b", p))
		}),
		rule(source, "names and events are required", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			for _, in := range []logs.PutLogEventsInput{
				{LogStreamName: &stream, LogEvents: events("x")},
				{LogGroupName: &group, LogEvents: events("x")},
				{LogGroupName: &group, LogStreamName: &stream},
			} {
				_, err := p.PutLogEvents(p.ctx, &in)
				p.refused(invalid, err)
			}
		}),
		rule(source, "timestamp and message are required", func(p *probe) {
			p.refused(invalid, putting(func() []types.InputLogEvent { return []types.InputLogEvent{{Message: aws.String("x")}} })(p))
			p.refused(invalid, putting(func() []types.InputLogEvent {
				return []types.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli())}}
			})(p))
		}),
		rule(source, "a sequence token is ignored", accepts(func(p *probe) error {
			group, stream := p.groupWith("s"), "s"
			for range 2 {
				_, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events("x"), SequenceToken: aws.String("long ago")})
				p.must(err)
			}
			return nil
		})),
		rule(source, "a batch that is sent twice is stored twice", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			batch := events("one", "two")
			p.put(group, stream, batch...)
			p.put(group, stream, batch...)
			p.wantStored(group, stream, "one", "one", "two", "two")
		}),
		rule(source, "a response has a next sequence token, for clients that expect one", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			if token := aws.ToString(p.put(group, stream, events("x")...).NextSequenceToken); token == "" {
				p.errorf("it has none")
			}
		}),
		rule(source, "batches may be put into one stream concurrently", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			failed := make(chan error, 8)
			for range cap(failed) {
				go func() { failed <- to(group, stream, p) }()
			}
			for range cap(failed) {
				if err := <-failed; err != nil {
					p.errorf("%w", err)
				}
			}
			p.wantStored(group, stream, slices.Repeat([]string{"x"}, cap(failed))...)
		}),
	)
}

func rejectionRules() []Rule {
	const (
		source = "RejectedLogEventsInfo"
		day    = 24 * time.Hour
	)
	// rejected puts a batch and checks the reported indexes and the stored events. Offsets near a
	// limit leave a minute, since clocks differ.
	type indexes struct{ tooOld, expired, tooNew *int32 }
	rejected := func(days int32, want indexes, stored []time.Duration, offsets ...time.Duration) func(*probe) {
		return func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			if days > 0 {
				p.must(retain(p, group, days))
			}
			out := p.put(group, stream, spread(offsets...)()...)
			var got indexes
			if r := out.RejectedLogEventsInfo; r != nil {
				got = indexes{r.TooOldLogEventEndIndex, r.ExpiredLogEventEndIndex, r.TooNewLogEventStartIndex}
			} else if want != got {
				p.fatalf("rejected events are not reported")
			}
			for _, i := range []struct {
				name      string
				got, want *int32
			}{
				{"tooOldLogEventEndIndex", got.tooOld, want.tooOld},
				{"expiredLogEventEndIndex", got.expired, want.expired},
				{"tooNewLogEventStartIndex", got.tooNew, want.tooNew},
			} {
				if (i.got == nil) != (i.want == nil) || aws.ToInt32(i.got) != aws.ToInt32(i.want) {
					p.errorf("%s is %s, want %s", i.name, number(i.got), number(i.want))
				}
			}
			var kept []string
			for _, d := range stored {
				kept = append(kept, d.String())
			}
			// With a start time, since the service may return fewer events otherwise.
			p.want("the stream", kept, func() []string {
				out, err := p.GetLogEvents(p.ctx, &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true),
					StartTime: aws.Int64(time.Now().Add(-30 * day).UnixMilli()), EndTime: aws.Int64(time.Now().Add(day).UnixMilli())})
				p.must(err)
				return texts(out.Events)
			})
		}
	}
	at := aws.Int32
	return area("Rejected events",
		rule("PutLogEvents", "an event may be up to 2 hours in the future", rejected(0, indexes{},
			[]time.Duration{119 * time.Minute}, 119*time.Minute)),
		rule("PutLogEvents", "an event may be 14 days old", rejected(0, indexes{},
			[]time.Duration{-14*day + time.Minute}, -14*day+time.Minute)),
		rule(source, "an event older than 14 days is rejected, the rest is stored", rejected(0, indexes{tooOld: at(1)},
			[]time.Duration{-time.Hour, 0}, -14*day-time.Minute, -time.Hour, 0)),
		rule(source, "tooOldLogEventEndIndex is the index after the last event that is too old", rejected(0, indexes{tooOld: at(3)},
			[]time.Duration{0}, -17*day, -16*day, -15*day, 0)),
		rule(source, "an event more than 2 hours in the future is rejected, the rest is stored", rejected(0, indexes{tooNew: at(2)},
			[]time.Duration{-time.Hour, 0}, -time.Hour, 0, 121*time.Minute)),
		rule(source, "tooNewLogEventStartIndex is the index of the first event that is too new", rejected(0, indexes{tooNew: at(1)},
			[]time.Duration{0}, 0, 3*time.Hour, 4*time.Hour, 5*time.Hour)),
		rule(source, "an event older than the retention is rejected, the rest is stored", rejected(1, indexes{expired: at(1)},
			[]time.Duration{-2 * time.Hour, -time.Hour}, -day-time.Minute, -2*time.Hour, -time.Hour)),
		rule(source, "an event within the retention is stored", rejected(3, indexes{},
			[]time.Duration{-3*day + time.Minute}, -3*day+time.Minute)),
		rule(recorded, "expiredLogEventEndIndex is the index after the last expired event, counted from the start of the batch", rejected(1, indexes{tooOld: at(2), expired: at(4), tooNew: at(5)},
			[]time.Duration{-3 * time.Hour}, -16*day, -15*day, -26*time.Hour, -25*time.Hour, -3*time.Hour, 3*time.Hour)),
		rule(recorded, "expired events do not count for the span of 24 hours", rejected(1, indexes{expired: at(2)},
			[]time.Duration{-2 * time.Hour, -time.Hour}, -48*time.Hour, -36*time.Hour, -2*time.Hour, -time.Hour)),
		rule(source, "a batch with only events that are too new returns 200, and index 0", rejected(0, indexes{tooNew: at(0)},
			nil, 3*time.Hour, 4*time.Hour)),
		rule(source, "a batch with only events that are too old returns 200", rejected(0, indexes{tooOld: at(2)},
			nil, -16*day, -15*day)),
		rule("PutLogEvents", "rejectedLogEventsInfo is absent if no event was rejected", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			if out := p.put(group, stream, events("x")...); out.RejectedLogEventsInfo != nil || out.RejectedEntityInfo != nil {
				p.errorf("got %s and %s", plain(out.RejectedLogEventsInfo), plain(out.RejectedEntityInfo))
			}
		}),
	)
}

func number(i *int32) string {
	if i == nil {
		return "none"
	}
	return strconv.Itoa(int(*i))
}

func entityRules() []Rule {
	long := func(n int) string { return strings.Repeat("x", n) }
	service := func(change func(*types.Entity)) types.Entity {
		e := types.Entity{KeyAttributes: map[string]string{"Type": "Service", "Name": "web", "Environment": "test"}}
		change(&e)
		return e
	}
	// reports checks the error reported for an entity. The events are stored nevertheless.
	reports := func(want types.EntityRejectionErrorType, entities ...types.Entity) func(*probe) {
		return func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			for _, e := range entities {
				out, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events("x"), Entity: &e})
				p.must(err)
				var got types.EntityRejectionErrorType
				if out.RejectedEntityInfo != nil {
					got = out.RejectedEntityInfo.ErrorType
				}
				if got != want {
					p.errorf("%.100v: got %q, want %q", e.KeyAttributes, got, want)
				}
			}
			p.wantStored(group, stream, slices.Repeat([]string{"x"}, len(entities))...)
		}
	}
	with := func(attributes map[string]string) types.Entity {
		return service(func(e *types.Entity) { e.Attributes = attributes })
	}
	return area("Entities",
		rule(relatedInfo, "a service has a name and an environment", reports("", service(func(*types.Entity) {}))),
		rule(relatedInfo, "a resource has a type and an identifier", reports("",
			types.Entity{KeyAttributes: map[string]string{"Type": "AWS::Resource", "ResourceType": "AWS::EC2::Instance", "Identifier": "i-1"}},
			types.Entity{KeyAttributes: map[string]string{"Type": "Resource", "ResourceType": "host", "Identifier": "h"}})),
		rule(relatedInfo, "a remote service and a service of AWS have a name", reports("",
			types.Entity{KeyAttributes: map[string]string{"Type": "RemoteService", "Name": "db"}},
			types.Entity{KeyAttributes: map[string]string{"Type": "AWS::Service", "Name": "AWS.SDK.S3"}})),
		rule("Entity", "an entity has 2 to 4 key attributes", reports("InvalidKeyAttributes",
			types.Entity{KeyAttributes: map[string]string{"Type": "RemoteService"}},
			service(func(e *types.Entity) { e.KeyAttributes["ResourceType"], e.KeyAttributes["Identifier"] = "a", "b" }))),
		rule(relatedInfo, "key attributes must have known names", reports("InvalidKeyAttributes", service(func(e *types.Entity) { e.KeyAttributes["Colour"] = "red" }))),
		rule("Entity", "a key attribute has 1 to 512 characters", func(p *probe) {
			reports("", service(func(e *types.Entity) { e.KeyAttributes["Name"] = long(512) }))(p)
			reports("InvalidKeyAttributes",
				service(func(e *types.Entity) { e.KeyAttributes["Name"] = long(513) }),
				service(func(e *types.Entity) { e.KeyAttributes["Name"] = "" }))(p)
		}),
		rule(relatedInfo, "the type must be a known one", reports("InvalidTypeValue", service(func(e *types.Entity) { e.KeyAttributes["Type"] = "Planet" }))),
		rule(relatedInfo, "the attributes of a type are required", reports("MissingRequiredFields",
			types.Entity{KeyAttributes: map[string]string{"Type": "Service", "Name": "web"}},
			types.Entity{KeyAttributes: map[string]string{"Type": "Resource", "ResourceType": "host"}})),
		rule("Entity", "an entity has at most 10 attributes", func(p *probe) {
			reports("", with(manyTags(10)))(p)
			reports("InvalidAttributes", with(manyTags(11)))(p)
		}),
		rule("Entity", "an attribute name has at most 256 characters, its value 512", func(p *probe) {
			reports("", with(map[string]string{long(256): long(512)}))(p)
			reports("InvalidAttributes", with(map[string]string{long(257): "v"}), with(map[string]string{"k": long(513)}))(p)
		}),
	)
}
