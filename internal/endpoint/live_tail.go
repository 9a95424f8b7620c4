package endpoint

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// StartLiveTail: a real event stream. After initial-response and sessionStart it sends an update
// every second, empty or not, with at most 500 events; of more, a random sample in the order of
// arrival, with sampled set. For a slow client the ten latest updates are kept. The session ends
// after three hours with SessionTimeoutException, or when the server closes with
// SessionStreamingException. An account has at most 15 sessions.
//
// Where the documents leave room:
//   - Log groups are identified by ARN, as the API reference says; a bare name is refused. Region
//     and account are not compared.
//   - The group of an event is "account:name", the form that clients of the service see.
//   - The 16th session is refused with the error code of the service's model and the text that
//     clients report, which the SDKs take for throttling.
//   - Streams may not exist yet. Deleting a log group does not end a session, and events of a new
//     group of the same name are sent.
//   - Log groups of class INFREQUENT_ACCESS are refused, those of ESSENTIALS and DELIVERY are not,
//     since no document says so.
//   - The messages of an update have at most 3 MiB in total; events beyond that count as sampled.
//
// Not emulated: the delay of some seconds between ingestion and Live Tail.
type startLiveTail struct {
	LogGroupIdentifiers   []string
	LogStreamNames        []string
	LogStreamNamePrefixes []string
	LogEventFilterPattern *string
}

func (op *startLiveTail) describe(r *Request) {
	if len(op.LogGroupIdentifiers) == 1 {
		r.LogGroup, _ = groupOfARN(op.LogGroupIdentifiers[0])
	}
	if len(op.LogStreamNames) == 1 {
		r.LogStream = op.LogStreamNames[0]
	}
}

func (op *startLiveTail) handle(c *call) (any, *APIError) {
	s, err := op.validate()
	if err != nil {
		return nil, err
	}
	for _, name := range s.groups {
		g, err := c.group(name)
		if err != nil {
			return nil, err
		}
		if err := readable(g, "StartLiveTail"); err != nil {
			return nil, err
		}
	}
	if !c.sessions.begin() {
		return nil, tooManySessions()
	}
	unsubscribe := c.arrivals.subscribe(s.offer)
	s.leave = func() {
		unsubscribe()
		c.sessions.end()
	}
	return s, nil
}

// validate checks the request and returns its session.
func (op *startLiveTail) validate() (*session, *APIError) {
	var v violations
	v.present("logGroupIdentifiers", op.LogGroupIdentifiers != nil)
	v.texts("logGroupIdentifiers", op.LogGroupIdentifiers, 1, 10, groupIdentifierRule)
	v.texts("logStreamNames", op.LogStreamNames, 1, 100, streamNameRule)
	v.texts("logStreamNamePrefixes", op.LogStreamNamePrefixes, 1, 100, streamNameRule)
	v.text("logEventFilterPattern", op.LogEventFilterPattern, filterPatternRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	if op.LogStreamNames != nil && op.LogStreamNamePrefixes != nil {
		return nil, invalidParameter("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
	}
	if len(op.LogGroupIdentifiers) > 1 && (op.LogStreamNames != nil || op.LogStreamNamePrefixes != nil) {
		return nil, invalidParameter("logStreamNames and logStreamNamePrefixes can be specified only with a single log group in logGroupIdentifiers.")
	}
	pattern, err := filterPattern(op.LogEventFilterPattern)
	if err != nil {
		return nil, err
	}
	s := newSession(sessionStart{newRequestID(), newRequestID(), op.LogGroupIdentifiers,
		op.LogStreamNames, op.LogStreamNamePrefixes, op.LogEventFilterPattern}, pattern.Match)
	for _, identifier := range op.LogGroupIdentifiers {
		name, ok := groupOfARN(identifier)
		if !ok {
			return nil, invalidParameter("Invalid logGroupIdentifier: %s. Log groups are specified by their ARN.", clip(identifier))
		}
		s.groups = append(s.groups, name)
	}
	return s, nil
}

// sessionStart is the first event of the stream.
type sessionStart struct {
	RequestID             string   `json:"requestId"`
	SessionID             string   `json:"sessionId"`
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers"`
	LogStreamNames        []string `json:"logStreamNames,omitempty"`
	LogStreamNamePrefixes []string `json:"logStreamNamePrefixes,omitempty"`
	LogEventFilterPattern *string  `json:"logEventFilterPattern,omitempty"`
}

// response returns the beginning of the stream.
func (s *session) response() response {
	payload, _ := json.Marshal(s.start) // strings always encode
	return response{
		status:      http.StatusOK,
		contentType: eventStreamType,
		requestID:   s.start.RequestID,
		body:        appendEvent(appendEvent(nil, "initial-response", []byte("{}")), "sessionStart", payload),
		session:     s,
	}
}

// tooManySessions has the service's text, which does not mention sessions.
func tooManySessions() *APIError {
	return newError(400, "LimitExceededException", "Rate exceeded")
}

// sessionCount counts the open Live Tail sessions.
type sessionCount struct {
	mu   sync.Mutex // guards open
	open int
}

// maxSessions is the maximum number of concurrent sessions of an account. Source: user guide,
// "CloudWatch Logs quotas".
const maxSessions = 15

// begin adds a session. It returns false if the maximum is reached.
func (n *sessionCount) begin() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open == maxSessions {
		return false
	}
	n.open++
	return true
}

// end removes a session.
func (n *sessionCount) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open--
}

// arrivals notifies subscribers of newly accepted events, after they are stored. Every event passes
// through it, whatever the store.
type arrivals struct {
	mu          sync.Mutex // guards subscribers
	subscribers map[*subscriber]struct{}
}

type subscriber struct{ notify func(Arrival) }

// Arrival is a set of events of one log stream that were accepted together.
type Arrival struct {
	Group, Stream string
	Ingestion     int64               // when they were accepted, in milliseconds since 1970
	First         int64               // number of the first event; the others follow it
	Events        []logstore.NewEvent // read-only
}

// Subscribe calls notify for all events accepted from now on. Several goroutines may call it at
// once, and they wait for it, so it must be fast. unsubscribe stops the calls, but does not wait for
// a call in progress.
func (s *Server) Subscribe(notify func(Arrival)) (unsubscribe func()) {
	return s.arrivals.subscribe(notify)
}

func (a *arrivals) subscribe(notify func(Arrival)) (unsubscribe func()) {
	sub := &subscriber{notify}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.subscribers == nil {
		a.subscribers = make(map[*subscriber]struct{})
	}
	a.subscribers[sub] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.subscribers, sub)
	}
}

func (a *arrivals) publish(events Arrival) {
	a.mu.Lock()
	var subscribers []*subscriber
	for sub := range a.subscribers {
		subscribers = append(subscribers, sub)
	}
	a.mu.Unlock()
	for _, sub := range subscribers {
		sub.notify(events)
	}
}
