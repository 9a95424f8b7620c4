package cloudwatchtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// DescribeLogStreams: by name or by the time of the last event, up or down.
// Streams without events sort by time as 0. Tokens live 24 hours and are bound
// to the group, the prefix and the order.
//
// firstEventTimestamp, lastEventTimestamp and lastIngestionTime are right at
// once; the service's may lag by an hour. They cover all accepted events, also
// those that retention hides. storedBytes is always 0, as the service's.
type describeLogStreams struct {
	groupRef
	LogStreamNamePrefix *string
	OrderBy             *string
	Descending          bool
	NextToken           *string
	Limit               *int64
}

type describeLogStreamsOutput struct {
	LogStreams []describedStream `json:"logStreams"`
	NextToken  string            `json:"nextToken,omitempty"`
}

type describedStream struct {
	Arn                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp *int64 `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  *int64 `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   *int64 `json:"lastIngestionTime,omitempty"`
	LogStreamName       string `json:"logStreamName"`
	StoredBytes         int64  `json:"storedBytes"`
	UploadSequenceToken string `json:"uploadSequenceToken,omitempty"`
}

func (op *describeLogStreams) describe(r *Request) { r.LogGroup = op.name() }

func (op *describeLogStreams) handle(c *call) (any, *APIError) {
	group, err := op.validate()
	if err != nil {
		return nil, err
	}
	list := op.list(group)
	var after *streamPlace
	if op.NextToken != nil {
		place, err := parseListToken(*op.NextToken, list, c.now)
		if err != nil {
			return nil, err
		}
		if after, err = parseStreamPlace(place); err != nil {
			return nil, err
		}
	}
	limit := maxDescribed
	if op.Limit != nil {
		limit = int(*op.Limit)
	}

	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	g, err := c.memory.group(group)
	if err != nil {
		return nil, err
	}
	var places []streamPlace
	for name, s := range g.streams {
		if !strings.HasPrefix(name, value(op.LogStreamNamePrefix)) {
			continue
		}
		place := op.place(s)
		if after == nil || op.compare(place, *after) > 0 {
			places = append(places, place)
		}
	}
	slices.SortFunc(places, op.compare)
	out := describeLogStreamsOutput{LogStreams: []describedStream{}}
	if len(places) > limit {
		places = places[:limit]
		out.NextToken = listToken(list, places[limit-1].String(), c.now)
	}
	for _, p := range places {
		out.LogStreams = append(out.LogStreams, showStream(g, g.streams[p.name], c.region))
	}
	return out, nil
}

// validate checks the request and returns the group's name.
func (op *describeLogStreams) validate() (string, *APIError) {
	var v violations
	op.groupRef.validate(&v)
	v.text("logStreamNamePrefix", op.LogStreamNamePrefix, streamNameRule)
	v.enum("orderBy", op.OrderBy, "LogStreamName", "LastEventTime")
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxDescribed)
	if err := v.err(); err != nil {
		return "", err
	}
	if op.byTime() && op.LogStreamNamePrefix != nil {
		return "", invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	return op.resolve()
}

func (op *describeLogStreams) byTime() bool { return value(op.OrderBy) == "LastEventTime" }

// streamPlace is a stream's place in the list.
type streamPlace struct {
	time int64 // of the last event; 0 when ordered by name
	name string
}

func (op *describeLogStreams) place(s *logStream) streamPlace {
	p := streamPlace{name: s.name}
	if op.byTime() {
		_, p.time, _ = s.span()
	}
	return p
}

func (op *describeLogStreams) compare(a, b streamPlace) int {
	order := cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name))
	if op.Descending {
		return -order
	}
	return order
}

func (p streamPlace) String() string { return strconv.FormatInt(p.time, 10) + "/" + p.name }

func parseStreamPlace(s string) (*streamPlace, *APIError) {
	time, name, _ := strings.Cut(s, "/")
	n, err := strconv.ParseInt(time, 10, 64)
	if err != nil {
		return nil, invalidToken()
	}
	return &streamPlace{n, name}, nil
}

// list names the list a token belongs to.
func (op *describeLogStreams) list(group string) string {
	return strings.Join([]string{"DescribeLogStreams", group, value(op.LogStreamNamePrefix),
		value(op.OrderBy), strconv.FormatBool(op.Descending)}, "\x00")
}

func showStream(g *logGroup, s *logStream, region string) describedStream {
	d := describedStream{Arn: streamARN(region, g.name, s.name), CreationTime: s.created, LogStreamName: s.name}
	if first, last, ok := s.span(); ok {
		d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = &first, &last, &s.lastIngestion
		d.UploadSequenceToken = sequenceToken(s.events[len(s.events)-1].seq)
	}
	return d
}
