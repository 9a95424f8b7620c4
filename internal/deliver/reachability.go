package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// Reach tracks, for all workers of a process, whether the service can be reached: whether it
// answers and whether requests in flight have a connection. Use [NewReach] to make one. It is
// safe for concurrent use.
type Reach struct {
	// Slow, if set before the first request, is called with the start time of a request that has
	// been in flight for SlowAfter while the service has never answered. It must not block.
	Slow      func(started time.Time)
	SlowAfter time.Duration

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change; nil if no caller waits
	answered time.Time     // when the service last accepted a request, or reported a missing group or stream
	last     time.Time     // start of the request that ended last
	failing  time.Time     // see ReachState
	running  map[*attempt]struct{}
}

// evidenceFor is how long a success is evidence that the service is reachable when an intermediary
// refuses another request.
const evidenceFor = 10 * time.Second

// attempt is a request in flight. The mutex of its Reach guards it.
type attempt struct {
	reach    *Reach
	started  time.Time
	progress progress
	fetching int       // nested credential lookups; their connections are not the request's
	dialing  bool      // it has no connection yet and one is being made
	dialed   time.Time // since when
	conn     net.Conn  // its current or last connection
	jumped   bool      // the Date of its response is far from the last trusted one
}

// NewReach returns an empty Reach.
func NewReach() *Reach {
	return &Reach{running: make(map[*attempt]struct{})}
}

// ReachState is a snapshot of a [Reach]. A request fails if the service cannot be reached or
// used; a throttled or refused request does not count as failed.
type ReachState struct {
	Answered time.Time // when the service last accepted a request; zero: never
	Last     time.Time // start of the request that ended last; zero: none
	Failing  time.Time // end of the first request of the current sequence of failures; zero: the last one did not fail
	Dialing  int       // requests in flight that have no connection yet
	Dialed   time.Time // when the last of those began to connect; zero: none
	Waiting  int       // other requests in flight: connected, or not known
}

// State returns a snapshot.
func (r *Reach) State() ReachState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := ReachState{Answered: r.answered, Last: r.last, Failing: r.failing}
	for a := range r.running {
		if a.dialing {
			s.Dialing++
			if a.dialed.After(s.Dialed) {
				s.Dialed = a.dialed
			}
		} else {
			s.Waiting++
		}
	}
	return s
}

// Changed returns a channel that is closed when State may have changed since the call.
func (r *Reach) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// signal wakes all waiters of Changed. The caller must hold the mutex.
func (r *Reach) signal() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

type attemptKey struct{}

// begin records the start of a request, which must use the returned context. end must be called
// with the request's error; it returns the error, with a [StalledError] if the request was
// interrupted.
func (r *Reach) begin(ctx context.Context, retriesMissing bool) (traced context.Context, end func(err error) error) {
	a := &attempt{reach: r, started: time.Now()}
	a.progress.enter(PhaseStarted)
	r.mu.Lock()
	r.running[a] = struct{}{}
	var slow *time.Timer
	if r.Slow != nil && r.answered.IsZero() {
		slow = time.AfterFunc(r.SlowAfter, func() { r.Slow(a.started) })
	}
	r.signal()
	r.mu.Unlock()
	limit := ctx
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, attemptKey{}, a), a.trace())
	return ctx, func(err error) error {
		if slow != nil {
			slow.Stop()
		}
		a.end(err, retriesMissing)
		if err != nil && errors.Is(limit.Err(), context.DeadlineExceeded) {
			a.abandon()
		}
		if !interrupted(limit, err) {
			return err
		}
		return a.stalled(err)
	}
}

