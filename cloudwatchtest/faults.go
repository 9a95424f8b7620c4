package cloudwatchtest

import (
	"net/http"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// Cut says when a [Fault] drops the connection of a request.
type Cut int

const (
	CutNone   Cut = iota // the connection is kept
	CutBefore            // before the request is handled: it has no effect
	CutAfter             // after the request took effect, before the response

	// CutMiddle drops the connection after the request took effect and half of the response body
	// was sent; Content-Length is that of the whole body. For a response without a body, such as
	// that of CreateLogGroup, it is CutAfter.
	CutMiddle
)

// Endless is a [Fault.Padding] without end.
const Endless = -1

// Fault is a failure to inject. Its fields are of three kinds, which can be combined.
//
// Which requests it applies to: Operation, Times, BodyLimit, Match, Message, and Rejected, which
// applies only to PutLogEvents. All of them must match.
//
// What happens, in this order: Delay, Hang, Cut, Error, Status and Body, Rejected. Hang, CutBefore,
// Error, and Status or Body exclude everything after them. With CutAfter and CutMiddle the request
// is handled, so Error, Status and Body have no effect, but Rejected does. A fault with only a
// Delay lets the request through after it.
//
// How the response is sent, whether it comes from the service, from Error, or from Status and Body:
// DateOffset, Header, Padding, Drip, Gzip.
type Fault struct {
	Operation string        // operation it applies to, such as "PutLogEvents"; "" = all
	Times     int           // number of requests it applies to; 0 = all, until it is removed
	Delay     time.Duration // wait before everything else; ends early, with the request, if the client goes away or the server closes
	Hang      bool          // do not respond until the client goes away or the server closes
	Error     *APIError     // respond with this error; the request has no effect
	Cut       Cut           // drop the connection

	// Silent makes the Cut invisible to the client, as a firewall that forgets a connection does:
	// the connection stays open, but nothing more arrives through it, for this request and all
	// others on it. New connections work. Without a Cut it implies CutBefore; with CutMiddle, the
	// response stops halfway. It lasts until the client closes the connection or the server closes.
	// In memory every request has its own connection. Your own [http.Server] requires
	// [Server.Listener].
	Silent bool

	// Status is the status, from 200 to 599, of a response without the headers of the service, as a
	// proxy, a firewall or a captive portal sends it; the request has no effect. 0 = no such
	// response, or 200 if there is a Body.
	Status int

	// Body is the body that goes with Status, as text/html. A pointer to "" is an empty body; nil is
	// a page that contains the Status, if that is set. 204 and 304 have no body.
	Body *string

	// Rejected overrides which events of a PutLogEvents request are rejected in a response with
	// status 200. All other rules apply. A fault with Rejected applies to no other operation.
	Rejected *RejectedInfo

	// Unread responds with Error or Status and Body, or cuts with CutBefore, before the body of the
	// request is read, as a proxy does that decides by the headers. Match sees only what the headers
	// contain, with Content-Length as BodyBytes. Faults with Unread are tried before all others.
	// Unread has no effect for a body of unknown length, or together with Delay, Hang, Silent,
	// Rejected or Message.
	Unread bool

	// DateOffset is added to the Date header of the response. The AWS SDKs correct their signing
	// clock by that header.
	DateOffset time.Duration

	// Header is set in the response, over all other headers; a name without values removes the
	// header. It can give a Content-Type, a Location or an X-Amzn-Requestid to a response that is
	// not from the service, or remove it from one that is.
	Header http.Header

	// Padding is the number of bytes added to the response body; [Endless] = until the client goes
	// away or the server closes. It lengthens the message of an error; other responses of the
	// service are followed by blanks, which JSON allows. It is generated while it is sent. It has no
	// effect with CutMiddle, for responses without a body, such as status 204, and for Live Tail
	// streams.
	Padding int64

	// Drip is the pause before each byte of the Padding. 0 = as fast as the client reads.
	Drip time.Duration

	// Gzip compresses the response body, whether or not the client asked for it. It turns a Padding
	// into a gzip bomb, with a compression factor of almost 1,000. It has no effect in the cases
	// in which Padding has none.
	Gzip bool

	// BodyLimit limits the fault to requests whose body, as sent, has more bytes than this.
	// 0 = no such condition.
	BodyLimit int64

	// Match reports whether the fault applies to a request; nil = to every request. It is called
	// before the request is handled, and may call the server's methods.
	Match func(Request) bool

	// Message limits the fault to PutLogEvents requests with at least one message for which it
	// returns true; nil = no such condition. With Error, every batch that contains such an event is
	// refused; with Status, it is a firewall that takes the message for an attack. It may call the
	// server's methods.
	Message func(message string) bool
}

// RejectedInfo is the rejectedLogEventsInfo of a PutLogEvents response. The indexes are returned
// unchanged, even if the batch has no such events; nil = absent. The events of the batch that they
// do not cover are stored.
type RejectedInfo struct {
	TooOldEnd   *int // events before this index are rejected as older than 14 days
	ExpiredEnd  *int // events before this index are rejected as older than the retention of the log group
	TooNewStart *int // events from this index on are rejected as more than 2 hours in the future
}

// Inject adds a fault. The first fault that applies to a request, in the order of injection, is the
// one that takes effect. remove removes the fault; calling it again is safe.
func (s *Server) Inject(f Fault) (remove func()) {
	return s.endpoint.Inject(f.convert())
}

func (f Fault) convert() endpoint.Fault {
	converted := endpoint.Fault{
		Operation:  f.Operation,
		Times:      f.Times,
		Delay:      f.Delay,
		Hang:       f.Hang,
		Error:      (*endpoint.APIError)(f.Error),
		Cut:        endpoint.Cut(f.Cut),
		Silent:     f.Silent,
		Status:     f.Status,
		Body:       f.Body,
		Rejected:   (*endpoint.RejectedInfo)(f.Rejected),
		Unread:     f.Unread,
		DateOffset: f.DateOffset,
		Header:     f.Header,
		Padding:    f.Padding,
		Drip:       f.Drip,
		Gzip:       f.Gzip,
		BodyLimit:  f.BodyLimit,
		Message:    f.Message,
	}
	if f.Match != nil {
		converted.Match = func(r endpoint.Request) bool { return f.Match(Request(r)) }
	}
	return converted
}

// APIError is an error response of the service. [Fault.Error] makes the endpoint return one, and
// the methods that prepare state, such as [Server.CreateLogGroup], return it as their error.
type APIError struct {
	Status  int    // HTTP status
	Code    string // name of the error, such as "ThrottlingException"
	Message string // text of the error

	// RetryAfter is sent in the Retry-After header, in whole seconds, rounded up. 0 or less = no
	// such header.
	RetryAfter time.Duration
}

// Error returns "Code: Message".
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Throttled returns the error for a request above the account's quota.
func Throttled() *APIError { return (*APIError)(endpoint.Throttled()) }

// ServiceUnavailable returns the error of a service that is overloaded or down.
func ServiceUnavailable() *APIError { return (*APIError)(endpoint.ServiceUnavailable()) }

// InternalFailure returns the error of a service that failed internally.
func InternalFailure() *APIError { return (*APIError)(endpoint.InternalFailure()) }

// ExpiredToken returns the error for temporary credentials that have expired.
func ExpiredToken() *APIError { return (*APIError)(endpoint.ExpiredToken()) }

// UnrecognizedClient returns the error for an unknown access key.
func UnrecognizedClient() *APIError { return (*APIError)(endpoint.UnrecognizedClient()) }

// AccessDenied returns the error for credentials without permission for an operation, such as
// "PutLogEvents".
func AccessDenied(operation string) *APIError {
	return (*APIError)(endpoint.AccessDenied(operation))
}
