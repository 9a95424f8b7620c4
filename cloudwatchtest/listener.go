package cloudwatchtest

import (
	"fmt"
	"net"
	"sync"
)

// listenOn listens on an address, if it may.
func listenOn(o Options) (net.Listener, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("cloudwatchtest: listen: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() && !o.AllowRemote {
		l.Close()
		return nil, fmt.Errorf("cloudwatchtest: listen: others can reach %s, which needs AllowRemote", o.Addr)
	}
	return l, nil
}

// urlOf is how a program on this machine reaches an address.
func urlOf(l net.Listener) string {
	if at, ok := l.Addr().(*net.TCPAddr); ok && at.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", at.Port)
	}
	return "http://" + l.Addr().String()
}

// boundedListener accepts a connection only while there are fewer than some.
type boundedListener struct {
	net.Listener
	crowded func()        // is told when a connection has to wait
	free    chan struct{} // holds one for each connection
	closed  chan struct{} // closed by Close
	once    sync.Once
}

// Accept implements [net.Listener].
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	default:
		l.crowded()
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

// CloseWrite is for [conn.CloseWrite].
func (c *boundedConn) CloseWrite() error { return closeWrite(c.Conn) }
