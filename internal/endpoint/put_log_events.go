package endpoint

import (
	"encoding/json"
	"fmt"
	"sort"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// PutLogEvents: all documented rules for size, count, order, span and age of events, and for the
// entity. The sequence token is ignored, and the response has one for clients that expect it.
//
// Where the documents leave room:
//   - The size of an event is message + 26 bytes for its own limit, too.
//   - tooOldLogEventEndIndex and expiredLogEventEndIndex are both exclusive and independent of each
//     other; an event older than 14 days in a group with retention counts for both.
//   - The span of 24 hours is that of the accepted events. The documents say "within 14 days and 2
//     hours", but recorded responses of the service also exclude events beyond the retention.
//   - An invalid entity is reported in rejectedEntityInfo and the events are accepted.
//     EntitySizeTooLarge and UnsupportedLogGroupType are never returned: their conditions are not
//     documented.
//
// Not emulated: duplicates are not detected (the service does not either), the entity is checked
// and discarded, embedded metrics are not extracted.
type putLogEvents struct {
	LogGroupName  *string
	LogStreamName *string
	LogEvents     []inputEvent
	Entity        *entity
}

// inputEvent has no pointers: a batch holds up to 10,000 of them. A missing member reads as zero;
// validate decodes again where that matters.
type inputEvent = logstore.NewEvent

// Source: API reference, PutLogEvents; *CloudWatch Logs quotas*.
const (
	maxBatchEvents = 10_000
	maxBatchBytes  = 1_048_576
	maxEventBytes  = 1_048_576
	eventOverhead  = logstore.Overhead
)

type putLogEventsOutput struct {
	NextSequenceToken     string              `json:"nextSequenceToken"`
	RejectedLogEventsInfo *rejectedEvents     `json:"rejectedLogEventsInfo,omitempty"`
	RejectedEntityInfo    *rejectedEntityInfo `json:"rejectedEntityInfo,omitempty"`
}

type rejectedEvents struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
	ExpiredLogEventEndIndex  *int `json:"expiredLogEventEndIndex,omitempty"`
}

type rejectedEntityInfo struct {
	ErrorType string `json:"errorType"`
}

func (op *putLogEvents) describe(r *Request) {
	r.LogGroup, r.LogStream = value(op.LogGroupName), value(op.LogStreamName)
	r.Events, r.Bytes = len(op.LogEvents), batchBytes(op.LogEvents)
	if len(op.LogEvents) == 0 {
		return
	}
	oldest, newest := op.LogEvents[0].Timestamp, op.LogEvents[0].Timestamp
	for _, e := range op.LogEvents {
		oldest, newest = min(oldest, e.Timestamp), max(newest, e.Timestamp)
	}
	r.OldestEvent, r.NewestEvent = time.UnixMilli(oldest).UTC(), time.UnixMilli(newest).UTC()
}

func (op *putLogEvents) handle(c *call) (any, *APIError) {
	if err := op.validate(c.body); err != nil {
		return nil, err
	}
	ages, last, err := op.accept(c)
	if err != nil {
		return nil, err
	}
	c.rejected = len(op.LogEvents) - (ages.last - ages.first)
	if c.rejection == nil {
		c.tooNew = len(op.LogEvents) - ages.last
		c.tooOld = min(ages.tooOld, ages.first)
		c.expired = ages.first - c.tooOld
	}
	out := putLogEventsOutput{
		NextSequenceToken:     sequenceToken(last),
		RejectedLogEventsInfo: ages.rejected(len(op.LogEvents)),
	}
	if c.rejection != nil {
		out.RejectedLogEventsInfo = c.rejection.output()
	}
	if errorType := op.Entity.reject(); errorType != "" {
		out.RejectedEntityInfo = &rejectedEntityInfo{errorType}
	}
	return out, nil
}

