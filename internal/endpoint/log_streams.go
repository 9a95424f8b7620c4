package endpoint

import (
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// CreateLogStream: emulated completely.
type createLogStream struct {
	LogGroupName  *string
	LogStreamName *string
}

func (op *createLogStream) describe(r *Request) {
	r.LogGroup, r.LogStream = value(op.LogGroupName), value(op.LogStreamName)
}

func (op *createLogStream) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, storeError(c.store.CreateStream(*op.LogGroupName, *op.LogStreamName, c.now))
}

type deleteLogStream struct {
	LogGroupName  *string
	LogStreamName *string
}

func (op *deleteLogStream) describe(r *Request) {
	r.LogGroup, r.LogStream = value(op.LogGroupName), value(op.LogStreamName)
}

func (op *deleteLogStream) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, storeError(c.store.DeleteStream(*op.LogGroupName, *op.LogStreamName, mayDelete))
}

// CreateLogStream creates a log stream without a request.
func (s *Server) CreateLogStream(group, stream string) *APIError {
	return s.direct(&createLogStream{LogGroupName: &group, LogStreamName: &stream})
}

// DeleteLogStream deletes a log stream without a request.
func (s *Server) DeleteLogStream(group, stream string) *APIError {
	return s.direct(&deleteLogStream{LogGroupName: &group, LogStreamName: &stream})
}

// DescribeLogStreams: by name or by the time of the last event, ascending or descending. Streams
// without events sort as time 0. Tokens expire after 24 hours and are bound to the group, the
// prefix and the order.
//
// firstEventTimestamp, lastEventTimestamp and lastIngestionTime are current; the service's may lag
// by an hour. They include all accepted events, even those beyond the retention. storedBytes is
// always 0, as in the service.
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
	list := op.tokenScope(group)
	var after *logstore.StreamPlace
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
	streams, failed := c.store.Streams(logstore.StreamList{
		Group:      group,
		Prefix:     value(op.LogStreamNamePrefix),
		ByTime:     op.byTime(),
		Descending: op.Descending,
		After:      after,
		Limit:      limit + 1,
	})
	if failed != nil {
		return nil, storeError(failed)
	}
	out := describeLogStreamsOutput{LogStreams: []describedStream{}}
	if len(streams) > limit {
		streams = streams[:limit]
		out.NextToken = listToken(list, op.position(streams[limit-1]), c.now)
	}
	for _, s := range streams {
		out.LogStreams = append(out.LogStreams, showStream(group, s, c.region))
	}
	return out, nil
}

// validate checks the request and returns the name of the log group.
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
	if op.LogGroupName != nil && op.LogGroupIdentifier != nil {
		// Other operations return another error. Source: recorded responses of the service.
		return "", newError(400, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	}
	if op.byTime() && op.LogStreamNamePrefix != nil {
		return "", invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	return op.resolve()
}

func (op *describeLogStreams) byTime() bool { return value(op.OrderBy) == "LastEventTime" }

// position returns a stream's position in the list, for a token.
func (op *describeLogStreams) position(s logstore.Stream) string {
	if !op.byTime() {
		s.Last = 0
	}
	return strconv.FormatInt(s.Last, 10) + "/" + s.Name
}

func parseStreamPlace(s string) (*logstore.StreamPlace, *APIError) {
	time, name, _ := strings.Cut(s, "/")
	n, err := strconv.ParseInt(time, 10, 64)
	if err != nil {
		return nil, invalidToken()
	}
	return &logstore.StreamPlace{Last: n, Name: name}, nil
}

// tokenScope identifies the list that a token belongs to.
func (op *describeLogStreams) tokenScope(group string) string {
	return strings.Join([]string{"DescribeLogStreams", group, value(op.LogStreamNamePrefix),
		value(op.OrderBy), strconv.FormatBool(op.Descending)}, "\x00")
}

func showStream(group string, s logstore.Stream, region string) describedStream {
	d := describedStream{Arn: streamARN(region, group, s.Name), CreationTime: s.Created, LogStreamName: s.Name}
	if s.LastNumber > 0 {
		d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = &s.First, &s.Last, &s.LastIngestion
		d.UploadSequenceToken = sequenceToken(s.LastNumber)
	}
	return d
}
