package endpoint

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// FilterLogEvents: events from several streams of a log group that match a filter pattern (see
// package filterpattern), merged by time, ingestion time and request. The last page has no
// nextToken. Tokens expire after 24 hours and include the direction; they are bound to the group
// and the selection of streams. Pages of a search with few matches may be empty or partly filled:
// see maxScanBytes.
//
// Not emulated: interleaved and unmask, which are accepted and have no effect.
//
// Where the documents leave room: startFromHead=false requires a startTime, since it is supported
// only from 2024 on; a name in logStreamNames that does not exist returns
// ResourceNotFoundException; log group classes are treated as in GetLogEvents.
type filterLogEvents struct {
	groupRef
	LogStreamNames      []string
	LogStreamNamePrefix *string
	StartTime           *int64
	EndTime             *int64
	FilterPattern       *string
	NextToken           *string
	Limit               *int64
	StartFromHead       *bool
}

// year2024 is the earliest startTime allowed with startFromHead=false.
const year2024 = 1_704_067_200_000

type filterLogEventsOutput struct {
	Events             []filteredEvent `json:"events"`
	SearchedLogStreams []struct{}      `json:"searchedLogStreams"` // always empty since 2020
	NextToken          string          `json:"nextToken,omitempty"`
}

type filteredEvent struct {
	EventID       string `json:"eventId"`
	IngestionTime int64  `json:"ingestionTime"`
	LogStreamName string `json:"logStreamName"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

func (op *filterLogEvents) describe(r *Request) {
	r.LogGroup = op.name()
	if len(op.LogStreamNames) == 1 {
		r.LogStream = op.LogStreamNames[0]
	}
}

func (op *filterLogEvents) handle(c *call) (any, *APIError) {
	group, err := op.validate()
	if err != nil {
		return nil, err
	}
	pattern, err := filterPattern(op.FilterPattern)
	if err != nil {
		return nil, err
	}
	p := pager{limit: maxPageEvents, match: pattern.Match, Range: logstore.Range{
		Group:   group,
		Streams: op.streams(),
		Prefix:  value(op.LogStreamNamePrefix),
		From:    logstore.Position{Time: value(op.StartTime)},
		To:      logstore.End(),
	}}
	if op.EndTime != nil && *op.EndTime < math.MaxInt64 {
		p.To = logstore.Position{Time: *op.EndTime + 1} // inclusive
	}
	if op.Limit != nil {
		p.limit = int(*op.Limit)
	}
	list := op.tokenScope(group)
	if op.NextToken == nil {
		p.Backward = op.StartFromHead != nil && !*op.StartFromHead
		if p.Backward && value(op.StartTime) < year2024 {
			return nil, invalidParameter("startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.")
		}
	} else {
		place, err := parseListToken(*op.NextToken, list, c.now)
		if err != nil {
			return nil, err
		}
		var at logstore.Position
		if at, p.Backward, err = parseFilterPlace(place); err != nil {
			return nil, err
		}
		if p.Backward {
			p.To = p.To.Min(at)
		} else {
			p.From = p.From.Max(at)
		}
	}

	g, err := c.group(group)
	if err != nil {
		return nil, err
	}
	if err := readable(g, "FilterLogEvents"); err != nil {
		return nil, err
	}
	p.From = p.From.Max(logstore.Position{Time: cutoff(g, c.now)})
	found, err := p.collect(c)
	if err != nil {
		return nil, err
	}
	out := filterLogEventsOutput{Events: make([]filteredEvent, len(found.events)), SearchedLogStreams: []struct{}{}}
	for i, e := range found.events {
		out.Events[i] = filteredEvent{e.ID(), e.Ingestion, e.Stream, e.Message, e.Time}
	}
	if found.more {
		out.NextToken = listToken(list, filterPlace(found.next, p.Backward), c.now)
	}
	return out, nil
}

// validate checks the request and returns the name of the log group.
func (op *filterLogEvents) validate() (string, *APIError) {
	var v violations
	op.groupRef.validate(&v)
	v.texts("logStreamNames", op.LogStreamNames, 1, 100, streamNameRule)
	v.text("logStreamNamePrefix", op.LogStreamNamePrefix, streamNameRule)
	v.number("startTime", op.StartTime, 0, maxTime)
	v.number("endTime", op.EndTime, 0, maxTime)
	v.text("filterPattern", op.FilterPattern, filterPatternRule)
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxPageEvents)
	if err := v.err(); err != nil {
		return "", err
	}
	if op.LogStreamNames != nil && op.LogStreamNamePrefix != nil {
		return "", invalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	}
	return op.resolve()
}

// streams returns the names of the streams to read, without duplicates; nil if the request names
// none.
func (op *filterLogEvents) streams() []string {
	names := slices.Clone(op.LogStreamNames)
	slices.Sort(names)
	return slices.Compact(names)
}

// tokenScope identifies the list that a token belongs to.
func (op *filterLogEvents) tokenScope(group string) string {
	names := crc32.ChecksumIEEE([]byte(strings.Join(op.LogStreamNames, ":")))
	return fmt.Sprintf("FilterLogEvents:%s:%s:%d", group, value(op.LogStreamNamePrefix), names)
}

// filterPlace encodes direction, time and number for a token.
func filterPlace(p logstore.Position, backward bool) string {
	direction := "f"
	if backward {
		direction = "b"
	}
	return fmt.Sprintf("%s/%d/%d", direction, p.Time, p.Number)
}

func parseFilterPlace(place string) (p logstore.Position, backward bool, err *APIError) {
	parts := strings.Split(place, "/")
	if len(parts) != 3 {
		return p, false, invalidToken()
	}
	time, err1 := strconv.ParseInt(parts[1], 10, 64)
	seq, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err1 != nil || err2 != nil {
		return p, false, invalidToken()
	}
	return logstore.Position{Time: time, Number: seq}, parts[0] == "b", nil
}

// filterPattern parses the pattern of a request; nil = the empty pattern.
func filterPattern(text *string) (*filterpattern.Pattern, *APIError) {
	pattern, err := filterpattern.Parse(value(text))
	if e := (*filterpattern.SyntaxError)(nil); errors.As(err, &e) {
		return nil, invalidParameter("Invalid filter pattern: character %d: %s", e.Char, e.Problem)
	}
	return pattern, nil
}
