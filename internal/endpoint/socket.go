package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// socket is an http.Server on a listener.
type socket struct {
	server http.Server
	served chan struct{} // closed when Serve has returned

	mu      sync.Mutex // guards the fields below
	closing bool
	// fresh holds connections without a request so far. Shutdown would wait seconds for them, and
	// clients often dial one more than they use.
	fresh   map[net.Conn]struct{}
	idle    map[net.Conn]time.Time // idle connections, and since when
	toClose int                    // number of connections to close as soon as they are idle
}

// shutdownTimeout is how long a peer that stops in the middle of a request can delay close.
const shutdownTimeout = 2 * time.Second

// listen serves a listener. maxConnections is Options.MaxConnections.
func listen(l net.Listener, h http.Handler, maxConnections int) *socket {
	k := &socket{served: make(chan struct{}), fresh: make(map[net.Conn]struct{}), idle: make(map[net.Conn]time.Time)}
	if maxConnections > 0 {
		l = &boundedListener{Listener: l, makeRoom: k.makeRoom, free: make(chan struct{}, maxConnections), closed: make(chan struct{})}
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
		k.server.Serve(l) // the error after close is ErrServerClosed
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
		if k.toClose > 0 {
			k.toClose--
			c.Close()
		} else {
			k.idle[c] = time.Now()
		}
	}
}

// makeRoom makes room for a connection: it closes the one that has been idle for longest, or the
// next one that becomes idle.
func (k *socket) makeRoom() {
	k.mu.Lock()
	defer k.mu.Unlock()
	var oldest net.Conn
	for c, since := range k.idle {
		if oldest == nil || since.Before(k.idle[oldest]) {
			oldest = c
		}
	}
	if oldest == nil {
		k.toClose++
		return
	}
	delete(k.idle, oldest)
	oldest.Close()
}

func (k *socket) close() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	// New requests are refused from here on, so a fresh connection has nothing to lose.
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

// ErrAllowRemote is the error of [Open] for an address that other machines can reach.
var ErrAllowRemote = errors.New("other machines can reach the address, which requires AllowRemote")

// listenOn listens on the address of the options, if they allow it.
func listenOn(o Options) (net.Listener, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch endpoint: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() && !o.AllowRemote {
		l.Close()
		return nil, fmt.Errorf("cloudwatch endpoint: listen on %s: %w", o.Addr, ErrAllowRemote)
	}
	return l, nil
}

// urlOf returns the URL of a listener for programs on this machine.
func urlOf(l net.Listener) string {
	if at, ok := l.Addr().(*net.TCPAddr); ok && at.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", at.Port)
	}
	return "http://" + l.Addr().String()
}

// boundedListener limits the number of open connections.
type boundedListener struct {
	net.Listener
	makeRoom func()        // called when a connection has to wait
	free     chan struct{} // holds an element for each open connection
	closed   chan struct{} // closed by Close
	once     sync.Once
}

// Accept implements [net.Listener].
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	default:
		l.makeRoom()
		select {
		case l.free <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &boundedConn{Conn: c, free: l.free}, nil
}

// Close implements [net.Listener].
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type boundedConn struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

// Close implements [net.Conn].
func (c *boundedConn) Close() error {
	c.once.Do(func() { <-c.free })
	return c.Conn.Close()
}

// CloseWrite implements [conn.CloseWrite].
func (c *boundedConn) CloseWrite() error { return closeWrite(c.Conn) }

// guard protects a server with a socket from requests that a web page may have made a browser send.
// It refuses:
//
//   - A Host that does not name this machine. A page can reach the endpoint through its own name
//     that resolves to 127.0.0.1 (DNS rebinding).
//   - A request that the browser marks as coming from another site. There are no CORS headers
//     either.
type guard struct {
	server *Server
	remote bool // admit other machines
	cross  http.CrossOriginProtection
}

// ServeHTTP implements [http.Handler].
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !isLocalHost(r.Host) && !(g.remote && isPrivateHost(r.Host)):
		g.refuse(w, "the Host header does not name this machine")
	case g.cross.Check(r) != nil || r.Header.Get("Sec-Fetch-Site") == "cross-site":
		g.refuse(w, "requests from web pages of other sites are refused")
	default:
		g.server.ServeHTTP(w, r)
	}
}

func (g *guard) refuse(w http.ResponseWriter, why string) {
	failure(newError(http.StatusForbidden, "AccessDeniedException", why)).send(w, g.server.now())
}

// hostName returns the name in a Host header, without the "stream-" or "streaming-" that Live Tail
// clients prefix.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	for _, prefix := range []string{"streaming-", "stream-"} {
		if rest, ok := strings.CutPrefix(host, prefix); ok {
			return rest
		}
	}
	return host
}

func isLocalHost(host string) bool {
	host = hostName(host)
	return host == "localhost" || host == "127.0.0.1" || host == "::1" || strings.HasSuffix(host, ".localhost")
}

// isPrivateHost reports whether a Host cannot be a public web site's.
func isPrivateHost(host string) bool {
	host = hostName(host)
	_, err := netip.ParseAddr(host)
	return err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local")
}

// Listener wraps the listener of an [http.Server] that serves s, so that [Fault.Silent] silences
// whole connections. [Open] uses it.
func (s *Server) Listener(l net.Listener) net.Listener { return silencingListener{l} }

type silencingListener struct{ net.Listener }

// Accept implements [net.Listener].
func (l silencingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn is a connection that can be silenced: data written to it is then discarded, and data that
// arrives is read and discarded, so that the close of the client is noticed.
type conn struct {
	net.Conn
	silent atomic.Bool
}

// Read implements [net.Conn].
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}

// Write implements [net.Conn].
func (c *conn) Write(p []byte) (int, error) {
	if c.silent.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// CloseWrite lets net/http close a connection without losing a response that was sent before the
// whole request was read.
func (c *conn) CloseWrite() error {
	if c.silent.Load() {
		return nil
	}
	return closeWrite(c.Conn)
}

// closeWrite closes the write side of a connection, if its type supports that.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// LocalAddr implements [net.Conn]. net/http puts the address into the context of each request, so
// it leads a handler to the connection, through TLS and HTTP/2, for any http.Server.
func (c *conn) LocalAddr() net.Addr { return connAddr{c.Conn.LocalAddr(), c} }

type connAddr struct {
	net.Addr
	conn *conn
}

// silence silences the connection of a request, and returns when the client has closed it or the
// server closes. In memory, a request is a connection.
func (s *Server) silence(r *http.Request) {
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(connAddr); ok {
		at.conn.silent.Store(true)
		defer at.conn.Close()
	}
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
}
