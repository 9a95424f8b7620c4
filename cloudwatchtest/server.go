package cloudwatchtest

import (
	"context"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Server is a CloudWatch Logs endpoint. Its methods may be called from many
// goroutines. State stays readable after [Server.Close].
type Server struct {
	// URL is the endpoint's address, without a final slash:
	// "http://127.0.0.1:PORT", or "http://cloudwatch.localhost" for New.
	URL string

	store       logstore.Store
	arrivals    arrivals
	tails       tails
	journal     journal
	faults      faults
	quotas      quotas
	clockOffset atomic.Int64 // time.Duration, see SetClockOffset
	client      *http.Client
	buffers     sync.Pool         // *bytes.Buffer, for request bodies
	keys        map[string]string // see Options.Keys; never changed
	done        chan struct{}     // closed when Close begins
	socket      *socket           // nil for New

	mu       sync.Mutex     // guards closed, and Add of underWay against Wait
	closed   bool           // no request may begin
	underWay sync.WaitGroup // requests being handled
}

// TB is what [Start] needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// New returns an endpoint without a socket. It is reached through
// [Server.Config], [Server.Client] or [Server.Transport], and works inside a
// testing/synctest bubble if it is created there.
func New() *Server {
	s := &Server{URL: "http://cloudwatch.localhost", store: logstore.NewMemory(), done: make(chan struct{})}
	s.client = &http.Client{Transport: &transport{server: s}}
	return s
}

// NewServer returns an endpoint that listens on a random port of 127.0.0.1.
// The caller closes it.
func NewServer() (*Server, error) { return Open(Options{}) }

// Open returns an endpoint that listens, like [NewServer], for programs that
// offer it to others. The caller closes it.
func Open(o Options) (*Server, error) {
	l, err := listenOn(o)
	if err != nil {
		return nil, err
	}
	s := New()
	s.URL = urlOf(l)
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	s.keys = maps.Clone(o.Keys)
	s.journal.max = o.MaxRequests
	if o.Store != nil {
		s.store = o.Store
	}
	if o.SweepEvery > 0 {
		s.underWay.Add(1)
		go s.sweep(o)
	}
	s.socket = listen(s.Listener(l), &guard{server: s, remote: o.AllowRemote}, o.MaxConnections)
	return s, nil
}

// Start is [NewServer] for tests: a failure fails the test, and the server is
// closed when the test ends.
func Start(t TB) *Server {
	t.Helper()
	s, err := NewServer()
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Client returns an HTTP client that reaches the endpoint: in memory for
// [New], through a connection pool of its own, which Close empties, for
// [NewServer].
func (s *Server) Client() *http.Client { return s.client }

// Transport returns the transport of [Server.Client].
func (s *Server) Transport() http.RoundTripper { return s.client.Transport }

// Close stops the endpoint. Requests under way are answered, except those a
// fault holds back, whose connections are cut. Sessions of Live Tail end with
// SessionStreamingException. Close returns when no goroutine of the server is
// left. Calling it again does the same and is safe. The error
// is always nil so far.
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
	s.underWay.Wait()
	return nil
}

// begin registers a request. It reports false once the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.underWay.Add(1)
	return true
}

// socket is an http.Server on a listener, and its life.
type socket struct {
	server http.Server
	served chan struct{} // closed when Serve has returned

	mu      sync.Mutex // guards what follows
	closing bool
	// fresh holds connections that have not sent a request yet. Shutdown would
	// wait seconds for them; clients often dial one more than they use.
	fresh map[net.Conn]struct{}
	idle  map[net.Conn]time.Time // since when there is no request on them
	want  int                    // how many have to go when they become idle
}

// A peer that stops half-way through a request may hold up close this long.
const closePatience = 2 * time.Second

// listen serves a listener. maxConnections is Options.MaxConnections.
func listen(l net.Listener, h http.Handler, maxConnections int) *socket {
	k := &socket{served: make(chan struct{}), fresh: make(map[net.Conn]struct{}), idle: make(map[net.Conn]time.Time)}
	if maxConnections > 0 {
		l = &boundedListener{Listener: l, crowded: k.crowded, free: make(chan struct{}, maxConnections), closed: make(chan struct{})}
	}
	k.server = http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         k.track,
	}
	go func() {
		defer close(k.served)
		k.server.Serve(l) // always returns an error; after close it is ErrServerClosed
	}()
	return k
}

func (k *socket) track(c net.Conn, state http.ConnState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.idle, c)
	if state != http.StateNew {
		delete(k.fresh, c)
	}
	switch state {
	case http.StateNew:
		if k.closing {
			c.Close()
		} else {
			k.fresh[c] = struct{}{}
		}
	case http.StateIdle:
		if k.want > 0 {
			k.want--
			c.Close()
		} else {
			k.idle[c] = time.Now()
		}
	}
}

// crowded makes room for a connection: the one that has been idle for longest
// is closed, or the next one that becomes idle.
func (k *socket) crowded() {
	k.mu.Lock()
	defer k.mu.Unlock()
	var oldest net.Conn
	for c, since := range k.idle {
		if oldest == nil || since.Before(k.idle[oldest]) {
			oldest = c
		}
	}
	if oldest == nil {
		k.want++
		return
	}
	delete(k.idle, oldest)
	oldest.Close()
}

func (k *socket) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	// Requests that begin from here on are cut, so a fresh connection has
	// nothing to lose.
	k.mu.Lock()
	k.closing = true
	for c := range k.fresh {
		c.Close()
	}
	k.mu.Unlock()
	if k.server.Shutdown(ctx) != nil {
		k.server.Close()
	}
	<-k.served
}
