package cloudwatchtest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Cut says when a connection is dropped.
type Cut int

const (
	CutNone   Cut = iota // the connection stays
	CutBefore            // dropped before the request is handled: nothing takes effect
	CutAfter             // dropped after the request took effect, before the answer

	// CutMiddle: dropped after the request took effect and half of the answer's
	// body was sent, of which Content-Length tells the whole. An answer without
	// a body, such as that of CreateLogGroup, is dropped as by CutAfter.
	CutMiddle
)

// Fault is something that goes wrong with a request. It has three kinds of
// parts, which can be combined.
//
// Which requests it hits: Operation, Times, BodyLimit, Match, Message, and
// Rejected, which is of PutLogEvents alone. All must fit.
//
// What happens, in this order: Delay, Hang, Cut, Error, Status and Body,
// Rejected. Hang excludes all that come after it, and so do CutBefore, Error,
// and Status or Body. With CutAfter and CutMiddle the request is handled, so
// Error, Status and Body are passed over and Rejected is not. A fault with none
// of these parts but Delay lets the request through.
//
// How the answer is sent, whether it comes from the service, from Error or from
// Status and Body: DateOffset, Header, Padding, Drip, Gzip.
type Fault struct {
	Operation string        // the operation it hits, such as "PutLogEvents"; "" = every one
	Times     int           // how many requests it hits; 0 = every one until it is removed
	Delay     time.Duration // wait this long first; a client that goes away, or Close, ends the wait and the request
	Hang      bool          // never answer, until the client goes away or the server closes
	Error     *APIError     // answer with this error; nothing takes effect
	Cut       Cut           // drop the connection

	// Silent makes the Cut one that the client is not told of, as a firewall
	// does that forgets a connection: it stays open, and nothing more comes
	// through it, for this request and for all others on it. New connections
	// work. Without a Cut it is CutBefore; with CutMiddle, an answer stops in the
	// middle. It ends when the client closes the connection or the server closes.
	// In memory a request is a connection of its own. An http.Server of your own
	// needs [Server.Listener].
	Silent bool

	// Status is answered without the headers of the service, as a proxy, a
	// firewall or a captive portal does; nothing takes effect. It is from 200
	// to 599; 0 = no such fault, or 200 if there is a Body.
	Status int

	// Body goes with Status, as text/html. A pointer to "" is an empty body; nil
	// is a page that names the status, if there is a Status. 204 and 304 have no
	// body.
	Body *string

	// Rejected decides which events of a PutLogEvents request are refused
	// inside a 200, instead of their ages. All other rules apply. A fault with
	// Rejected hits no other operation.
	Rejected *RejectedInfo

	// Unread answers with Error or Status and Body, or cuts with CutBefore,
	// before the body of the request is read, as a proxy does to which the
	// headers are enough: Match sees no more of the request, and as BodyBytes
	// what Content-Length says. Such faults come before all others. Unread is
	// without effect for a body of unknown length, and with Delay, Hang, Silent,
	// Rejected and Message.
	Unread bool

	// DateOffset is added to the Date header of the answer. The AWS SDKs
	// correct their signing clock by that header.
	DateOffset time.Duration

	// Header is set in the answer, last of all; a name without values takes the
	// header away. So a Content-Type, a Location or an X-Amzn-Requestid can be
	// given to what is not the service, and taken from what is.
	Header http.Header

	// Padding makes the body of the answer larger by so many bytes; [Endless] =
	// until the client goes away or the server closes. In an error of the
	// service its message grows; other answers of the service are followed by
	// blanks, which JSON allows. It is made while it is sent. CutMiddle, and
	// answers without a body such as status 204, pass it over, and so do
	// streams of Live Tail.
	Padding int64

	// Drip is a pause before each byte of the Padding. 0 = the Padding comes as
	// fast as the client reads.
	Drip time.Duration

	// Gzip compresses the body of the answer, asked for or not. It makes a bomb
	// of a Padding: that is compressed by a factor of almost 1,000. Where
	// Padding is passed over, so is Gzip.
	Gzip bool

	// BodyLimit limits the fault to requests with a body of more bytes than
	// this, compressed if it was. 0 = no such condition.
	BodyLimit int64

	// Match tells whether the fault hits a request; nil = every request. It
	// sees the request before it is handled, and may call the server's methods.
	Match func(Request) bool

	// Message limits the fault to PutLogEvents requests with at least one event
	// for whose message it returns true; nil = no such condition. With Error
	// it makes an event poison: every batch that holds it is refused. With
	// Status it is a firewall that takes a message for an attack. It may call the
	// server's methods.
	Message func(message string) bool
}