// accept stores the events whose age allows it, or those that a fault accepts instead. It returns
// the number of the last event in the stream.
func (op *putLogEvents) accept(c *call) (ages, int64, *APIError) {
	group, stream := *op.LogGroupName, *op.LogStreamName
	g, err := c.group(group)
	if err != nil {
		return ages{}, 0, err
	}
	s, failed := c.store.Stream(group, stream)
	if failed != nil {
		return ages{}, 0, storeError(failed)
	}
	a := classify(op.LogEvents, c.now, RetentionDays(g))
	if a.tooWide {
		return ages{}, 0, batchTooWide()
	}
	if c.rejection != nil {
		a.first, a.last = c.rejection.accepted(len(op.LogEvents))
	}
	accepted := op.LogEvents[a.first:a.last]
	if len(accepted) == 0 {
		return a, s.LastNumber, nil
	}
	last, failed := c.store.Append(group, stream, c.now, accepted)
	if failed != nil {
		return ages{}, 0, storeError(failed)
	}
	c.arrivals.publish(Arrival{group, stream, c.now, last - int64(len(accepted)) + 1, accepted})
	return a, last, nil
}

// validate checks everything that does not depend on the time or the state.
func (op *putLogEvents) validate(body []byte) *APIError {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	v.present("logEvents", op.LogEvents != nil)
	if op.LogEvents != nil {
		shown := "[]"
		if len(op.LogEvents) > 0 {
			shown = fmt.Sprintf("[%d events]", len(op.LogEvents))
		}
		v.count("logEvents", shown, len(op.LogEvents), 1, maxBatchEvents)
	}
	if hasZero(op.LogEvents) {
		validateEvents(&v, body)
	}
	if err := v.err(); err != nil {
		return err
	}
	for i := range op.LogEvents {
		if n := len(op.LogEvents[i].Message) + eventOverhead; n > maxEventBytes {
			return invalidParameter("Log event too large: %d bytes exceeds limit of %d", n, maxEventBytes)
		}
	}
	if n := batchBytes(op.LogEvents); n > maxBatchBytes {
		return invalidParameter("Upload too large: %d bytes exceeds limit of %d", n, maxBatchBytes)
	}
	for i := 1; i < len(op.LogEvents); i++ {
		if op.LogEvents[i].Timestamp < op.LogEvents[i-1].Timestamp {
			return invalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	return nil
}

// hasZero reports whether an event may lack a member or have an invalid one.
func hasZero(events []inputEvent) bool {
	for i := range events {
		if events[i].Timestamp <= 0 || events[i].Message == "" {
			return true
		}
	}
	return false
}

// validateEvents decodes the events again, to distinguish a missing member from a zero one.
func validateEvents(v *violations, body []byte) {
	var again struct {
		LogEvents []struct {
			Timestamp *int64
			Message   *string
		}
	}
	if json.Unmarshal(body, &again) != nil {
		return // not reached: it was decoded before
	}
	for i, e := range again.LogEvents {
		path := fmt.Sprintf("logEvents.%d.member", i+1)
		v.present(path+".timestamp", e.Timestamp != nil)
		if e.Timestamp != nil && *e.Timestamp < 0 {
			v.number(path+".timestamp", e.Timestamp, 0, maxTime)
		}
		v.present(path+".message", e.Message != nil)
		if e.Message != nil && *e.Message == "" {
			v.add("''", path+".message", "Member must have length greater than or equal to 1")
		}
	}
}

// batchBytes returns the size of a batch by the service's rule.
func batchBytes(events []inputEvent) int {
	n := len(events) * eventOverhead
	for i := range events {
		n += len(events[i].Message)
	}
	return n
}

// rejected returns the indexes of rejected events for the response; nil if there are none.
func (a ages) rejected(events int) *rejectedEvents {
	var r rejectedEvents
	if a.tooOld > 0 {
		r.TooOldLogEventEndIndex = &a.tooOld
	}
	if a.expired > 0 {
		r.ExpiredLogEventEndIndex = &a.expired
	}
	if a.tooNew < events {
		r.TooNewLogEventStartIndex = &a.tooNew
	}
	if r == (rejectedEvents{}) {
		return nil
	}
	return &r
}

// sequenceToken returns a token in the form of the service's: 56 digits.
func sequenceToken(seq int64) string { return fmt.Sprintf("4%055d", seq) }

// entity describes what the events of a batch belong to. Source of the limits: the service's model;
// of the types: the user guide, "How to add related information to custom telemetry sent to
// CloudWatch".
type entity struct {
	KeyAttributes map[string]string
	Attributes    map[string]string
}

// reject returns the errorType of an invalid entity, or "".
func (e *entity) reject() string {
	if e == nil {
		return ""
	}
	if len(e.KeyAttributes) == 0 && len(e.Attributes) == 0 {
		return "InvalidEntity"
	}
	if len(e.KeyAttributes) == 0 {
		return "MissingRequiredFields"
	}
	if len(e.KeyAttributes) < 2 || len(e.KeyAttributes) > 4 || !lengthsWithin(e.KeyAttributes, 32, 512) {
		return "InvalidKeyAttributes"
	}
	for k := range e.KeyAttributes {
		switch k {
		case "Type", "ResourceType", "Identifier", "Name", "Environment":
		default:
			return "InvalidKeyAttributes"
		}
	}
	if len(e.Attributes) > 10 || !lengthsWithin(e.Attributes, 256, 512) {
		return "InvalidAttributes"
	}
	var needed []string
	switch e.KeyAttributes["Type"] {
	case "":
		return "MissingRequiredFields"
	case "Service":
		needed = []string{"Name", "Environment"}
	case "Resource", "AWS::Resource":
		needed = []string{"ResourceType", "Identifier"}
	case "RemoteService", "AWS::Service":
		needed = []string{"Name"}
	default:
		return "InvalidTypeValue"
	}
	for _, k := range needed {
		if e.KeyAttributes[k] == "" {
			return "MissingRequiredFields"
		}
	}
	return ""
}

func lengthsWithin(m map[string]string, key, val int) bool {
	for k, v := range m {
		if k == "" || utf8.RuneCountInString(k) > key || v == "" || utf8.RuneCountInString(v) > val {
			return false
		}
	}
	return true
}

// Source of these limits: API reference, PutLogEvents.
const (
	hour = int64(60 * 60 * 1000) // milliseconds
	day  = 24 * hour

	maxAge   = 14 * day // older events are rejected
	maxAhead = 2 * hour // events further in the future are rejected
	maxSpan  = day      // between the first and the last accepted event of a batch
)

// ages says which events of a batch are rejected for their timestamps. The batch is in time order,
// so the events of each kind are at one end.
type ages struct {
	tooOld  int // events [0, tooOld) are older than 14 days
	expired int // events [0, expired) are older than the group's retention
	tooNew  int // events [tooNew, length) are more than 2 hours in the future
	first   int // events [first, last) are accepted
	last    int
	tooWide bool // the accepted events span more than 24 hours
}

// classify returns the ages of a batch in time order. retention is in days, 0 = unlimited.
func classify(batch []inputEvent, now int64, retention int) ages {
	before := func(t int64) int {
		return sort.Search(len(batch), func(i int) bool { return batch[i].Timestamp >= t })
	}
	a := ages{
		tooOld:  before(now - maxAge),
		expired: before(retentionCutoff(retention, now)),
		tooNew:  before(now + maxAhead + 1),
	}
	a.first = min(max(a.tooOld, a.expired), a.tooNew)
	a.last = a.tooNew
	if a.first < a.last {
		a.tooWide = batch[a.last-1].Timestamp-batch[a.first].Timestamp > maxSpan
	}
	return a
}

// retentionCutoff returns the time of the oldest event within the retention.
func retentionCutoff(days int, now int64) int64 {
	if days == 0 {
		return 0
	}
	return max(0, now-int64(days)*day)
}

func batchTooWide() *APIError {
	return invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
}
