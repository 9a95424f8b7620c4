package endpoint

import (
	"net"
	"net/http"
	"sync/atomic"
)

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
