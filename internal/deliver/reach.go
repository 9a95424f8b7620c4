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

// Reach is what the requests of all workers of a process say about the way to the
// service: whether it answers, and whether the requests under way have a connection. The
// zero value is not ready, see NewReach. It is safe for concurrent use.
type Reach struct {
	// Slow, if set before the first request, is called once a request has been in flight
	// for SlowAfter while the service has never answered, with the time it started. It
	// must not block.
	Slow      func(started time.Time)
	SlowAfter time.Duration

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change; nil if nobody waits for it
	answered time.Time     // when the service last took a request, or said what is missing
	last     time.Time     // when the request started that ended last
	failing  time.Time     // see ReachState
	running  map[*attempt]struct{}
}

// passedFor is how long a request that was taken speaks for the way to the service when
// something on it refuses another one.
const passedFor = 10 * time.Second

// attempt is a request under way. The lock of its Reach guards it.
type attempt struct {
	reach    *Reach
	started  time.Time
	progress progress
	fetching int       // calls that look for credentials, whose connections are not the request's
	dialing  bool      // a connection is being made for it, and there is none yet
	dialed   time.Time // since when
	conn     net.Conn  // the one it has, or had last
	jumped   bool      // the Date of its answer is far from the last one believed
}

// NewReach returns a Reach that knows of no request.
func NewReach() *Reach {
	return &Reach{running: make(map[*attempt]struct{})}
}

// ReachState is a snapshot. A request fails if the service cannot be reached or used;
// one that is throttled or refused does not.
type ReachState struct {
	Answered time.Time // when the service last took a request; zero if it never did
	Last     time.Time // when the request started that ended last; zero if none has
	Failing  time.Time // when the first of those in a row ended that failed; zero if the last one did not
	Dialing  int       // requests under way that have no connection yet
	Dialed   time.Time // when the last one of those began to make one; zero if there is none
	Waiting  int       // other requests under way: they have one, or nothing is known
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

// Changed returns a channel that is closed when State may be another one than after the call.
func (r *Reach) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// signal wakes all that wait for a change. The caller holds the lock.
func (r *Reach) signal() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

type attemptKey struct{}

// begin notes that a request starts, which is to be made with the context it returns.
// end is called with its error, and returns it: with an Unfinished if the request was cut
// off.
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
		if !cutOff(limit, err) {
			return err
		}
		return a.unfinished(err)
	}
}

// trace returns the hooks that follow the request of an attempt. Those of other requests,
// for its credentials, tell nothing.
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
		GetConn:      func(host string) { follow(func(p *progress) { p.wants(host) }) },
		DNSStart:     func(httptrace.DNSStartInfo) { dial(func(p *progress) { p.phase = PhaseResolving }) },
		DNSDone:      func(i httptrace.DNSDoneInfo) { follow(func(p *progress) { p.failed(i.Err) }) },
		ConnectStart: func(_, addr string) { dial(func(p *progress) { p.tries(addr) }) },
		ConnectDone:  func(_, _ string, err error) { follow(func(p *progress) { p.failed(err) }) },
		// Somebody has answered. On a slow line the certificates take longer than the rest.
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

// abandon closes the connection of a request that got no answer in time: its path may be
// dead, and HTTP/2 would use it for every request to come. TLS would first try to say
// goodbye.
func (a *attempt) abandon() {
	a.reach.mu.Lock()
	conn := a.conn
	a.reach.mu.Unlock()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if conn != nil {
		_ = conn.Close() // nothing is expected of it
	}
}

// attemptOf returns the attempt whose request has the context, nil if there is none.
func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// set changes the state of an attempt.
func (a *attempt) set(change func()) {
	a.reach.mu.Lock()
	change()
	a.reach.signal()
	a.reach.mu.Unlock()
}

// Unfinished returns what the request that has been in flight for longest waits for, nil if
// there is none.
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
	return first.progress.unfinished(time.Now(), nil)
}

// unfinished returns how far an attempt had come that was cut off.
func (a *attempt) unfinished(err error) error {
	a.reach.mu.Lock()
	defer a.reach.mu.Unlock()
	var credentials *CredentialsError
	if errors.As(err, &credentials) {
		a.progress.phase, a.progress.since = PhaseCredentials, a.started
	}
	return a.progress.unfinished(time.Now(), err)
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
		case c == foreign: // where others have just passed, it is about what is in the request
			failed = now.Sub(r.answered) > passedFor
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

// FetchCredentials notes that credentials are looked for until done is called: for a
// request of a worker, if the context is that of one. The connections made for that say
// nothing about those to the service.
func FetchCredentials(ctx context.Context) (done func()) {
	a := attemptOf(ctx)
	if a == nil {
		return func() {}
	}
	a.set(func() {
		if a.fetching++; a.fetching == 1 { // a provider may ask another one
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
