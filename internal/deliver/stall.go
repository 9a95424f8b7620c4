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

// The phases, in order. An attempt stays in PhaseStarted if the HTTP client does not call
// httptrace.
const (
	PhaseStarted     Phase = iota // nothing is known
	PhaseCredentials              // fetching credentials
	PhaseResolving                // resolving the host name
	PhaseConnecting               // connecting
	PhaseHandshake                // TLS handshake
	PhaseSending                  // connected, sending the request
	PhaseWaiting                  // request sent, waiting for the response
	PhaseReading                  // reading the response
)

// Unfinished describes how far an attempt had come when it was interrupted, or has come by now.
// The error of every interrupted attempt wraps one.
type Unfinished struct {
	Phase Phase
	Host  string        // host:port of the service or the proxy; "" if not known
	Addr  string        // IP address and port tried last; "" if not known
	After time.Duration // since the phase began
	Seen  error         // why an earlier connection of the attempt failed; nil if none did
	Err   error         // error of the SDK; nil while the attempt is in flight
}

// Unwrap returns the error of the SDK.
func (u *Unfinished) Unwrap() error { return u.Err }

// Error says what did not complete, and within which time.
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

// rounded rounds d to the digits that matter to a reader.
func rounded(d time.Duration) time.Duration {
	if d >= time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// progress is how far an attempt has come, as recorded by the hooks of httptrace.
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

// needsConn records that a connection is needed.
func (p *progress) needsConn(host string) {
	*p = progress{host: host, seen: p.seen}
	p.enter(PhaseConnecting)
}

// dialing records a dialed address. It does not restart the phase's time.
func (p *progress) dialing(addr string) { p.phase, p.addr = PhaseConnecting, addr }

// connFailed records why a connection failed. The end of our own context is not a reason.
func (p *progress) connFailed(err error) {
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		p.seen = err
	}
}

// stalled returns the state at the time now.
func (p *progress) stalled(now time.Time, err error) *Unfinished {
	u := &Unfinished{Phase: p.phase, Host: p.host, Addr: p.addr, After: now.Sub(p.since), Err: err}
	if p.phase <= PhaseConnecting {
		u.Seen = p.seen
	}
	return u
}

// interrupted reports whether an attempt ended because of its deadline or the end of delivery. If
// the service has answered, its answer matters more.
func interrupted(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	var timeout net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	var response *smithyhttp.ResponseError
	answered := errors.As(err, &response) && response.Response != nil && response.HTTPStatusCode() > 0
	return ctx.Err() != nil && !answered // the program's HTTP client may hide the reason
}
