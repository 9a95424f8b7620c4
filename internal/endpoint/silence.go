package endpoint

import (
	"net"
	"net/http"
	"sync/atomic"
)

// Listener wraps the listener of an [http.Server] that serves s, such as one of
// net/http/httptest, so that [Fault.Silent] silences its whole connections. It
// is needed for HTTP/2, where a connection carries many requests; below TLS, it
// is the inner listener:
//
//	ts := httptest.NewUnstartedServer(srv)
//	ts.Listener = srv.Listener(ts.Listener)
//	ts.EnableHTTP2 = true
//	ts.StartTLS()
//
// [NewServer], [Start] and [Open] do it themselves.
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

// conn is a connection that can be silenced: then nothing that is written to it
// is sent, and nothing that arrives is read. It is still watched, so that its
// end is noticed when the client closes it.
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

// CloseWrite lets net/http end a connection without losing an answer that came
// before the whole request was read.
func (c *conn) CloseWrite() error {
	if c.silent.Load() {
		return nil
	}
	return closeWrite(c.Conn)
}

// closeWrite ends what is sent on a connection of a kind that can do that.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// LocalAddr implements [net.Conn]. The address leads a handler to the
// connection, through TLS and HTTP/2, whoever's http.Server it is: net/http puts
// the address into the context of each request.
func (c *conn) LocalAddr() net.Addr { return connAddr{c.Conn.LocalAddr(), c} }

type connAddr struct {
	net.Addr
	conn *conn
}

// silence makes the connection of a request dead, and returns when the client
// has closed it or the server closes. In memory, a request is a connection.
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
