package access

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Limits for connections of the SDK's own HTTP client.
const (
	// Pings detect a connection whose packets are silently dropped. Without them HTTP/2
	// would use it for every later request.
	pingAfter   = 10 * time.Second // without a frame received
	pingTimeout = 5 * time.Second
	// maxHeaderBytes bounds the headers of a response; the service sends less than 1 KiB.
	maxHeaderBytes = 64 << 10
)

// connections tracks the open connections to the service, so that [Client.Close] can close them.
// Connections for credentials are closed after each response, see load. The zero value is ready.
type connections struct {
	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

// client returns a copy of the SDK's HTTP client whose connections are tracked. Any other HTTP
// client belongs to the program and is returned unchanged.
func (c *connections) client(of aws.HTTPClient) aws.HTTPClient {
	buildable, ok := of.(*awshttp.BuildableClient)
	if !ok {
		return of
	}
	return buildable.WithTransportOptions(func(t *http.Transport) {
		if dial := t.DialContext; dial != nil {
			t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				return c.add(dial(ctx, network, addr))
			}
		}
		if t.HTTP2 == nil {
			t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
		}
		if t.MaxResponseHeaderBytes == 0 {
			t.MaxResponseHeaderBytes = maxHeaderBytes
		}
	})
}

func (c *connections) add(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	added := &connection{Conn: conn, of: c, used: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	if c.open == nil {
		c.open = make(map[*connection]struct{})
	}
	c.open[added] = struct{}{}
	return added, nil
}

// close closes all connections and makes every later dial fail.
func (c *connections) close() {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		conn.end()
	}
}

// connection removes itself from the list when it is closed.
//
// Nothing is read from it before the first Write. net/http would print bytes that arrive before its
// request, such as the banner of an SSH server, with package log: to standard error, or into the
// handler after slog.SetDefault. As the response to the request, they become an error with a cause.
type connection struct {
	net.Conn
	of   *connections
	used chan struct{} // closed by the first Write, and at the end
	once sync.Once     // closes used
}

func (c *connection) Read(p []byte) (int, error) {
	<-c.used
	return c.Conn.Read(p)
}

func (c *connection) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.used) })
	return c.Conn.Write(p)
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.end()
}

// end closes the connection, which is no longer in the list.
func (c *connection) end() error {
	c.once.Do(func() { close(c.used) })
	return c.Conn.Close()
}
