package cloudwatchtest

import (
	"math"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// GetLogEvents: a page of one stream, always in ascending order inside the
// page. Both tokens always come; the one of the direction of travel is the
// same again when there is nothing further. Tokens are bound to their stream
// and live 24 hours.
//
// Where the documents leave room: a forward token without startFromHead is
// refused, since the documents say that it must be true; log groups of the
// class INFREQUENT_ACCESS are refused, those of ESSENTIALS and DELIVERY are
// not, since no document says so.
//
// Not emulated: pages that are empty or partly filled for no visible reason;
// unmask, which is accepted and without effect.
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
	var at logstore.Position // where the token points
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

	// A token points between two events: the backward one before the page's
	// first event, the forward one after its last.
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

// readable refuses to read events of a class that does not offer it.
func readable(g logstore.Group, operation string) *APIError {
	if g.Class != classInfrequentAccess {
		return nil
	}
	return refusal(400, "InvalidOperationException", "The log group "+g.Name+" is of log-group-class "+g.Class+
		". "+operation+" is not supported for this log class.")
}
