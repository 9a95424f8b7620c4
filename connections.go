package cloudwatch

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Limits of the connections that the SDK's own HTTP client makes for us.
const (
	// A path that dies in silence is noticed by pings. Without them HTTP/2 would use its
	// connection for every request to come.
	pingAfter   = 10 * time.Second // without a sign of life
	pingTimeout = 5 * time.Second
	// maxHeaderBytes bounds the headers of an answer; those of the service have less than
	// a kilobyte.
	maxHeaderBytes = 64 << 10
)

// connections are those that were made to the service for one handler, so that its end can
// close them. Those for credentials are closed one by one, see load. The zero value is ready.
type connections struct {
	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

// client returns an HTTP client that does the same. One that is not the SDK's own belongs
// to the program, and stays as it is.
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
	added := &connection{conn, c}
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

// close closes all of them. None is made after that.
func (c *connections) close() {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		conn.Conn.Close()
	}
}

// connection is one that its own Close takes from the list.
type connection struct {
	net.Conn
	of *connections
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
