package cloudwatchtest

import (
	"net"
	"net/http"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// Server is a CloudWatch Logs endpoint. Its methods may be called concurrently. State stays
// readable after [Server.Close].
type Server struct {
	// URL is the address of the endpoint, without a trailing slash: "http://127.0.0.1:PORT", or
	// "http://cloudwatch.localhost" for [New].
	URL string

	endpoint *endpoint.Server
}

// TB is the part of [testing.TB] that [Start] uses.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Options configure [Open]. The zero value is that of [NewServer].
type Options struct {
	// Addr is the address to listen on, such as "127.0.0.1:4586". "" = a random port of 127.0.0.1.
	// An address that other machines can reach requires AllowRemote.
	Addr string

	// AllowRemote admits requests from other machines. The Host of a request may then also be an IP
	// address, a name without a dot, or a name that ends in ".internal" or ".local". The connection
	// is not encrypted.
	AllowRemote bool

	// Keys are the known access keys: secret access keys by access key ID. A request that is not
	// signed with one of them is refused. nil = signatures are not checked.
	Keys map[string]string

	// MaxConnections is the maximum number of open connections. Others wait until one ends or
	// becomes idle, which closes it. 0 = no limit.
	MaxConnections int

	// MaxRequests is the maximum number of entries in the request log; the newest are kept.
	// 0 = no limit.
	MaxRequests int

	// SweepEvery is the interval at which events are deleted that are beyond the retention of their
	// log group, MaxAge or MaxBytes. 0 = never; MaxAge and MaxBytes then have no effect.
	SweepEvery time.Duration

	// MaxAge is the age at which events are deleted, whatever the retention of their log group.
	// 0 = no limit.
	MaxAge time.Duration

	// MaxBytes is the total size of the events, in bytes, above which the oldest are deleted.
	// 0 = no limit.
	MaxBytes int64
}

// New returns an endpoint without a socket. [Server.Config], [Server.Client] and
// [Server.Transport] reach it in memory. It works inside a [testing/synctest] bubble if it is
// created there.
func New() *Server { return wrap(endpoint.New()) }

// NewServer returns an endpoint that listens on a random port of 127.0.0.1. The caller closes it.
func NewServer() (*Server, error) { return Open(Options{}) }

// Open returns an endpoint that listens as o says. The caller closes it. It fails if it cannot
// listen on the address, or if other machines can reach the address without AllowRemote.
func Open(o Options) (*Server, error) {
	e, err := endpoint.Open(endpoint.Options{
		Addr:           o.Addr,
		AllowRemote:    o.AllowRemote,
		Keys:           o.Keys,
		MaxConnections: o.MaxConnections,
		MaxRequests:    o.MaxRequests,
		SweepEvery:     o.SweepEvery,
		MaxAge:         o.MaxAge,
		MaxBytes:       o.MaxBytes,
	})
	if err != nil {
		return nil, err
	}
	return wrap(e), nil
}

func wrap(e *endpoint.Server) *Server { return &Server{URL: e.URL, endpoint: e} }

// Start is [NewServer] for tests: it fails the test if the endpoint cannot listen, and closes the
// endpoint when the test ends.
func Start(t TB) *Server {
	t.Helper()
	s, err := NewServer()
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Close stops the endpoint and waits until all of its goroutines have ended. Requests in flight
// are answered, except those held back by a [Fault], whose connections are cut. Live Tail sessions
// end with SessionStreamingException. Calling it again is safe. The error is always nil.
func (s *Server) Close() error { return s.endpoint.Close() }

// ServeHTTP handles one request of the AWS JSON 1.1 protocol. It does not check the Host header;
// the socket of [NewServer], [Start] and [Open] does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.endpoint.ServeHTTP(w, r) }

// Listener wraps the listener of an [http.Server] that serves s, such as one of
// [net/http/httptest], so that [Fault.Silent] silences whole connections. HTTP/2 requires it,
// where a connection carries many requests. With TLS, it wraps the inner listener:
//
//	ts := httptest.NewUnstartedServer(srv)
//	ts.Listener = srv.Listener(ts.Listener)
//	ts.EnableHTTP2 = true
//	ts.StartTLS()
//
// [NewServer], [Start] and [Open] wrap their listeners themselves.
func (s *Server) Listener(l net.Listener) net.Listener { return s.endpoint.Listener(l) }

// Client returns an HTTP client that reaches the endpoint: in memory for [New], otherwise through
// its own connection pool, which [Server.Close] empties.
func (s *Server) Client() *http.Client { return s.endpoint.Client() }

// Transport returns the transport of [Server.Client].
func (s *Server) Transport() http.RoundTripper { return s.endpoint.Client().Transport }

// SetClockOffset makes the server's clock run d ahead of time.Now, or behind it if d is negative;
// 0 resets it. The server's clock decides the age of events, retention and the life of paging
// tokens, and it is the source of ingestion times, creation times and the Date header. It may be
// called at any time; stored events keep their times.
//
// [Request.Time] and quotas do not follow it. [Fault.DateOffset] changes the Date header alone.
func (s *Server) SetClockOffset(d time.Duration) { s.endpoint.SetClockOffset(d) }

// SetQuota limits an operation, such as "PutLogEvents", to perSecond requests a second. Requests
// beyond that fail like [Throttled] and have no effect. The quota is a token bucket that holds one
// second's worth of requests; every call of SetQuota fills it. perSecond <= 0 removes the quota. A
// new server has none.
//
// A request counts when it is handled, after the delay of a [Fault], whether it then succeeds or
// fails. Requests that a fault answers or drops before do not count, and neither do the methods
// that prepare state, such as [Server.CreateLogGroup].
func (s *Server) SetQuota(operation string, perSecond int) {
	s.endpoint.SetQuota(operation, perSecond)
}

// SetDefaultQuotas sets the default quotas of an AWS account, for every emulated operation with a
// documented one. Where regions differ (GetLogEvents and FilterLogEvents) it uses the value for
// regions that the documents do not name. Source: user guide, "CloudWatch Logs quotas".
func (s *Server) SetDefaultQuotas() { s.endpoint.SetDefaultQuotas() }

// Supports reports whether the endpoint emulates an operation, such as "PutLogEvents".
func Supports(operation string) bool { return endpoint.Supports(operation) }
