package deliver

import (
	"context"
	"errors"
	"net"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Phase is how far an attempt has come.
type Phase int

// The phases, in their order. An HTTP client that does not call httptrace stays in the
// first one.
const (
	PhaseStarted     Phase = iota // nothing is known
	PhaseCredentials              // credentials are looked for
	PhaseResolving                // DNS is asked for the host
	PhaseConnecting               // no connection yet
	PhaseHandshake                // TLS has begun
	PhaseSending                  // there is a connection
	PhaseWaiting                  // the request is sent
	PhaseReading                  // the response has begun
)

// Unfinished says how far an attempt had come when its time was over, or has come by now.
// It is in the chain of the error of every attempt that was cut off.
type Unfinished struct {
	Phase Phase
	Host  string        // host:port of the service, or of the proxy; "" if not known
	Addr  string        // IP address and port that were tried last; "" if not known
	After time.Duration // since the phase began
	Seen  error         // why an earlier connection of the attempt failed; nil if none did
	Err   error         // what the SDK made of it; nil while the attempt is in flight
}

// Unwrap returns the error of the SDK.
func (u *Unfinished) Unwrap() error { return u.Err }

// Error says what did not happen, and in which time.
func (u *Unfinished) Error() string {
	who := u.Host
	if who == "" {
		who = "the service"
	}
	var s string
	switch u.Phase {
	case PhaseCredentials:
		s = "no credentials"
	case PhaseResolving:
		s = "no IP address for " + who
	case PhaseConnecting:
		s = "no connection to " + who
		if u.Addr != "" && u.Addr != who {
			s += " (" + u.Addr + ")"
		}
	case PhaseHandshake:
		s = "no TLS handshake with " + who
	case PhaseSending:
		s = "request not sent to " + who
	case PhaseReading:
		s = "no complete response from " + who
	default:
		s = "no response from " + who
	}
	s += " within " + rounded(u.After).String()
	if u.Seen != nil {
		s += ": " + u.Seen.Error()
	}
	return s
}

// rounded leaves a time span the digits that mean something.
func rounded(d time.Duration) time.Duration {
	if d >= time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// progress is how far an attempt has come. The hooks of httptrace record it.
type progress struct {
	phase Phase
	since time.Time
	host  string
	addr  string
	seen  error
}

func (p *progress) enter(phase Phase) {
	p.phase, p.since = phase, time.Now()
}

// wants records that a connection is needed.
func (p *progress) wants(host string) {
	*p = progress{host: host, seen: p.seen}
	p.enter(PhaseConnecting)
}

// tries records a connection that is being made. The time runs on.
func (p *progress) tries(addr string) { p.phase, p.addr = PhaseConnecting, addr }

// failed records why a connection could not be made. That our own context ended is no
// reason.
func (p *progress) failed(err error) {
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		p.seen = err
	}
}

// unfinished returns what is known at a time.
func (p *progress) unfinished(now time.Time, err error) *Unfinished {
	u := &Unfinished{Phase: p.phase, Host: p.host, Addr: p.addr, After: now.Sub(p.since), Err: err}
	if p.phase <= PhaseConnecting {
		u.Seen = p.seen
	}
	return u
}

// cutOff reports whether an attempt ended because its time was over, or delivery. Where the
// service has answered, that says more.
func cutOff(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	var timeout net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	var response *smithyhttp.ResponseError
	answered := errors.As(err, &response) && response.Response != nil && response.HTTPStatusCode() > 0
	return ctx.Err() != nil && !answered // an HTTP client of the program may hide why it ended
}