// trace returns the hooks that follow the request of an attempt. Requests for credentials are
// ignored.
func (a *attempt) trace() *httptrace.ClientTrace {
	follow := func(change func(p *progress)) {
		a.set(func() {
			if a.fetching == 0 {
				change(&a.progress)
			}
		})
	}
	dial := func(change func(p *progress)) {
		follow(func(p *progress) {
			change(p)
			if !a.dialing {
				a.dialing, a.dialed = true, time.Now()
			}
		})
	}
	connected := func(phase Phase, conn net.Conn) {
		a.set(func() {
			a.dialing = false
			if a.fetching == 0 {
				a.progress.enter(phase)
				a.conn = conn
			}
		})
	}
	return &httptrace.ClientTrace{
		GetConn:      func(host string) { follow(func(p *progress) { p.needsConn(host) }) },
		DNSStart:     func(httptrace.DNSStartInfo) { dial(func(p *progress) { p.phase = PhaseResolving }) },
		DNSDone:      func(i httptrace.DNSDoneInfo) { follow(func(p *progress) { p.connFailed(i.Err) }) },
		ConnectStart: func(_, addr string) { dial(func(p *progress) { p.dialing(addr) }) },
		ConnectDone:  func(_, _ string, err error) { follow(func(p *progress) { p.connFailed(err) }) },
		// The server has answered; on a slow link the certificates take longer than the rest.
		TLSHandshakeStart: func() { connected(PhaseHandshake, nil) },
		GotConn:           func(i httptrace.GotConnInfo) { connected(PhaseSending, i.Conn) },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				follow(func(p *progress) { p.enter(PhaseWaiting) })
			}
		},
		GotFirstResponseByte: func() { follow(func(p *progress) { p.enter(PhaseReading) }) },
	}
}

// abandon closes the connection of a request that timed out: its path may be dead, and HTTP/2
// would use it for all later requests. The TCP connection is closed directly because TLS would
// first try to send close_notify.
func (a *attempt) abandon() {
	a.reach.mu.Lock()
	conn := a.conn
	a.reach.mu.Unlock()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if conn != nil {
		_ = conn.Close() // best effort
	}
}

// attemptOf returns the attempt that a request's context belongs to; nil if there is none.
func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// set changes an attempt under the mutex.
func (a *attempt) set(change func()) {
	a.reach.mu.Lock()
	change()
	a.reach.signal()
	a.reach.mu.Unlock()
}

// Unfinished returns how far the oldest request in flight has come; nil if there is none.
func (r *Reach) Unfinished() *Unfinished {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first *attempt
	for a := range r.running {
		if first == nil || a.started.Before(first.started) {
			first = a
		}
	}
	if first == nil {
		return nil
	}
	return first.progress.stalled(time.Now(), nil)
}

// stalled returns how far an interrupted attempt had come.
func (a *attempt) stalled(err error) error {
	a.reach.mu.Lock()
	defer a.reach.mu.Unlock()
	var credentials *CredentialsError
	if errors.As(err, &credentials) {
		a.progress.phase, a.progress.since = PhaseCredentials, a.started
	}
	return a.progress.stalled(time.Now(), err)
}

func (a *attempt) end(err error, retriesMissing bool) {
	a.set(func() {
		r, now := a.reach, time.Now()
		delete(r.running, a)
		r.last = a.started
		failed := false
		switch c := classify(err); {
		case c == delivered, c == missing && retriesMissing:
			r.answered = now
		case c == foreign: // if other requests have just succeeded, the content of this one is the reason
			failed = now.Sub(r.answered) > evidenceFor
		case c == missing, c == transient, c == environment:
			failed = !exists(err)
		}
		if !failed {
			r.failing = time.Time{}
		} else if r.failing.IsZero() {
			r.failing = now
		}
	})
}

// FetchCredentials marks the request of ctx, if it belongs to a worker, as fetching credentials
// until done is called. Connections made meanwhile are not counted as connections to the service.
func FetchCredentials(ctx context.Context) (done func()) {
	a := attemptOf(ctx)
	if a == nil {
		return func() {}
	}
	a.set(func() {
		if a.fetching++; a.fetching == 1 { // providers may call each other
			a.dialing = false
			a.progress.enter(PhaseCredentials)
		}
	})
	return func() {
		a.set(func() {
			if a.fetching--; a.fetching == 0 {
				a.progress.enter(PhaseStarted)
			}
		})
	}
}
