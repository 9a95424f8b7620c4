package endpoint

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// GetLogEvents: a page of one stream, in ascending order within the page. Both tokens are always
// present; the token for the direction of the request repeats when there are no further events.
// Tokens are bound to their stream and expire after 24 hours.
//
// Where the documents leave room: a forward token without startFromHead is refused, since the
// documents say that it must be true; log groups of class INFREQUENT_ACCESS are refused, those of
// ESSENTIALS and DELIVERY are not, since no document says so.
//
// Not emulated: pages that are empty or partly filled for no visible reason; unmask, which is
// accepted and has no effect.
type getLogEvents struct {
	groupRef
	LogStreamName *string
	StartTime     *int64
	EndTime       *int64
	NextToken     *string
	Limit         *int64
	StartFromHead bool
}

const (
	maxPageEvents = 10_000
	maxTime       = math.MaxInt64
)

type getLogEventsOutput struct {
	Events            []outputEvent `json:"events"`
	NextForwardToken  string        `json:"nextForwardToken"`
	NextBackwardToken string        `json:"nextBackwardToken"`
}

type outputEvent struct {
	IngestionTime int64  `json:"ingestionTime"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

func (op *getLogEvents) describe(r *Request) {
	r.LogGroup, r.LogStream = op.name(), value(op.LogStreamName)
}

func (op *getLogEvents) handle(c *call) (any, *APIError) {
	var v violations
	op.validate(&v)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	v.number("startTime", op.StartTime, 0, maxTime)
	v.number("endTime", op.EndTime, 0, maxTime)
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxPageEvents)
	if err := v.err(); err != nil {
		return nil, err
	}
	group, err := op.resolve()
	if err != nil {
		return nil, err
	}
	stream := *op.LogStreamName
	tokenOwner := group + ":" + stream

	p := pager{limit: maxPageEvents, Range: logstore.Range{
		Group:    group,
		Streams:  []string{stream},
		From:     logstore.Position{Time: value(op.StartTime)},
		To:       logstore.End(),
		Backward: !op.StartFromHead,
	}}
	if op.EndTime != nil {
		p.To = logstore.Position{Time: *op.EndTime} // exclusive
	}
	if op.Limit != nil {
		p.limit = int(*op.Limit)
	}
	var at logstore.Position // position of the token
	if op.NextToken != nil {
		direction, place, err := parseStreamToken(*op.NextToken, tokenOwner, c.now)
		if err != nil {
			return nil, err
		}
		at = place
		if direction == 'f' {
			if !op.StartFromHead {
				return nil, invalidParameter("startFromHead must be true when nextToken is a forward token.")
			}
			p.From = p.From.Max(at)
		} else {
			p.To = p.To.Min(at)
		}
		p.Backward = direction == 'b'
	}

	g, err := c.group(group)
	if err != nil {
		return nil, err
	}
	if err := readable(g, "GetLogEvents"); err != nil {
		return nil, err
	}
	p.From = p.From.Max(logstore.Position{Time: cutoff(g, c.now)})
	found, err := p.collect(c)
	if err != nil {
		return nil, err
	}
	if p.Backward {
		slices.Reverse(found.events)
	}
	out := getLogEventsOutput{Events: make([]outputEvent, len(found.events))}
	for i, e := range found.events {
		out.Events[i] = outputEvent{e.Ingestion, e.Message, e.Time}
	}

	// A token points between two events: the backward token before the first event of the page, the
	// forward token after the last.
	before, after := p.From, p.From
	if op.NextToken != nil {
		before, after = at, at
	}
	if n := len(found.events); n > 0 {
		before, after = found.events[0].Position, found.events[n-1].Position
		after.Number++
	}
	out.NextForwardToken = streamToken('f', tokenOwner, after, c.now)
	out.NextBackwardToken = streamToken('b', tokenOwner, before, c.now)
	if op.NextToken != nil && len(found.events) == 0 {
		if p.Backward {
			out.NextBackwardToken = *op.NextToken
		} else {
			out.NextForwardToken = *op.NextToken
		}
	}
	return out, nil
}

// readable returns an error if events of the group's class cannot be read.
func readable(g logstore.Group, operation string) *APIError {
	if g.Class != classInfrequentAccess {
		return nil
	}
	return newError(400, "InvalidOperationException", "The log group "+g.Name+" is of log-group-class "+g.Class+
		". "+operation+" is not supported for this log class.")
}

// GetLogRecord: the fields of an event. The pointer is an eventId of FilterLogEvents, since
// queries, whose @ptr the service takes, are not emulated.
//
// @timestamp and @ingestionTime are in milliseconds, as in one of the two examples in the
// documents. For the fields of JSON events see discover. The fields of other formats that the
// service discovers, and @entity, are not emulated.
type getLogRecord struct {
	LogRecordPointer *string
}

type getLogRecordOutput struct {
	LogRecord map[string]string `json:"logRecord"`
}

func (op *getLogRecord) describe(*Request) {} // the pointer does not contain the group

func (op *getLogRecord) handle(c *call) (any, *APIError) {
	var v violations
	v.present("logRecordPointer", op.LogRecordPointer != nil)
	if err := v.err(); err != nil {
		return nil, err
	}
	at, ok := logstore.ParseID(*op.LogRecordPointer)
	if !ok {
		return nil, invalidParameter("The specified logRecordPointer is invalid.")
	}
	var record map[string]string
	var failed error
	err := c.eachGroup("", "", func(g logstore.Group) bool {
		if at.Time < cutoff(g, c.now) {
			return true
		}
		next := logstore.Position{Time: at.Time, Number: at.Number + 1}
		failed = c.store.Scan(c.ctx, logstore.Range{Group: g.Name, From: at, To: next}, func(e *logstore.Event) bool {
			record = discover(e.Message)
			record["@message"] = e.Message
			record["@timestamp"] = strconv.FormatInt(e.Time, 10)
			record["@ingestionTime"] = strconv.FormatInt(e.Ingestion, 10)
			record["@logStream"] = e.Stream
			record["@log"] = account + ":" + g.Name
			return false
		})
		if isNotFound(failed) { // deleted concurrently
			failed = nil
		}
		return failed == nil && record == nil
	})
	if err == nil {
		err = storeError(failed)
	}
	if err == nil && record == nil {
		err = newError(400, "ResourceNotFoundException", "The specified log record does not exist.")
	}
	return getLogRecordOutput{record}, err
}

// maxDiscovered is the maximum number of fields discovered in an event. Source: user guide,
// "Supported logs and discovered fields".
const maxDiscovered = 200

// discover returns the fields of a message that is a JSON object. Fields of nested objects are
// named with dots, elements of arrays by their index from 0, such as "items.0.id". A name that
// begins with @ gets a second @. If a name occurs more than once, the last value wins.
//
// Where the documents leave room: numbers keep their spelling, true and false are those words, null
// and empty objects and arrays are not fields.
func discover(message string) map[string]string {
	fields := make(map[string]string)
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	if json.Valid([]byte(message)) && strings.HasPrefix(strings.TrimLeft(message, " \t\r\n"), "{") {
		discoverValue(d, "", true, fields)
	}
	return fields
}

// discoverValue reads a value and adds it, or the fields in it, to fields. top means that the value
// is the whole message, which has no name.
func discoverValue(d *json.Decoder, name string, top bool, fields map[string]string) {
	token, err := d.Token()
	if err != nil {
		return // not reached: the message is valid
	}
	text := ""
	switch t := token.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			member := strconv.Itoa(i)
			if t == '{' {
				key, _ := d.Token()
				member, _ = key.(string)
			}
			if !top {
				member = name + "." + member
			} else if strings.HasPrefix(member, "@") {
				member = "@" + member
			}
			discoverValue(d, member, false, fields)
		}
		_, _ = d.Token() // the closing bracket
		return
	case nil:
		return
	case bool:
		text = strconv.FormatBool(t)
	case json.Number:
		text = t.String()
	case string:
		text = t
	}
	if _, known := fields[name]; known || len(fields) < maxDiscovered {
		fields[name] = text
	}
}
