package cloudwatchtest

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// Request is one request the endpoint received.
type Request struct {
	Time      time.Time // when its body had arrived, by time.Now
	Operation string    // value of X-Amz-Target, such as "PutLogEvents", known or not
	LogGroup  string    // name of its log group, if any
	LogStream string    // name of its log stream, if any
	Events    int       // number of events in a PutLogEvents request
	Bytes     int       // size of a PutLogEvents batch by the service's rule: UTF-8 message bytes + 26 per event
	BodyBytes int       // bytes of the body on the wire, compressed if it was; the Content-Length if [Fault.Unread]
	Status    int       // HTTP status of the response; 0 if there was none, or not yet
	Code      string    // error code of the response, "" on success
	Message   string    // error text of the response, "" on success
	Rejected  int       // number of events rejected in a response with status 200
	Committed bool      // the operation took effect, even if its response was cut afterwards

	UserAgent   string // User-Agent header
	AccessKeyID string // access key ID of the signature, checked or not

	// Times of the oldest and the newest event in a PutLogEvents request; zero without events.
	OldestEvent, NewestEvent time.Time

	// The Rejected events that are older than 14 days, older than the retention of the log group,
	// and more than 2 hours in the future. An event that is both of the first two counts as too
	// old. A rejection by [Fault.Rejected] counts as none of them.
	TooOld, Expired, TooNew int
}

// Requests returns the request log, oldest first: all requests received, except those removed by
// [Server.TakeRequests] or [Options.MaxRequests]. A request that is still in flight has Status 0.
func (s *Server) Requests() []Request { return requests(s.endpoint.Requests()) }

// TakeRequests returns the completed requests of the request log, oldest first, and removes them.
// Requests that are still in flight stay in the log until a later call, which returns them before
// newer ones.
func (s *Server) TakeRequests() []Request { return requests(s.endpoint.TakeRequests()) }

func requests(list []endpoint.Request) []Request {
	if list == nil {
		return nil
	}
	converted := make([]Request, len(list))
	for i, r := range list {
		converted[i] = Request(r)
	}
	return converted
}

// RequestCount returns the number of requests of an operation in the request log; "" counts all.
func (s *Server) RequestCount(operation string) int { return s.endpoint.RequestCount(operation) }
