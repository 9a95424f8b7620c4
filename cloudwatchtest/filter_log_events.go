package cloudwatchtest

import (
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
	"strings"
)

// FilterLogEvents: events of several streams of a group, merged by time,
// ingestion time and request. A page without nextToken is the last. Tokens
// live 24 hours and carry the direction; they are bound to the group and the
// choice of streams.
//
// Not emulated: filter patterns, so a filterPattern that is not empty is
// refused; pages that are empty or partly filled for no visible reason;
// interleaved and unmask, which are accepted and without effect.
//
// Where the documents leave room: startFromHead=false needs a startTime, since
// it is supported only from 2024 on; a name in logStreamNames that does not
// exist is ResourceNotFoundException; classes are treated as in GetLogEvents.
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

// year2024 is the first moment that startFromHead=false may ask for.
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
	p := pager{from: position{time: value(op.StartTime)}, to: endOfTime(), limit: maxPageEvents}
	if op.EndTime != nil && *op.EndTime < math.MaxInt64 {
		p.to = position{time: *op.EndTime + 1} // inclusive
	}
	if op.Limit != nil {
		p.limit = int(*op.Limit)
	}
	list := op.list(group)
	if op.NextToken == nil {
		p.backward = op.StartFromHead != nil && !*op.StartFromHead
		if p.backward && value(op.StartTime) < year2024 {
			return nil, invalidParameter("startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.")
		}
	} else {
		place, err := parseListToken(*op.NextToken, list, c.now)
		if err != nil {
			return nil, err
		}
		var at position
		if at, p.backward, err = parseFilterPlace(place); err != nil {
			return nil, err
		}
		if p.backward {
			p.to = p.to.min(at)
		} else {
			p.from = p.from.max(at)
		}
	}

	found, err := c.memory.page(group, c.now, p, op.pick)
	if err != nil {
		return nil, err
	}
	out := filterLogEventsOutput{Events: make([]filteredEvent, len(found.events)), SearchedLogStreams: []struct{}{}}
	for i, e := range found.events {
		out.Events[i] = filteredEvent{eventID(e.position), e.ingestion, e.stream, e.message, e.time}
	}
	if found.more {
		next := found.events[len(found.events)-1].position
		if !p.backward {
			next.seq++
		}
		out.NextToken = listToken(list, filterPlace(next, p.backward), c.now)
	}
	return out, nil
}

// validate checks the request and returns the group's name.
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
	if value(op.FilterPattern) != "" {
		return "", invalidParameter("filter patterns are not supported by this endpoint yet")
	}
	return op.resolve()
}

// pick chooses the streams to read.
func (op *filterLogEvents) pick(g *logGroup) ([]*logStream, *APIError) {
	if err := g.readable("FilterLogEvents"); err != nil {
		return nil, err
	}
	var streams []*logStream
	if op.LogStreamNames == nil {
		for name, s := range g.streams {
			if strings.HasPrefix(name, value(op.LogStreamNamePrefix)) {
				streams = append(streams, s)
			}
		}
		return streams, nil
	}
	seen := make(map[string]bool)
	for _, name := range op.LogStreamNames {
		if seen[name] {
			continue
		}
		seen[name] = true
		s := g.streams[name]
		if s == nil {
			return nil, streamNotFound()
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// list names the list a token belongs to.
func (op *filterLogEvents) list(group string) string {
	names := crc32.ChecksumIEEE([]byte(strings.Join(op.LogStreamNames, ":")))
	return fmt.Sprintf("FilterLogEvents:%s:%s:%d", group, value(op.LogStreamNamePrefix), names)
}

// filterPlace is the place in a token: direction, time and number.
func filterPlace(p position, backward bool) string {
	direction := "f"
	if backward {
		direction = "b"
	}
	return fmt.Sprintf("%s/%d/%d", direction, p.time, p.seq)
}

func parseFilterPlace(place string) (p position, backward bool, err *APIError) {
	parts := strings.Split(place, "/")
	if len(parts) != 3 {
		return position{}, false, invalidToken()
	}
	time, err1 := strconv.ParseInt(parts[1], 10, 64)
	seq, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err1 != nil || err2 != nil {
		return position{}, false, invalidToken()
	}
	return position{time, seq}, parts[0] == "b", nil
}

// eventID is unique and stable; 56 digits like the service's.
func eventID(p position) string { return fmt.Sprintf("3%019d%036d", p.time, p.seq) }
