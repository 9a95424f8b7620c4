// Package endpoint is the CloudWatch Logs endpoint behind package cloudwatchtest and the command
// "cloudwatch serve". It implements the documented rules of the service: names, sizes, order,
// ages, paging, quotas, and the wording of the errors.
//
// Each operation is a type with the parameters of its request (see operation). The comment on the
// type lists where the AWS documents leave room and what is not emulated. Package
// [github.com/cloudwatch-go/cloudwatch/internal/endpoint/conformance] checks the rules with the SDK's
// client. State is in a [logstore.Store].
package endpoint

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Server is a CloudWatch Logs endpoint. Its methods may be called concurrently. State stays
// readable after [Server.Close].
type Server struct {
	// URL is the address of the endpoint, without a trailing slash: "http://127.0.0.1:PORT", or
	// "http://cloudwatch.localhost" for [New].
	URL string

	store       logstore.Store
	arrivals    arrivals
	sessions    sessionCount
	requestLog  requestLog
	faults      faults
	quotas      quotas
	clockOffset atomic.Int64 // time.Duration, see SetClockOffset
	client      *http.Client
	buffers     sync.Pool         // *bytes.Buffer, for request bodies
	keys        map[string]string // Options.Keys; read-only
	done        chan struct{}     // closed when Close begins
	socket      *socket           // nil for New

	mu       sync.Mutex     // guards closed, and orders inFlight.Add before inFlight.Wait
	closed   bool           // no new request may begin
	inFlight sync.WaitGroup // requests being handled, and the sweep
}

// Options configure [Open]. The zero value listens on a random port of 127.0.0.1 and keeps
// everything in memory.
type Options struct {
	// Addr is the address to listen on; "" = a random port of 127.0.0.1. An address that other
	// machines can reach requires AllowRemote.
	Addr string

	// AllowRemote admits requests from other machines.
	AllowRemote bool

	// Keys are the known access keys: secret access keys by access key ID. nil = signatures are
	// not checked.
	Keys map[string]string

	// MaxConnections is the maximum number of open connections. 0 = no limit.
	MaxConnections int

	// MaxRequests is the maximum number of entries in the request log; the newest are kept.
	// 0 = no limit.
	MaxRequests int

	// SweepEvery is the interval at which events beyond retention, MaxAge and MaxBytes are
	// deleted. 0 = never.
	SweepEvery time.Duration

	// MaxAge is the age at which events are deleted, whatever the retention of their log group.
	// 0 = no limit.
	MaxAge time.Duration

	// MaxBytes is the store size, in bytes, above which the oldest events are deleted.
	// 0 = no limit.
	MaxBytes int64

	// Store holds log groups, log streams and events; nil = in memory. The caller closes it after
	// the server.
	Store logstore.Store
}

// New returns an endpoint without a socket, reached through [Server.Client].
func New() *Server {
	s := &Server{URL: "http://cloudwatch.localhost", store: logstore.NewMemory(), done: make(chan struct{})}
	s.client = &http.Client{Transport: &transport{server: s}}
	return s
}

// Open returns an endpoint that listens on a socket. The caller closes it.
func Open(o Options) (*Server, error) {
	l, err := listenOn(o)
	if err != nil {
		return nil, err
	}
	s := New()
	s.URL = urlOf(l)
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	s.keys = maps.Clone(o.Keys)
	s.requestLog.max = o.MaxRequests
	if o.Store != nil {
		s.store = o.Store
	}
	if o.SweepEvery > 0 {
		s.inFlight.Add(1)
		go s.sweep(o)
	}
	s.socket = listen(s.Listener(l), &guard{server: s, remote: o.AllowRemote}, o.MaxConnections)
	return s, nil
}

// Client returns an HTTP client that reaches the endpoint: in memory for [New], through its own
// connection pool, which Close empties, for [Open].
func (s *Server) Client() *http.Client { return s.client }

// Store returns the store of the endpoint.
func (s *Server) Store() logstore.Store { return s.store }

// Listens reports whether the endpoint has a socket.
func (s *Server) Listens() bool { return s.socket != nil }

// Done returns a channel that is closed when Close begins.
func (s *Server) Done() <-chan struct{} { return s.done }

// Close stops the endpoint and waits until all of its goroutines have ended. Requests in flight
// are answered, except those held back by a fault, whose connections are cut. Live Tail sessions
// end with SessionStreamingException. Calling it again is safe. The error is always nil.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	if s.socket != nil {
		s.socket.close()
		s.client.CloseIdleConnections()
	}
	s.inFlight.Wait()
	return nil
}

// begin registers a request. It returns false once the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.inFlight.Add(1)
	return true
}

// SetClockOffset makes the server's clock run d ahead of time.Now, or behind it if d is negative.
// [Request.Time] and quotas do not follow it.
func (s *Server) SetClockOffset(d time.Duration) { s.clockOffset.Store(int64(d)) }

// now returns the time of the server's clock.
func (s *Server) now() time.Time {
	return time.Now().Add(time.Duration(s.clockOffset.Load()))
}

// sweepLimit is the number of events deleted at once, so that requests do not wait long for a
// sweep.
const sweepLimit = 5000

// sweep deletes expired events periodically until the server closes. Errors are retried at the next
// sweep.
func (s *Server) sweep(o Options) {
	defer s.inFlight.Done()
	tick := time.NewTicker(o.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sweepOnce(o)
		case <-s.done:
			return
		}
	}
}

func (s *Server) sweepOnce(o Options) {
	c := s.call(context.Background(), DefaultRegion)
	_ = c.eachGroup("", "", func(g logstore.Group) bool {
		before := cutoff(g, c.now)
		if o.MaxAge > 0 {
			before = max(before, c.now-o.MaxAge.Milliseconds())
		}
		for before > 0 {
			if n, err := s.store.Expire(g.Name, before, sweepLimit); err != nil || n < sweepLimit {
				break
			}
			if s.isDone() {
				return false
			}
		}
		return !s.isDone()
	})
	for o.MaxBytes > 0 && !s.isDone() {
		if n, err := s.store.Trim(o.MaxBytes, sweepLimit); err != nil || n == 0 {
			break
		}
	}
}

// isDone reports whether Close has begun.
func (s *Server) isDone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