// foreign tells whether something that is not the service answers.
func (f *Fault) foreign() bool { return f.Status != 0 || f.Body != nil }

// changesBody tells whether the body of the answer is another than usual.
func (f *Fault) changesBody() bool { return (f.Padding != 0 || f.Gzip) && f.Cut == CutNone }

// early tells whether the fault comes before the body of a request is read.
func (f *Fault) early(r *http.Request) bool {
	if !f.Unread || r.ContentLength < 0 || f.Delay > 0 || f.Hang || f.Silent || f.Rejected != nil || f.Message != nil {
		return false
	}
	return f.Cut == CutBefore || f.Cut == CutNone && (f.Error != nil || f.foreign())
}

// Inject adds a fault. For each request the first fault that fits, in the
// order of injection, is the one that counts. remove takes the fault away; it
// may be called more than once.
func (s *Server) Inject(f Fault) (remove func()) {
	f.Error = clone(f.Error)
	f.Body = clone(f.Body)
	f.Header = f.Header.Clone()
	if f.Silent && f.Cut == CutNone {
		f.Cut = CutBefore
	}
	if r := f.Rejected; r != nil {
		f.Rejected = &RejectedInfo{clone(r.TooOldEnd), clone(r.ExpiredEnd), clone(r.TooNewStart)}
	}
	return s.faults.add(&fault{Fault: f, left: f.Times})
}

type fault struct {
	Fault
	left int // how many requests it may still hit, if Times > 0
}

// faults is the list of faults in the order of injection.
type faults struct {
	mu   sync.Mutex // guards list and the fault.left of its members
	list []*fault
}

func (fs *faults) add(f *fault) (remove func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, f)
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fs.drop(f)
	}
}

func (fs *faults) drop(f *fault) {
	if i := slices.Index(fs.list, f); i >= 0 {
		fs.list = slices.Delete(fs.list, i, i+1)
	}
}

// take returns the first fault of those that are due that hits the request;
// false if there is none. op is nil if the request was not, or could not be,
// decoded.
func (fs *faults) take(r Request, op operation, due func(*Fault) bool) (Fault, bool) {
	fs.mu.Lock()
	candidates := slices.Clone(fs.list)
	fs.mu.Unlock()
	for _, f := range candidates {
		// No lock is held while the caller's code runs.
		if due(&f.Fault) && f.hits(r, op) && fs.claim(f) {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// hits tells whether the fault is meant for the request.
func (f *Fault) hits(r Request, op operation) bool {
	if f.Operation != "" && f.Operation != r.Operation {
		return false
	}
	if f.BodyLimit > 0 && int64(r.BodyBytes) <= f.BodyLimit {
		return false
	}
	put, isPut := op.(*putLogEvents)
	if !isPut && (f.Message != nil || f.Rejected != nil) {
		return false
	}
	if f.Match != nil && !f.Match(r) {
		return false
	}
	return f.Message == nil || slices.ContainsFunc(put.LogEvents, func(e inputEvent) bool { return f.Message(e.Message) })
}

// claim uses the fault up by one. It reports false if the fault is gone by now.
func (fs *faults) claim(f *fault) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !slices.Contains(fs.list, f) {
		return false
	}
	if f.Times > 0 {
		if f.left--; f.left == 0 {
			fs.drop(f)
		}
	}
	return true
}
